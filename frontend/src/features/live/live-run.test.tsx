import {
  createMemoryHistory,
  createRootRoute,
  createRoute,
  createRouter,
  RouterProvider,
} from "@tanstack/react-router";
import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { beginSession, forgetSession } from "@/api/session";
import type { Job } from "@/api/types";
import { aJob, aPost, aTarget, frame, posts, serveStream } from "@/testing/live-scene";
import { renderScreen } from "@/testing/render";
import { at, server } from "@/testing/server";
import { LiveRun } from "./live-run";

const CANCEL = at("/api/scraper/jobs/7/cancel/");
const ROOM = { height: 440, width: 800 };

function open() {
  const root = createRootRoute();
  const run = createRoute({
    getParentRoute: () => root,
    path: "/projects/$projectId/runs/$jobId",
    component: () => <LiveRun jobId={7} renderPost={(post) => <aside>{post.title}</aside>} />,
  });
  const elsewhere = ["/projects/$projectId/runs", "/projects/$projectId/posts"].map((path) =>
    createRoute({ getParentRoute: () => root, path, component: () => null }),
  );
  const history = createMemoryHistory({ initialEntries: ["/projects/3/runs/7"] });
  const router = createRouter({ routeTree: root.addChildren([run, ...elsewhere]), history });
  return { router, ...renderScreen(<RouterProvider router={router as never} />) };
}

const snapshot = (change: Partial<Job> = {}) => frame("snapshot", aJob(change));
const shown = () => screen.queryAllByRole("article").map((row) => row.dataset.post);
const word = () => screen.getByTestId("run-status").textContent;

beforeEach(() => {
  forgetSession();
  beginSession("token");
  // jsdom lays nothing out: the list gets a height, so that it draws rows.
  vi.spyOn(Element.prototype, "clientHeight", "get").mockReturnValue(ROOM.height);
  vi.spyOn(Element.prototype, "clientWidth", "get").mockReturnValue(ROOM.width);
});

