// The bar on top: mark, palette, help, colours.
import { ActionIcon, Burger, Tooltip, UnstyledButton, useMantineColorScheme } from "@mantine/core";
import { IconKeyboard, IconMoon, IconSearch, IconSun } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { Wordmark } from "@/components/brand";
import classes from "./shell.module.css";
import { useColorSchemeNow } from "./use-color-scheme-now";

interface TopBarProps {
  isNavOpen: boolean;
  onToggleNav: () => void;
  onHelp: () => void;
  onPalette: () => void;
}

export function TopBar({ isNavOpen, onToggleNav, onHelp, onPalette }: TopBarProps) {
  return (
    <>
      <Burger
        opened={isNavOpen}
        onClick={onToggleNav}
        hiddenFrom="sm"
        size="sm"
        aria-label={isNavOpen ? "Close navigation" : "Open navigation"}
      />
      <Link to="/projects" className={classes.home} aria-label="Teppan, to projects">
        <Wordmark />
      </Link>
      <UnstyledButton
        className={classes.search}
        onClick={onPalette}
        aria-label="Search and commands"
      >
        <IconSearch size={15} aria-hidden="true" />
        <span>Go to or do…</span>
        <kbd>Ctrl K</kbd>
      </UnstyledButton>
      <Tooltip label="Keyboard shortcuts">
        <ActionIcon aria-label="Keyboard shortcuts" onClick={onHelp} visibleFrom="sm">
          <IconKeyboard size={18} />
        </ActionIcon>
      </Tooltip>
      <ColorSchemeButton />
    </>
  );
}

function ColorSchemeButton() {
  const { setColorScheme } = useMantineColorScheme({ keepTransitions: true });
  const isDark = useColorSchemeNow() === "dark";
  const label = isDark ? "Use light colours" : "Use dark colours";
  return (
    <Tooltip label={label}>
      <ActionIcon aria-label={label} onClick={() => setColorScheme(isDark ? "light" : "dark")}>
        {isDark ? <IconSun size={18} /> : <IconMoon size={18} />}
      </ActionIcon>
    </Tooltip>
  );
}
