// The frame of every screen: bar, navigation, and the keyboard.
import { useDisclosure, useHotkeys } from "@mantine/hooks";
import { Outlet, useLocation } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useState } from "react";
import { AccountCorner } from "./account-corner";
import { OfflineBanner } from "./offline-banner";
import classes from "./shell.module.css";
import { SideNav } from "./side-nav";
import { TopBar } from "./top-bar";
import { useGlobalKeys } from "./use-global-keys";

const Palette = lazy(() => import("./palette"));
const ShortcutSheet = lazy(() => import("./shortcut-sheet"));

export function Shell() {
  const [isNavOpen, nav] = useDisclosure(false);
  const [isSheetOpen, sheet] = useDisclosure(false);
  const [paletteCalls, setPaletteCalls] = useState(0);
  const openPalette = () => setPaletteCalls((calls) => calls + 1);
  const { pathname } = useLocation();
  useGlobalKeys({ onHelp: sheet.open });
  useHotkeys([["mod+K", openPalette]], []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: going somewhere closes the menu
  useEffect(() => nav.close(), [pathname]);
  return (
    <div className={classes.shell}>
      <a href="#content" className={classes.skip}>
        Skip to content
      </a>
      <header className={classes.bar}>
        <TopBar
          isNavOpen={isNavOpen}
          onToggleNav={nav.toggle}
          onHelp={sheet.open}
          onPalette={openPalette}
        />
      </header>
      <div className={classes.side} data-open={isNavOpen || undefined}>
        <SideNav />
        <AccountCorner />
      </div>
      <main id="content" tabIndex={-1} className={classes.main}>
        <div className={classes.page}>
          <OfflineBanner />
          <Outlet />
        </div>
      </main>
      <Suspense>
        {paletteCalls > 0 && <Palette calls={paletteCalls} />}
        {isSheetOpen && <ShortcutSheet onClose={sheet.close} />}
      </Suspense>
    </div>
  );
}
