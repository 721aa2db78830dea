import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Job, JobEvent, Target } from "@/api/types";
import { aJob, aTarget } from "@/testing/live-scene";
import { renderRouted } from "@/testing/render-routed";
import { at, server } from "@/testing/server";
import { JobDetail, type JobTab } from "./job-detail";
import { draftOf, maxLimitOf, requestOf, toStartJob } from "./job-draft";
import { JobList } from "./job-list";
import type { JobSearch } from "./job-search";
import { completenessOf } from "./job-words";

const COUNTS = { pending: 0, running: 1, completed: 4, partial: 2, failed: 0, cancelled: 0 };
const HOSTILE = `<img src=x onerror="document.title='hit'"><script>document.title='hit'</script>`;

function list(jobs: Job[], next: string | null = null) {
  server.use(
    http.get(at("/api/scraper/jobs/"), () =>
      HttpResponse.json({ next, previous: null, results: jobs }),
    ),
  );
}

beforeEach(() => {
  server.use(
    http.get(at("/api/scraper/jobs/counts/"), () => HttpResponse.json(COUNTS)),
    http.get(at("/api/projects/"), () =>
      HttpResponse.json({ next: null, previous: null, results: [{ id: 3, name: "Tea" }] }),
    ),
  );
});

describe("The list of runs", () => {
  function show(search: JobSearch = {}) {
    const onSearch = vi.fn();
    renderRouted(() => <JobList search={search} onSearch={onSearch} />);
    return onSearch;
  }

  it("counts by status, names the project, and tells a partial run's share", async () => {
    const targets = [
      aTarget({ status: "completed" }),
      aTarget({ subreddit: "b", status: "failed" }),
    ];
    list([aJob({ status: "partial", mode: "bulk", targets })]);
    show();
    expect(await screen.findByText("1 of 2 subreddits")).toBeVisible();
    expect(await screen.findByRole("cell", { name: "Tea" })).toBeVisible();
    expect(await screen.findByRole("radio", { name: "partial 2" })).toBeInTheDocument();
    expect(screen.getByRole("radio", { name: "all 7" })).toBeInTheDocument();
    expect(screen.getByText(/^updated/)).toBeVisible();
  });

  it("puts filters and pages into the address, and starts a new filter at its first page", async () => {
    list([aJob()], at("/api/scraper/jobs/?cursor=abc"));
    const onSearch = show({ cursor: "here" });
    await userEvent.selectOptions(await screen.findByLabelText("Mode"), "bulk");
    expect(onSearch).toHaveBeenLastCalledWith({ cursor: undefined, mode: "bulk" });
    await userEvent.click(await screen.findByRole("button", { name: "Older runs" }));
    expect(onSearch).toHaveBeenLastCalledWith({ cursor: "abc" });
    await userEvent.click(screen.getByRole("button", { name: "Newer runs" }));
    expect(onSearch).toHaveBeenLastCalledWith({ cursor: undefined });
  });

  it("tells that there are none from that nothing matches", async () => {
    list([]);
    const onSearch = show({ status: "failed", origin: "cli" });
    await userEvent.click(await screen.findByRole("button", { name: "Clear filters" }));
    expect(onSearch).toHaveBeenCalledWith(
      expect.objectContaining({ status: undefined, origin: undefined }),
    );
  });
});

describe("How complete a subreddit is", () => {
  const error = { code: "blocked", detail: "No." };
  it.each<[Partial<Target>, string | undefined]>([
    [{ exhausted: true, stopped_by: "exhausted" }, "Whole listing"],
    [{ stopped_by: "limit" }, "Limit reached"],
    [{ stopped_by: "listing_cap" }, "Listing cap"],
    [{ stopped_by: "known" }, "Up to known ground"],
    [{ error, posts_scraped: 100 }, "Cut by an error"],
    [{ error }, "Nothing fetched"],
    [{ status: "cancelled" }, "Cancelled on the way"],
    [{}, undefined],
  ])("for %j is %s", (change, sentence) => {
    expect(completenessOf(aTarget(change))?.sentence).toBe(sentence);
  });
});

