import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Export } from "@/api/types";
import { renderScreen } from "@/testing/render";
import { at, server } from "@/testing/server";
import { ExportList } from "./export-list";

const IN_SIX_DAYS = new Date(Date.now() + 6.1 * 86_400_000).toISOString();

function madeExport(fields: Partial<Export> = {}): Export {
  return {
    id: 4,
    project: 7,
    format: "csv",
    status: "completed",
    cancel_requested: false,
    config: { sheets: ["posts"], filters: { q: "oven" }, safe: true },
    progress: 1,
    rows: 1204,
    note: null,
    error: null,
    file_name: "Tea - export 4.csv",
    size_bytes: 2_500_000,
    sha256: "ab".repeat(32),
    expires_at: IN_SIX_DAYS,
    is_expired: false,
    created_at: new Date().toISOString(),
    ...fields,
  } as Export;
}

function show(...made: Export[]) {
  server.use(
    http.get(at("/api/exports/"), () =>
      HttpResponse.json({ next: null, previous: null, results: made }),
    ),
  );
  return renderScreen(<ExportList projectId={7} cursor={undefined} onCursor={vi.fn()} />);
}

async function rowOf(id: number) {
  return within((await screen.findByText(`#${id} csv`)).closest("tr") as HTMLElement);
}

describe("The list of exports", () => {
  it("promises no time that the installation may not keep", async () => {
    show();
    expect(await screen.findByText("No exports yet")).toBeVisible();
    expect(screen.queryByText(/week/)).not.toBeInTheDocument();
  });

  it("shows how long each is kept, and what is gone", async () => {
    show(madeExport(), madeExport({ id: 5, is_expired: true }));
    expect((await rowOf(4)).getByText(/^in 6/)).toBeVisible();
    const gone = await rowOf(5);
    expect(gone.getByText("expired")).toBeVisible();
    expect(gone.queryByRole("button", { name: "Download export 5" })).not.toBeInTheDocument();
  });

  it("shows rows, size and checksum of a file", async () => {
    show(madeExport());
    const row = await rowOf(4);
    for (const text of ["1,204", "2.5 MB", "abababab", "Tea - export 4.csv"])
      expect(row.getByText(text)).toBeVisible();
  });

  it("shows how far one is, and of what", async () => {
    show(madeExport({ status: "running", progress: 0.4, file_name: null, sha256: null }));
    const row = await rowOf(4);
    expect(row.getByRole("progressbar", { name: "Progress of export 4" })).toHaveAttribute(
      "aria-valuenow",
      "40",
    );
    expect(row.getByText("q oven")).toBeVisible();
  });

  it("says why there is no file", async () => {
    const error = { code: "disk_full", detail: "There is no room for the file." };
    show(madeExport({ status: "failed", error, sha256: null, file_name: null, expires_at: null }));
    const row = await rowOf(4);
    expect(row.getByText(error.detail)).toBeVisible();
    expect(row.queryByRole("button", { name: "Download export 4" })).not.toBeInTheDocument();
  });
});

describe("What can be done with an export", () => {
  const sent: [string, unknown][] = [];

  beforeEach(() => {
    sent.length = 0;
    server.use(
      http.post(at("/api/exports/"), async ({ request }) => {
        sent.push(["again", await request.json()]);
        return HttpResponse.json(madeExport({ id: 6, status: "pending" }), { status: 202 });
      }),
      http.post(at("/api/exports/4/cancel/"), () => {
        sent.push(["cancel", null]);
        return HttpResponse.json(madeExport({ status: "running", cancel_requested: true }));
      }),
    );
  });

  it("is to download it by a link of its own", async () => {
    const assign = vi.fn();
    vi.stubGlobal("location", { ...window.location, assign });
    server.use(
      http.post(at("/api/exports/4/download-link/"), () =>
        HttpResponse.json({ url: "https://teppan.example/f?token=t", expires_at: IN_SIX_DAYS }),
      ),
    );
    show(madeExport());
    const row = await rowOf(4);
    await userEvent.click(row.getByRole("button", { name: "Download export 4" }));
    await waitFor(() => expect(assign).toHaveBeenCalledWith("https://teppan.example/f?token=t"));
    vi.unstubAllGlobals();
  });

  it("is to learn that its file is gone", async () => {
    server.use(
      http.post(at("/api/exports/4/download-link/"), () =>
        HttpResponse.json(
          {
            type: "client_error",
            errors: [{ code: "expired", detail: "Run the export again.", attr: null }],
          },
          { status: 410 },
        ),
      ),
    );
    show(madeExport());
    const row = await rowOf(4);
    await userEvent.click(row.getByRole("button", { name: "Download export 4" }));
    expect(await row.findByRole("alert")).toHaveTextContent("Run the export again.");
  });

  it("is to run it again as it was", async () => {
    show(madeExport());
    const row = await rowOf(4);
    await userEvent.click(row.getByRole("button", { name: "Run export 4 again" }));
    const wish = { sheets: ["posts"], filters: { q: "oven" }, safe: true };
    await waitFor(() => expect(sent).toEqual([["again", { ...wish, project: 7, format: "csv" }]]));
  });

  it("is to cancel it while it runs, once", async () => {
    show(
      madeExport({ status: "running" }),
      madeExport({ id: 5, status: "running", cancel_requested: true }),
    );
    const row = await rowOf(4);
    await userEvent.click(row.getByRole("button", { name: "Cancel export 4" }));
    await waitFor(() => expect(sent).toEqual([["cancel", null]]));
    const asked = (await rowOf(5)).getByRole("button", { name: "Cancel export 5" });
    expect(asked).toBeDisabled();
    expect(asked).toHaveTextContent("Cancelling");
  });
});
