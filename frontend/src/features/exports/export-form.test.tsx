import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Project } from "@/api/types";
import { renderScreen } from "@/testing/render";
import { at, server } from "@/testing/server";
import { newExportDraft, toStartExport } from "./export-draft";
import { ExportForm } from "./export-form";

const project = { id: 7, name: "Tea", subreddits: ["tea"] } as unknown as Project;

beforeEach(() => {
  server.use(
    http.get(at("/api/exports/formats/"), () =>
      HttpResponse.json([
        { name: "xlsx", is_available: true, needs: [], columns: ["id", "title"] },
        { name: "parquet", is_available: false, needs: ["pyarrow"], columns: [] },
      ]),
    ),
    http.post(at("/api/exports/estimate/"), () =>
      HttpResponse.json({ posts: 1204, comments: 9, size_bytes: 2_500_000 }),
    ),
  );
});

describe("The request of an export", () => {
  it("takes the list's filters along, and not its order", () => {
    const wish = toStartExport(7, newExportDraft(true), { q: "oven", sort: "score", order: "asc" });
    expect(wish.filters).toEqual({ q: "oven" });
  });

  it("asks for a workbook's summary, and for nothing of the kind elsewhere", () => {
    const draft = newExportDraft(false);
    expect(toStartExport(7, draft).sheets).toEqual(["summary", "posts", "comments", "subreddits"]);
    expect(toStartExport(7, { ...draft, format: "csv", has_comments: false }).sheets).toEqual([
      "posts",
    ]);
  });

  it("asks for what the texts say where that is wanted", () => {
    const draft = { ...newExportDraft(false), has_findings: true };
    const found = ["keywords", "sentiment"];
    expect(toStartExport(7, draft).sheets?.slice(-2)).toEqual(found);
    const quiet = { ...newExportDraft(false), format: "package" as const, has_comments: false };
    expect(toStartExport(7, quiet).sheets).toEqual(["posts", "subreddits", ...found]);
    expect(toStartExport(7, { ...quiet, has_findings: false }).sheets).toEqual([
      "posts",
      "subreddits",
    ]);
  });

  it("narrows to one run", () => {
    const draft = { ...newExportDraft(false), scope: "run" as const, run: "12" };
    expect(toStartExport(7, draft).filters).toEqual({ job: 12 });
  });
});

describe("The form of an export", () => {
  it("counts what the file would hold", async () => {
    renderScreen(<ExportForm project={project} onStart={vi.fn()} />);
    expect(await screen.findByText("1,204 posts, 9 comments, about 2.5 MB")).toBeVisible();
  });

  it("counts nothing before one run is chosen", async () => {
    const asked: unknown[] = [];
    server.use(
      http.get(at("/api/scraper/jobs/"), () =>
        HttpResponse.json({
          next: null,
          previous: null,
          results: [{ id: 12, targets: [{ subreddit: "tea" }] }],
        }),
      ),
      http.post(at("/api/exports/estimate/"), async ({ request }) => {
        const { filters } = (await request.json()) as { filters: object };
        asked.push(filters);
        return HttpResponse.json({ posts: 3, comments: 0, size_bytes: 900 });
      }),
    );
    renderScreen(<ExportForm project={project} onStart={vi.fn()} />);
    await screen.findByText(/^3 posts/);
    await userEvent.click(screen.getByLabelText("Those of one run"));
    expect(screen.getByText("Choose a run to see what it would hold.")).toBeVisible();
    expect(screen.queryByText(/^3 posts/)).not.toBeInTheDocument();
    await screen.findByRole("option", { name: "#12: tea" });
    await userEvent.selectOptions(screen.getByLabelText("Run"), "12");
    await screen.findByText(/^3 posts/);
    await waitFor(() => expect(asked).toEqual([{}, { job: 12 }]));
  });

  it("says what a format lacks, and does not offer it", async () => {
    renderScreen(<ExportForm project={project} onStart={vi.fn()} />);
    expect(await screen.findByText("Parquet needs pyarrow on the server.")).toBeVisible();
    expect(screen.getByRole("option", { name: "Parquet" })).toBeDisabled();
  });

  it("sends what was chosen", async () => {
    const onStart = vi.fn().mockResolvedValue({});
    renderScreen(<ExportForm project={project} filter={{ flair: "Help" }} onStart={onStart} />);
    await userEvent.selectOptions(screen.getByLabelText("Format"), "csv");
    await userEvent.click(screen.getByLabelText("Pseudonyms instead of authors' names"));
    await userEvent.click(screen.getByRole("button", { name: "Start export" }));
    await waitFor(() => expect(onStart).toHaveBeenCalledOnce());
    expect(onStart.mock.calls[0]?.[0]).toMatchObject({
      project: 7,
      format: "csv",
      filters: { flair: "Help" },
      mask_authors: true,
      safe: true,
    });
  });
});
