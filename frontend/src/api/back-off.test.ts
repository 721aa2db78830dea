import { describe, expect, it } from "vitest";
import { LONGEST_WAIT_MILLISECONDS, readRetryAfter, waitBefore } from "./back-off";

describe("waitBefore", () => {
  it("spreads over a window that doubles", () => {
    const longest = [1, 2, 3, 4].map((attempt) => waitBefore(attempt, 0, () => 1));
    expect(longest).toEqual([1_000, 2_000, 4_000, 8_000]);
    expect(waitBefore(4, 0, () => 0)).toBe(0);
  });

  it("never falls short of what the server asked for", () => {
    expect(waitBefore(1, 3_000, () => 0)).toBe(3_000);
  });

  it("never exceeds half a minute", () => {
    expect(waitBefore(60, 3_000, () => 1)).toBe(LONGEST_WAIT_MILLISECONDS);
    expect(waitBefore(1, 10 ** 9, () => 0)).toBe(LONGEST_WAIT_MILLISECONDS);
  });
});

describe("readRetryAfter", () => {
  const now = Date.parse("2026-03-01T00:00:00Z");

  it.each([
    ["7", 7_000],
    ["0", 0],
    ["Sun, 01 Mar 2026 00:00:05 GMT", 5_000],
    ["999999999", 600_000],
  ])("understands %s", (header, milliseconds) => {
    expect(readRetryAfter(header, now)).toBe(milliseconds);
  });

  it.each([
    "-1",
    "abc",
    "",
    "1.5e",
    "Sat, 28 Feb 2026 23:00:00 GMT",
  ])("does without %j", (header) => {
    expect(readRetryAfter(header, now)).toBeNull();
  });

  it("does without a header", () => {
    expect(readRetryAfter(null, now)).toBeNull();
  });
});
