import { describe, expect, it } from "vitest";
import type { JobEvent } from "@/api/types";
import { isEnded, linesOf } from "./history-lines";

function event(id: string, type: string, data: Record<string, unknown> = {}): JobEvent {
  return { id, type, data, created_at: "2026-05-01T12:00:00Z" };
}

describe("The history of a run", () => {
  it("counts posts that came one after another, and starts anew after anything else", () => {
    const target = event("2", "target", {
      subreddit: "tea",
      status: "failed",
      posts_scraped: 2,
      error: { code: "blocked", detail: "Closed." },
    });
    const events = [event("1:0", "post"), event("1:1", "post"), target, event("3:0", "post")];
    expect(linesOf(events).map((line) => [line.id, line.text])).toEqual([
      ["1:1", "2 posts stored"],
      ["2", "r/tea failed · 2 posts · blocked: Closed."],
      ["3:0", "1 post stored"],
    ]);
  });

  it("knows its end", () => {
    const end = event("9", "complete", { status: "partial", posts_scraped: 100 });
    expect(linesOf([end])[0]?.text).toBe("partial · 100 posts");
    expect(isEnded([event("1", "target"), end])).toBe(true);
    expect(isEnded([end, event("1", "target")])).toBe(false);
    expect(isEnded([])).toBe(false);
  });
});
