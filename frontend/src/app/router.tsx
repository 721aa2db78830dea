// The map of the dashboard: every address, what it loads, and who may enter.
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { openSession } from "@/api/access";
import { registrationQuery } from "@/api/accounts";
import { sessionState } from "@/api/session";
import { readJobSearch } from "@/features/jobs/job-search";
import { readPostSearch } from "@/features/posts/post-search";
import { readDeliverySearch, readEndpointSearch } from "@/features/webhooks/webhook-search";
import {
  choiceParam,
  parseSearch,
  searchReader,
  stringifySearch,
  textParam,
} from "@/lib/search-params";
import { CrashPage, NotFoundPage } from "./pages/outcome-pages";
import { queryClient } from "./query-client";
import { idParam } from "./route-params";

const webhooksPages = () => import("./pages/webhooks-pages");

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFoundPage });

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: searchReader({ next: textParam(2000) }),
  beforeLoad: leaveWhenSignedIn,
  component: lazyRouteComponent(() => import("./pages/auth-pages"), "LoginPage"),
});

const setup = createRoute({
  getParentRoute: () => root,
  path: "/setup",
  beforeLoad: leaveWhenSignedIn,
  component: lazyRouteComponent(() => import("./pages/auth-pages"), "SetupPage"),
});

const house = createRoute({
  getParentRoute: () => root,
  id: "house",
  beforeLoad: async ({ location }) => {
    if (await openSession()) return;
    const asked = queryClient.fetchQuery({ ...registrationQuery, staleTime: 0 });
    const registration = await asked.catch(() => null);
    if (registration?.open && registration.first) throw redirect({ to: "/setup" });
    throw redirect({
      to: "/login",
      search: { next: location.href === "/" ? undefined : location.href },
    });
  },
  component: lazyRouteComponent(() => import("./shell/shell"), "Shell"),
});

const home = createRoute({
  getParentRoute: () => house,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/projects" });
  },
});

const projects = createRoute({
  getParentRoute: () => house,
  path: "/projects",
  validateSearch: searchReader({ q: textParam(), new: choiceParam(["project"]) }),
  component: lazyRouteComponent(() => import("./pages/projects-page"), "ProjectsRoute"),
});

const jobs = createRoute({
  getParentRoute: () => house,
  path: "/jobs",
  validateSearch: readJobSearch,
  component: lazyRouteComponent(() => import("./pages/run-pages"), "AllRunsRoute"),
});

const job = createRoute({
  getParentRoute: () => house,
  path: "/jobs/$jobId",
  params: idParam("jobId"),
  component: lazyRouteComponent(() => import("./pages/run-pages"), "JobRoute"),
});

// The address that this list had before.
const runs = createRoute({
  getParentRoute: () => house,
  path: "/runs",
  validateSearch: readJobSearch,
  beforeLoad: ({ search }) => {
    throw redirect({ to: "/jobs", search });
  },
});

const sources = createRoute({
  getParentRoute: () => house,
  path: "/settings/sources",
  component: lazyRouteComponent(() => import("./pages/sources-page"), "SourcesRoute"),
});

const endpoints = createRoute({
  getParentRoute: () => house,
  path: "/webhooks",
  validateSearch: searchReader({ cursor: textParam(500), new: choiceParam(["endpoint"]) }),
  component: lazyRouteComponent(webhooksPages, "EndpointsRoute"),
});

const deliveries = createRoute({
  getParentRoute: () => house,
  path: "/webhooks/deliveries",
  validateSearch: readDeliverySearch,
  component: lazyRouteComponent(webhooksPages, "DeliveriesRoute"),
});

const events = createRoute({
  getParentRoute: () => house,
  path: "/webhooks/events",
  validateSearch: searchReader({ type: textParam(64) }),
  component: lazyRouteComponent(webhooksPages, "EventsRoute"),
});

const endpoint = createRoute({
  getParentRoute: () => house,
  path: "/webhooks/$endpointId",
  params: idParam("endpointId"),
  validateSearch: readEndpointSearch,
  component: lazyRouteComponent(webhooksPages, "EndpointRoute"),
});

const project = createRoute({
  getParentRoute: () => house,
  path: "/projects/$projectId",
  params: idParam("projectId"),
});

const overview = createRoute({
  getParentRoute: () => project,
  path: "/",
  component: lazyRouteComponent(() => import("./pages/overview-page"), "OverviewRoute"),
});

const projectRuns = createRoute({
  getParentRoute: () => project,
  path: "/runs",
  validateSearch: readJobSearch,
  component: lazyRouteComponent(() => import("./pages/run-pages"), "ProjectRunsRoute"),
});

const run = createRoute({
  getParentRoute: () => project,
  path: "/runs/$jobId",
  params: idParam("jobId"),
  validateSearch: searchReader({
    view: choiceParam(["details"]),
    tab: choiceParam(["log", "input"]),
  }),
  component: lazyRouteComponent(() => import("./pages/run-pages"), "RunRoute"),
});

const posts = createRoute({
  getParentRoute: () => project,
  path: "/posts",
  validateSearch: readPostSearch,
  component: lazyRouteComponent(() => import("./pages/posts-page"), "PostsRoute"),
});

const post = createRoute({
  getParentRoute: () => project,
  path: "/posts/$fullname",
  component: lazyRouteComponent(() => import("./pages/posts-page"), "PostRoute"),
});

const exportsRoute = createRoute({
  getParentRoute: () => project,
  path: "/exports",
  validateSearch: searchReader({ cursor: textParam(2000) }),
  component: lazyRouteComponent(() => import("./pages/exports-page"), "ExportsRoute"),
});

const settings = createRoute({
  getParentRoute: () => project,
  path: "/settings",
  component: lazyRouteComponent(() => import("./pages/settings-page"), "SettingsRoute"),
});

export const router = createRouter({
  routeTree: root.addChildren([
    login,
    setup,
    house.addChildren([
      home,
      projects,
      jobs,
      job,
      runs,
      sources,
      endpoints,
      deliveries,
      events,
      endpoint,
      project.addChildren([overview, projectRuns, run, posts, post, exportsRoute, settings]),
    ]),
  ]),
  parseSearch,
  stringifySearch,
  defaultErrorComponent: CrashPage,
  defaultNotFoundComponent: NotFoundPage,
  defaultPreload: "intent",
  scrollRestoration: true,
});

async function leaveWhenSignedIn(): Promise<void> {
  if (sessionState() === "unknown") await openSession();
  if (sessionState() === "active") throw redirect({ to: "/projects" });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
