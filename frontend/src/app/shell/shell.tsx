// The frame of every screen: bar, navigation, and the keyboard.
import { AppShell, Box } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Outlet, useLocation } from "@tanstack/react-router";
import { lazy, Suspense, useEffect } from "react";
import { OfflineBanner } from "./offline-banner";
import classes from "./shell.module.css";
import { ShortcutSheet } from "./shortcut-sheet";
import { SideNav } from "./side-nav";
import { TopBar } from "./top-bar";
import { useGlobalKeys } from "./use-global-keys";

const Palette = lazy(() => import("./palette"));

const NAVBAR_WIDTH = 212;

export function Shell() {
  const [isNavOpen, nav] = useDisclosure(false);
  const [isSheetOpen, sheet] = useDisclosure(false);
  const { pathname } = useLocation();
  useGlobalKeys({ onHelp: sheet.open });
  // biome-ignore lint/correctness/useExhaustiveDependencies: going somewhere closes the menu
  useEffect(() => nav.close(), [pathname]);
  return (
    <AppShell
      header={{ height: 48 }}
      navbar={{ width: NAVBAR_WIDTH, breakpoint: "sm", collapsed: { mobile: !isNavOpen } }}
      padding={{ base: "md", md: "xl" }}
    >
      <a href="#content" className={classes.skip}>
        Skip to content
      </a>
      <AppShell.Header className={classes.bar}>
        <TopBar isNavOpen={isNavOpen} onToggleNav={nav.toggle} onHelp={sheet.open} />
      </AppShell.Header>
      <AppShell.Navbar className={classes.side}>
        <SideNav />
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1} className={classes.main}>
        <OfflineBanner />
        <Box className={classes.page}>
          <Outlet />
        </Box>
      </AppShell.Main>
      <Suspense>
        <Palette />
      </Suspense>
      <ShortcutSheet isOpen={isSheetOpen} onClose={sheet.close} />
    </AppShell>
  );
}
