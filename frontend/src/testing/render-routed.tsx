// Renders a component at an address, for what links or navigates.
import {
  createMemoryHistory,
  createRootRoute,
  createRoute,
  createRouter,
  RouterProvider,
} from "@tanstack/react-router";
import type { ReactNode } from "react";
import { renderScreen } from "./render";

/** Draws the element whatever the address is; the router tells where it led. */
export function renderRouted(draw: () => ReactNode, address = "/") {
  const root = createRootRoute();
  const any = createRoute({ getParentRoute: () => root, path: "$", component: draw });
  const index = createRoute({ getParentRoute: () => root, path: "/", component: draw });
  const history = createMemoryHistory({ initialEntries: [address] });
  const router = createRouter({ routeTree: root.addChildren([index, any]), history });
  return { router, ...renderScreen(<RouterProvider router={router as never} />) };
}
