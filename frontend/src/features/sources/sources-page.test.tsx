import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { describe, expect, it } from "vitest";
import type { Backend, SourceHealth } from "@/api/types";
import { renderRouted } from "@/testing/render-routed";
import { at, server } from "@/testing/server";
import { SourcesPage } from "./sources-page";

function aSource(change: Partial<Backend>): Backend {
  return {
    name: "rss",
    configured: true,
    needs: [],
    capabilities: { sorts: ["new", "hot"], max_limit: 1000, streaming: true },
    reason: null,
    health: { state: "unknown", success_rate: null, p50_ms: null, last_error: null, quota: null },
    ...change,
  };
}

async function show(...sources: Backend[]) {
  server.use(http.get(at("/api/scraper/backends/"), () => HttpResponse.json(sources)));
  renderRouted(() => <SourcesPage />);
  await screen.findByText(/are ready/);
}

describe("The sources", () => {
  it("show what each can do, how it fares and what it lacks, those that are ready first", async () => {
    const health: SourceHealth = {
      state: "limited",
      success_rate: 0.954,
      p50_ms: 181.6,
      last_error: { code: "rate_limited", detail: "Later.", at: "2026-01-01T00:00:00Z" },
      quota: { remaining: 3.5, reset_seconds: 42 },
    };
    await show(
      aSource({ name: "oauth", configured: false, needs: ["TEPPAN_X"], reason: "Set TEPPAN_X." }),
      aSource({ name: "rss", health }),
    );
    expect(screen.getByText("1 of 2")).toBeVisible();
    const [first, second] = screen.getAllByRole("heading", { level: 2 });
    expect(first).toHaveTextContent("Reddit RSS");
    expect(second).toHaveTextContent("Reddit API");
    const rss = screen.getByRole("region", { name: "Reddit RSS" });
    for (const text of ["limited", "95 %", "182 ms", "3", "renewed in 42 s", "sorts: new, hot"]) {
      expect(within(rss).getByText(text)).toBeVisible();
    }
    const oauth = screen.getByRole("region", { name: "Reddit API" });
    expect(oauth).toHaveTextContent("Set TEPPAN_X.");
    await userEvent.click(within(oauth).getByText("Optional settings"));
    for (const setting of ["TEPPAN_REDDIT_USERNAME", "TEPPAN_REQUESTS_PER_MINUTE_OAUTH"]) {
      expect(within(oauth).getByText(setting)).toBeVisible();
    }
    expect(within(oauth).getByRole("button", { name: /Test connection/ })).toBeDisabled();
  });

  it("test_x21 are tested on wish, and tell what came of it as text", async () => {
    const detail = "<img src=x onerror=alert(1)>";
    let answer: object = { ok: true, took_ms: 12 };
    server.use(http.post(at("/api/scraper/backends/rss/test/"), () => HttpResponse.json(answer)));
    await show(aSource({}));
    const button = screen.getByRole("button", { name: "Test connection of Reddit RSS" });
    await userEvent.click(button);
    expect(await screen.findByText(/Answered in 12 ms/)).toBeVisible();
    answer = { ok: false, code: "newer_code", detail, took_ms: 3 };
    await userEvent.click(button);
    expect(await screen.findByText(/<img src=x/)).toBeVisible();
    expect(document.querySelector("img")).toBeNull();
  });

  it("say so when the list cannot be had", async () => {
    server.use(
      http.get(at("/api/scraper/backends/"), () =>
        HttpResponse.json({}, { status: 500, headers: { "X-Request-ID": "r-7" } }),
      ),
    );
    renderRouted(() => <SourcesPage />);
    expect(await screen.findByRole("alert")).toHaveTextContent("r-7");
  });
});
