// The look: tetsu (the blue-green of cast iron) for what can be acted on, ember for what is hot
// right now, iron greys for the rest. Contrast fixes are those that axe asked for.
import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from "@mantine/core";

const tetsu: MantineColorsTuple = [
  "#eaf5f6",
  "#d6e8ea",
  "#aed1d5",
  "#84b9bf",
  "#61a3aa",
  "#48949c",
  "#37858d",
  "#236a72",
  "#17565d",
  "#0b4148",
];
const ember: MantineColorsTuple = [
  "#fff1ea",
  "#fde0d2",
  "#f9bfa4",
  "#f59b72",
  "#f17c49",
  "#ef682f",
  "#e25a20",
  "#b8430f",
  "#96360b",
  "#752806",
];
const iron: MantineColorsTuple = [
  "#f6f8f8",
  "#eef1f1",
  "#e0e5e6",
  "#ced5d6",
  "#b3bdbf",
  "#8c989b",
  "#6a777a",
  "#4e5a5d",
  "#333d40",
  "#1d2527",
];
const amber: MantineColorsTuple = [
  "#fdf6e4",
  "#f8eaca",
  "#efd597",
  "#e6bf60",
  "#dcab34",
  "#cc9820",
  "#a97b12",
  "#8a630b",
  "#724f07",
  "#5c3f04",
];
const dark: MantineColorsTuple = [
  "#d9dfe0",
  "#b9c3c5",
  "#94a1a4",
  "#6b7a7e",
  "#465357",
  "#333f43",
  "#263135",
  "#192124",
  "#12191b",
  "#0b1012",
];

// A dialog's head would be announced as a second banner of the page.
const DIALOG_PARTS = { header: { role: "presentation" } };

export const theme = createTheme({
  colors: { tetsu, ember, yellow: amber, gray: iron, dark },
  primaryColor: "tetsu",
  primaryShade: 7,
  autoContrast: true,
  respectReducedMotion: true,
  black: "#172023",
  defaultRadius: 6,
  cursorType: "pointer",
  fontFamily:
    'ui-sans-serif, -apple-system, "Segoe UI", "Noto Sans", "DejaVu Sans", Roboto, Helvetica, Arial, sans-serif',
  fontFamilyMonospace:
    'ui-monospace, "SF Mono", "Cascadia Code", "JetBrains Mono", Menlo, "DejaVu Sans Mono", monospace',
  fontSizes: { xs: "0.75rem", sm: "0.8125rem", md: "0.875rem", lg: "1rem", xl: "1.125rem" },
  headings: {
    fontWeight: "650",
    sizes: {
      h1: { fontSize: "1.375rem", lineHeight: "1.25" },
      h2: { fontSize: "1rem", lineHeight: "1.35" },
      h3: { fontSize: "0.875rem", lineHeight: "1.4" },
    },
  },
  // Plain objects: naming a component by its import would put it into the first load.
  components: {
    ActionIcon: { defaultProps: { variant: "subtle", color: "gray" } },
    Alert: { defaultProps: { closeButtonLabel: "Dismiss" } },
    Button: { defaultProps: { size: "sm" } },
    Drawer: {
      defaultProps: { closeButtonProps: { "aria-label": "Close" }, attributes: DIALOG_PARTS },
    },
    Modal: {
      defaultProps: {
        closeButtonProps: { "aria-label": "Close" },
        attributes: DIALOG_PARTS,
        overlayProps: { backgroundOpacity: 0.45 },
      },
    },
    Notification: { defaultProps: { closeButtonProps: { "aria-label": "Close" } } },
    Badge: { defaultProps: { tt: "none" } },
    Table: { defaultProps: { verticalSpacing: 8, highlightOnHover: true } },
    Tooltip: {
      defaultProps: { openDelay: 300, events: { hover: true, focus: true, touch: false } },
    },
  },
});

const NAMED_COLORS = ["tetsu", "ember", "gray", "red", "green", "yellow", "blue", "orange"];

/** Quiet fills (badges, alerts) and the text on them: a tint of the colour over whatever is below. */
function quietFills(tint: number, text: number, strength: number): Record<string, string> {
  return Object.fromEntries(
    NAMED_COLORS.flatMap((name) => {
      const color = `var(--mantine-color-${name}-${tint})`;
      return [
        [`--mantine-color-${name}-light`, `color-mix(in srgb, ${color} ${strength}%, transparent)`],
        [
          `--mantine-color-${name}-light-hover`,
          `color-mix(in srgb, ${color} ${strength + 6}%, transparent)`,
        ],
        [`--mantine-color-${name}-light-color`, `var(--mantine-color-${name}-${text})`],
      ];
    }),
  );
}

export const cssVariablesResolver: CSSVariablesResolver = () => ({
  variables: { "--teppan-header-height": "48px" },
  light: {
    ...quietFills(6, 9, 13),
    "--mantine-color-body": "#ffffff",
    "--mantine-color-dimmed": "var(--mantine-color-gray-7)",
    "--mantine-color-placeholder": "var(--mantine-color-gray-7)",
    "--mantine-color-error": "var(--mantine-color-red-9)",
    "--mantine-color-anchor": "var(--mantine-color-tetsu-8)",
    "--teppan-surface": "var(--mantine-color-gray-0)",
    "--teppan-line": "var(--mantine-color-gray-2)",
    "--teppan-bar": "var(--mantine-color-tetsu-6)",
    "--teppan-hover": "var(--mantine-color-gray-1)",
    "--teppan-selected": "var(--mantine-color-tetsu-0)",
  },
  dark: {
    ...quietFills(5, 2, 20),
    "--mantine-color-body": "var(--mantine-color-dark-8)",
    "--mantine-color-dimmed": "var(--mantine-color-dark-1)",
    "--mantine-color-placeholder": "var(--mantine-color-dark-2)",
    "--mantine-color-error": "var(--mantine-color-red-4)",
    "--mantine-color-anchor": "var(--mantine-color-tetsu-3)",
    "--teppan-surface": "var(--mantine-color-dark-7)",
    "--teppan-line": "var(--mantine-color-dark-6)",
    "--teppan-bar": "var(--mantine-color-tetsu-5)",
    "--teppan-hover": "var(--mantine-color-dark-6)",
    "--teppan-selected": "color-mix(in srgb, var(--mantine-color-tetsu-9) 55%, transparent)",
  },
});
