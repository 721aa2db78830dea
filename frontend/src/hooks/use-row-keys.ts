// J and K walk over the rows of a list; Enter follows the row's main link by itself.
import { useRef } from "react";
import { useKeySequences } from "./use-key-sequences";

/** Returns a ref for the element that holds the rows; each row's first link is its stop. */
export function useRowKeys() {
  const list = useRef<HTMLDivElement>(null);
  function move(step: number): void {
    const rows = [...(list.current?.querySelectorAll<HTMLElement>("tbody tr a") ?? [])];
    const at = rows.indexOf(document.activeElement as HTMLElement);
    const next = rows[Math.min(rows.length - 1, Math.max(0, at + step))];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
  }
  useKeySequences({ j: () => move(1), k: () => move(-1) });
  return list;
}
