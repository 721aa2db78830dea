// Where the choice of light or dark is kept; public/color-scheme.js reads the same key before paint.
import { localStorageColorSchemeManager } from "@mantine/core";

export const colorSchemeManager = localStorageColorSchemeManager({ key: "teppan-color-scheme" });
