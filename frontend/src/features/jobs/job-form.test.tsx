import { fireEvent, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "@/api/errors";
import type { Project } from "@/api/types";
import { renderScreen } from "@/testing/render";
import { at, server } from "@/testing/server";
import { newJobDraft, toStartJob } from "./job-draft";
import { JobForm } from "./job-form";

const project = { id: 7, name: "Tea", subreddits: ["tea"] } as unknown as Project;

beforeEach(() => {
  server.use(
    http.get(at("/api/scraper/backends/"), () =>
      HttpResponse.json([
        { name: "sandbox", configured: true, needs: [], capabilities: {}, reason: null },
        {
          name: "oauth",
          configured: false,
          needs: ["TEPPAN_REDDIT_CLIENT_ID"],
          capabilities: {},
          reason: null,
        },
        {
          name: "rss",
          configured: true,
          needs: [],
          capabilities: {},
          reason: null,
          health: {
            state: "open",
            success_rate: 0.5,
            p50_ms: 200,
            last_error: { code: "blocked", detail: "Reddit refuses.", at: null },
            quota: null,
          },
        },
      ]),
    ),
  );
});

describe("The request of a new scrape", () => {
  it("streams one subreddit when that was chosen, and runs several in bulk whatever was", () => {
    expect(toStartJob(7, newJobDraft(["tea"])).mode).toBe("stream");
    expect(toStartJob(7, newJobDraft(["tea", "coffee"])).mode).toBe("bulk");
  });

  it("says how deep comments are read where they are", () => {
    const draft = { ...newJobDraft(["tea"]), comment_depth: "2" };
    expect(toStartJob(7, draft)).not.toHaveProperty("comment_depth");
    expect(toStartJob(7, { ...draft, include_comments: true })).toHaveProperty("comment_depth", 2);
  });

  it("says a period only for the sorts that have one", () => {
    const draft = newJobDraft(["tea"]);
    expect(toStartJob(7, draft)).not.toHaveProperty("time_filter");
    expect(toStartJob(7, { ...draft, sort: "top" })).toHaveProperty("time_filter", "all");
  });
});

describe("The form of a new scrape", () => {
  it("starts with the project's subreddits and sends what was chosen", async () => {
    const onStart = vi.fn().mockResolvedValue({});
    renderScreen(<JobForm project={project} onStart={onStart} />);
    await userEvent.click(screen.getByRole("combobox", { name: "Source" }));
    await userEvent.click(await screen.findByRole("option", { name: /Simulated Reddit/ }));
    await userEvent.click(screen.getByRole("button", { name: "Start" }));
    await waitFor(() => expect(onStart).toHaveBeenCalledOnce());
    expect(onStart.mock.calls[0]?.[0]).toMatchObject({
      project: 7,
      subreddits: ["tea"],
      backend: "sandbox",
      mode: "stream",
      limit: 100,
    });
  });

  it("shows what a source lacks instead of hiding it", async () => {
    renderScreen(<JobForm project={project} onStart={vi.fn()} />);
    await userEvent.click(screen.getByRole("combobox", { name: "Source" }));
    expect(await screen.findByText("needs TEPPAN_REDDIT_CLIENT_ID")).toBeInTheDocument();
    expect(screen.getByText(/^resting \(blocked\);/)).toBeInTheDocument();
  });

  it("shows the days of what is asked again for, and sends its instants", async () => {
    const onStart = vi.fn().mockResolvedValue({});
    const initial = { since: "2026-01-01T13:30:00+00:00", until: "2026-02-01T06:00:00+00:00" };
    renderScreen(<JobForm project={project} initial={initial} onStart={onStart} />);
    expect(screen.getByLabelText("Since")).toHaveValue("2026-01-01");
    const until = screen.getByLabelText("Until");
    expect(until).toHaveValue("2026-02-01");
    fireEvent.change(until, { target: { value: "2026-02-03" } });
    await userEvent.click(screen.getByRole("button", { name: "Start" }));
    await waitFor(() => expect(onStart).toHaveBeenCalledOnce());
    expect(onStart.mock.calls[0]?.[0]).toMatchObject({
      since: initial.since,
      until: "2026-02-03T00:00:00Z",
    });
  });

  it("takes the choice of watching away once there are several subreddits", async () => {
    renderScreen(<JobForm project={project} onStart={vi.fn()} />);
    await userEvent.type(screen.getByLabelText("Subreddits"), ", r/coffee");
    expect(screen.getByRole("radio", { name: "Live" })).toBeDisabled();
    expect(screen.getByRole("radio", { name: "In the background" })).toBeChecked();
  });

  it("puts an error of one entry of a list onto the list's field", async () => {
    const detail = { code: "invalid", detail: "Not a name.", attr: "subreddits.0" };
    const onStart = vi.fn().mockRejectedValue(new ApiError(400, [detail]));
    renderScreen(<JobForm project={project} onStart={onStart} />);
    await userEvent.click(screen.getByRole("button", { name: "Start" }));
    await waitFor(() =>
      expect(screen.getByLabelText("Subreddits")).toHaveAccessibleDescription(/Not a name\./),
    );
    expect(screen.getByLabelText("Subreddits")).toHaveValue("tea");
  });
});
