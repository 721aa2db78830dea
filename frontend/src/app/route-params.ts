// Numbers in addresses; anything else there is an address that does not exist.
import { notFound } from "@tanstack/react-router";

const ID = /^[1-9]\d{0,15}$/;

/** Returns the reader and writer of one numeric path parameter. */
export function idParam<const N extends string>(name: N) {
  return {
    parse: (raw: Record<N, string>) => {
      if (!ID.test(raw[name])) throw notFound();
      return { [name]: Number(raw[name]) } as Record<N, number>;
    },
    stringify: (values: Record<N, number>) =>
      ({ [name]: String(values[name]) }) as Record<N, string>,
  };
}