describe("LiveRun", () => {
  it("shows posts as they come, the counters, and the end", async () => {
    const stream = serveStream(snapshot() + posts(1, 3));
    open();
    await waitFor(() => expect(shown()).toEqual(["t3_1x1", "t3_1x2", "t3_1x3"]));
    expect(word()).toBe("running");
    expect(screen.getByTestId("connection")).toHaveTextContent("Live");
    expect(screen.getByRole("article", { name: "Title of t3_1x2" })).toHaveAttribute(
      "aria-posinset",
      "2",
    );
    const target = aTarget({ status: "completed", posts_scraped: 3, posts_new: 2 });
    stream.send(frame("target", target, "2"));
    stream.send(
      frame("progress", { posts_scraped: 3, progress: 0.03, rate: 1.5, eta_seconds: 65 }),
    );
    await waitFor(() => expect(screen.getByText("1.5/s")).toBeVisible());
    expect(screen.getByText("1 min 5 s")).toBeVisible();
    expect(screen.getByText("Seen before").nextSibling).toHaveTextContent("1");
    stream.send(
      frame("complete", { status: "completed", posts_scraped: 3, posts_new: 2, errors: [] }, "4"),
    );
    await waitFor(() => expect(word()).toBe("completed"));
    expect(screen.getByTestId("connection")).toHaveTextContent("Finished");
    expect(screen.getByRole("link", { name: "Posts" })).toHaveAttribute(
      "href",
      expect.stringContaining("/projects/3/posts"),
    );
    expect(screen.queryByRole("button", { name: "Retry failed" })).toBeNull();
  });

  it("stops showing posts at once when cancelled, and waits for the end", async () => {
    const stream = serveStream(snapshot() + posts(1, 2));
    const cancelled = vi.fn(() =>
      HttpResponse.json(aJob({ cancel_requested: true }), { status: 202 }),
    );
    server.use(http.post(CANCEL, cancelled));
    open();
    await waitFor(() => expect(shown()).toHaveLength(2));
    await userEvent.click(screen.getByRole("button", { name: "Cancel" }));
    stream.send(posts(2, 5));
    expect(await screen.findByRole("button", { name: "Cancelling" })).toBeDisabled();
    expect(cancelled).toHaveBeenCalledOnce();
    stream.send(frame("cancelled", { posts_scraped: 7 }, "3"));
    await waitFor(() => expect(word()).toBe("cancelled"));
    expect(shown()).toHaveLength(2);
    expect(screen.getByTestId("summary")).toHaveTextContent("7 posts");
    expect(stream.asked).toHaveLength(1);
  });

  it("goes on where it was when the cancel does not get through", async () => {
    const stream = serveStream(snapshot() + posts(1, 2));
    server.use(http.post(CANCEL, () => HttpResponse.error()));
    open();
    await waitFor(() => expect(shown()).toHaveLength(2));
    await userEvent.click(screen.getByRole("button", { name: "Cancel" }));
    expect(await screen.findByText("The run was not cancelled")).toBeVisible();
    await waitFor(() => expect(stream.asked.at(-1)).toEqual({ cursor: "1:2" }));
    stream.send(posts(2, 1));
    await waitFor(() => expect(shown()).toHaveLength(3));
    expect(screen.getByRole("button", { name: "Cancel" })).toBeEnabled();
  });

  it("lets the stream go and asks the run itself when no end comes in time", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"], shouldAdvanceTime: true });
    serveStream(snapshot() + posts(1, 1));
    server.use(
      http.post(CANCEL, () => HttpResponse.json(aJob({ cancel_requested: true }), { status: 202 })),
      http.get(at("/api/scraper/jobs/7/"), () => HttpResponse.json(aJob({ status: "cancelled" }))),
    );
    open();
    await waitFor(() => expect(shown()).toHaveLength(1));
    const user = userEvent.setup({ advanceTimers: vi.advanceTimersByTime });
    await user.click(screen.getByRole("button", { name: "Cancel" }));
    await vi.advanceTimersByTimeAsync(5_100);
    await waitFor(() => expect(word()).toBe("cancelled"));
    expect(screen.getByTestId("connection")).toHaveTextContent("Finished");
    vi.useRealTimers();
  });

  it("names the wall and the next step", async () => {
    const error = { code: "private", detail: "Forbidden." };
    const failed = aTarget({ status: "failed", error });
    serveStream(snapshot({ targets: [failed], event_seq: 4 }) + frame("failed", { error }, "4"));
    open();
    const summary = await screen.findByTestId("summary");
    expect(summary).toHaveTextContent("r/python: This subreddit is private. Ask its moderators");
    expect(within(summary).getByRole("button", { name: "Retry failed" })).toBeVisible();
  });

  it("starts a retry and goes there", async () => {
    const targets = [aTarget({ status: "cancelled" })];
    serveStream(
      snapshot({ status: "cancelled", targets }) + frame("cancelled", { posts_scraped: 0 }, "2"),
    );
    server.use(
      http.post(at("/api/scraper/jobs/7/retry/"), () =>
        HttpResponse.json(aJob({ id: 8 }), { status: 202 }),
      ),
    );
    const { router } = open();
    await userEvent.click(await screen.findByRole("button", { name: "Retry failed" }));
    await waitFor(() => expect(router.state.location.pathname).toBe("/projects/3/runs/8"));
  });

  it("says what is missing when there is no such run", async () => {
    server.use(
      http.get(at("/api/scraper/jobs/7/stream/"), () => new HttpResponse(null, { status: 404 })),
    );
    open();
    expect(await screen.findByText("Not found")).toBeVisible();
    expect(screen.getByTestId("connection")).toHaveTextContent("Not connected");
  });

  it("filters, holds the view, and opens a post beside the list", async () => {
    const stream = serveStream(snapshot() + posts(1, 3));
    open();
    await waitFor(() => expect(shown()).toHaveLength(3));
    await userEvent.type(screen.getByRole("textbox", { name: "Filter received posts" }), "1x2");
    expect(shown()).toEqual(["t3_1x2"]);
    await userEvent.clear(screen.getByRole("textbox"));
    await userEvent.click(screen.getByRole("button", { name: "Pause view" }));
    stream.send(posts(2, 4));
    expect(await screen.findByRole("button", { name: "4 new" })).toBeVisible();
    expect(shown()).toHaveLength(3);
    await userEvent.click(screen.getByRole("button", { name: "4 new" }));
    expect(shown()).toHaveLength(7);
    await userEvent.click(screen.getByRole("button", { name: "Title of t3_2x1" }));
    expect(screen.getByRole("complementary")).toHaveTextContent("Title of t3_2x1");
  });

  it("announces how it goes, and never the posts", async () => {
    serveStream(snapshot({ posts_scraped: 2, posts_new: 1 }) + posts(1, 2));
    open();
    const announcement = await screen.findByTestId("announcement");
    await waitFor(() => expect(announcement).toHaveTextContent("Run running: 2 posts, 1 new one."));
    expect(announcement).toHaveAttribute("aria-live", "polite");
    expect(screen.getByRole("feed")).not.toHaveAttribute("aria-live");
    expect(within(announcement).queryByText(/Title of/)).toBeNull();
  });

  it("test_x21_shows_hostile_text_as_text", async () => {
    const hostile = `<img src=x onerror="document.title='hit'"><script>document.title='hit'</script>`;
    const post = aPost("t3_evil", {
      title: hostile,
      author: hostile,
      flair: hostile,
      subreddit: hostile,
    });
    const error = { code: hostile, detail: hostile };
    const targets = [aTarget({ subreddit: hostile, status: "failed", error })];
    const notice = frame(
      "notice",
      { code: hostile, detail: hostile, backend_from: hostile, backend_to: hostile },
      "3",
    );
    serveStream(
      snapshot({ targets }) + frame("post", post, "2:1") + notice + frame("failed", { error }, "4"),
    );
    const { container } = open();
    await screen.findByTestId("summary");
    await waitFor(() => expect(shown()).toHaveLength(1));
    expect(screen.getByRole("button", { name: hostile })).toBeVisible();
    expect(container.querySelector("script, [onerror], img")).toBeNull();
    expect(document.title).not.toBe("hit");
  });
});
