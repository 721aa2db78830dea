// Light or dark as it is on screen now, whatever the choice or the system says.
import { useComputedColorScheme } from "@mantine/core";

export function useColorSchemeNow(): "light" | "dark" {
  return useComputedColorScheme("light", { getInitialValueInEffect: false });
}
