// Keyboard commands: single keys and `g then letter`. Silent inside fields, with modifiers held, while
// a dialog is open, and when the person has switched shortcuts off.
import { useEffect, useEffectEvent } from "react";
import { usePreference } from "./use-preference";

export type KeyCommands = Record<string, () => void>;

// Long enough for a slow second key, short enough that a forgotten G does nothing later.
const SEQUENCE_MILLISECONDS = 1_200;
const TYPING = "input, textarea, select, [contenteditable=true], [role=combobox], [role=menu]";

/** Binds keys such as `c`, `?`, `/` and sequences such as `g p`. */
export function useKeySequences(commands: KeyCommands): void {
  const [shortcuts] = usePreference("shortcuts");
  const run = useEffectEvent((keys: string) => {
    const command = commands[keys];
    command?.();
    return command !== undefined;
  });
  useEffect(() => {
    if (shortcuts === "off") return;
    let prefix = "";
    let pressedAt = 0;
    function onKeyDown(event: KeyboardEvent): void {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      const isSequence = prefix !== "" && event.timeStamp - pressedAt < SEQUENCE_MILLISECONDS;
      const keys = isSequence ? `${prefix} ${event.key}` : event.key;
      prefix = !isSequence && event.key === "g" ? "g" : "";
      pressedAt = event.timeStamp;
      if (run(keys)) event.preventDefault();
    }
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, [shortcuts]);
}

function isTyping(target: EventTarget | null): boolean {
  if (document.querySelector("[role=dialog][aria-modal=true]")) return true;
  return target instanceof Element && target.closest(TYPING) !== null;
}