describe("A run in detail", () => {
  function show(job: Job, tab?: JobTab) {
    server.use(http.get(at("/api/scraper/jobs/7/"), () => HttpResponse.json(job)));
    const onTab = vi.fn();
    return { onTab, ...renderRouted(() => <JobDetail jobId={7} tab={tab} onTab={onTab} />) };
  }

  const partial = aJob({
    status: "partial",
    mode: "bulk",
    posts_scraped: 120,
    targets: [
      aTarget({
        status: "completed",
        stopped_by: "known",
        gap: { from: "2026-01-01T00:00:00Z", to: "2026-01-02T00:00:00Z" },
      }),
      aTarget({ subreddit: "closed", status: "failed", error: { code: "private", detail: "403" } }),
    ],
    errors: [{ subreddit: "closed", code: "private", detail: "403" }],
  });

  it("says of a partial run what is missing, why, and from when posts may lack", async () => {
    show(partial);
    const outcome = await screen.findByTestId("outcome");
    expect(outcome).toHaveTextContent("Partial: 1 of 2 subreddits");
    expect(outcome).toHaveTextContent("r/closed: This subreddit is private.");
    expect(screen.getByText(/^Posts may be missing from/)).toBeVisible();
    expect(screen.getByTestId("run-status")).toHaveTextContent("partial");
  });

  it("retries what failed as a new run, and goes there", async () => {
    server.use(
      http.post(at("/api/scraper/jobs/7/retry/"), () =>
        HttpResponse.json(aJob({ id: 8, retry_of: 7 }), { status: 202 }),
      ),
    );
    const { router } = show(partial);
    await userEvent.click(await screen.findByRole("button", { name: "Retry failed" }));
    await waitFor(() => expect(router.state.location.pathname).toBe("/projects/3/runs/8"));
  });

  it("asks for the same new run again after an answer that was lost, and for another later", async () => {
    const keys: (string | null)[] = [];
    server.use(
      http.post(at("/api/scraper/jobs/7/retry/"), ({ request }) => {
        keys.push(request.headers.get("Idempotency-Key"));
        if (keys.length === 1) return HttpResponse.error();
        return HttpResponse.json(aJob({ id: 8, retry_of: 7 }), { status: 202 });
      }),
    );
    const { router } = show(partial);
    const button = await screen.findByRole("button", { name: "Retry failed" });
    await userEvent.click(button);
    await waitFor(() => expect(keys).toHaveLength(1));
    await waitFor(() => expect(button).toBeEnabled());
    await userEvent.click(button);
    await waitFor(() => expect(router.state.location.pathname).toBe("/projects/3/runs/8"));
    expect(keys[0]).toBeTruthy();
    expect(keys[1]).toBe(keys[0]);
  });

  it("offers to cancel while it runs, and neither once it has completed", async () => {
    show(aJob({ status: "running" }));
    expect(await screen.findByRole("button", { name: "Cancel" })).toBeEnabled();
    expect(screen.queryByRole("button", { name: "Retry failed" })).toBeNull();
  });

  it("asks again for the same by the form that it fills", async () => {
    const config = { sort: "top", time_filter: "week", limit: 5, only_new: true, parallelism: 3 };
    const job = aJob({ mode: "bulk", config, targets: [aTarget(), aTarget({ subreddit: "tea" })] });
    expect(toStartJob(3, draftOf(job))).toEqual({
      project: 3,
      subreddits: ["python", "tea"],
      backend: "sandbox",
      mode: "bulk",
      include_comments: false,
      on_disconnect: "continue",
      ...config,
    });
  });

  it("keeps the time of day and the notes of what it asks again for", () => {
    const config = { since: "2026-01-01T13:30:00+00:00", until: "2026-02-01T06:00:00+00:00" };
    const job = aJob({ config, metadata: { ticket: 7 } });
    expect(toStartJob(3, draftOf(job))).toMatchObject({ ...config, metadata: { ticket: 7 } });
    const moved = { ...draftOf(job), since: "2026-01-02", until: "" };
    expect(toStartJob(3, moved)).toHaveProperty("since", "2026-01-02T00:00:00Z");
    expect(toStartJob(3, moved)).not.toHaveProperty("until");
    expect(requestOf(job)).toMatchObject({ ...config, metadata: { ticket: 7 } });
    expect(requestOf(aJob())).not.toHaveProperty("metadata");
  });

  it("test_x21_shows_hostile_errors_and_events_as_text", async () => {
    const targets = [aTarget({ status: "failed", error: { code: HOSTILE, detail: HOSTILE } })];
    const job = aJob({
      status: "failed",
      backend: HOSTILE,
      targets,
      errors: [{ subreddit: HOSTILE, code: HOSTILE, detail: HOSTILE }],
      config: { note: HOSTILE },
    });
    const { container } = show(job, "input");
    expect(await screen.findByRole("button", { name: "Copy input" })).toBeVisible();
    expect(screen.getByTestId("outcome")).toHaveTextContent("<script>");
    expect(container.querySelector("script, [onerror], img")).toBeNull();
    expect(document.title).not.toBe("hit");
  });
});

describe("The events of a run", () => {
  const at0 = "2026-01-01T00:00:00Z";
  const post = (id: string): JobEvent => ({ id, type: "post", data: {}, created_at: at0 });
  const notice: JobEvent = {
    id: "3",
    type: "notice",
    data: { code: "rate_limited", detail: HOSTILE },
    created_at: at0,
  };

  beforeEach(() => {
    // jsdom lays nothing out; the list draws what fits.
    vi.spyOn(Element.prototype, "clientHeight", "get").mockReturnValue(400);
    vi.spyOn(HTMLElement.prototype, "offsetHeight", "get").mockReturnValue(28);
  });

  it("are read forward to the end, never twice, and shown as text", async () => {
    const asked: (string | null)[] = [];
    server.use(
      http.get(at("/api/scraper/jobs/7/events/"), ({ request }) => {
        const after = new URL(request.url).searchParams.get("after");
        asked.push(after);
        const first = after === null;
        return HttpResponse.json({
          next: first ? at("/api/scraper/jobs/7/events/?after=1:2") : null,
          previous: null,
          results: first ? [post("1:1"), post("1:2")] : [post("2:1"), notice],
        });
      }),
      http.get(at("/api/scraper/jobs/7/"), () =>
        HttpResponse.json(aJob({ status: "completed", event_seq: 3 })),
      ),
    );
    renderRouted(() => <JobDetail jobId={7} tab="log" onTab={vi.fn()} />);
    const log = await screen.findByRole("log");
    await waitFor(() => expect(within(log).getByText("3 posts stored")).toBeVisible());
    expect(within(log).getByText(/rate_limited: <img/)).toBeVisible();
    expect(log.querySelector("img, script")).toBeNull();
    expect(asked).toEqual([null, "1:2"]);
    await userEvent.type(screen.getByLabelText("Filter events"), "posts");
    expect(within(log).queryByText(/rate_limited/)).toBeNull();
  });
});

describe("The highest limit", () => {
  it("is that of the chosen source, or of the widest that is ready", () => {
    const source = (name: string, configured: boolean, max_limit: number) =>
      ({ name, configured, capabilities: { max_limit } }) as never;
    const sources = [source("rss", true, 1000), source("archive", false, 1_000_000)];
    expect(maxLimitOf("auto", sources)).toBe(1000);
    expect(maxLimitOf("archive", sources)).toBe(1_000_000);
  });
});
