// The API as tests see it: msw answers at the network's edge, everything above it is real.
import { setupServer } from "msw/node";

export const server = setupServer();

/** Turns a path into the address that the client under test calls. */
export function at(path: string): string {
  return new URL(path, "http://teppan.test").href;
}
