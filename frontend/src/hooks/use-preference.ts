// Preferences of this browser; nothing of the account and nothing secret.
import { useLocalStorage } from "@mantine/hooks";

const DEFAULTS = {
  "time-zone": "local" as "local" | "utc",
  shortcuts: "on" as "on" | "off",
  "checklist-hidden": "no" as "no" | "yes",
};

type Preferences = typeof DEFAULTS;

/** Returns a preference and its setter; all tabs agree. */
export function usePreference<K extends keyof Preferences>(name: K) {
  return useLocalStorage<Preferences[K]>({
    key: `teppan-${name}`,
    defaultValue: DEFAULTS[name],
    getInitialValueInEffect: false,
  });
}
