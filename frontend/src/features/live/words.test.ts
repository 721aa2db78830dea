import { describe, expect, it } from "vitest";
import { ApiError } from "@/api/errors";
import { FAILURE_CODES, failureWords } from "@/lib/failure-words";
import { connectionWords } from "./connection-chip";
import { noticeSentence } from "./notice-words";

// As the contract lists them.
const CODES =
  "blocked challenge login_required rate_limited private banned quarantined not_found layout_changed invalid_response upstream network timeout authentication_failed not_configured unsupported exhausted cursor_lost worker_lost time_limit budget internal".split(
    " ",
  );

describe("failureWords", () => {
  it("knows every code, each with words and a next step of its own", () => {
    expect([...FAILURE_CODES].sort()).toEqual([...CODES].sort());
    const sentences = CODES.map((code) => failureWords(code, "").sentence);
    expect(new Set(sentences).size).toBe(CODES.length);
    for (const code of CODES) expect(failureWords(code, "").nextStep).toMatch(/^[A-Z].*\.$/);
  });

  it.each([
    "toString",
    "__proto__",
    "brand_new",
  ])("shows an unknown code by its detail: %s", (code) => {
    expect(failureWords(code, "What it said.").sentence).toBe("What it said.");
    expect(failureWords(code, "").sentence).toContain(code);
  });
});

describe("noticeSentence", () => {
  it.each([
    [
      {
        code: "blocked",
        detail: "Reddit refused.",
        backend_from: "native_json",
        backend_to: "rss",
      },
      "Changed from native_json to rss: Reddit refused.",
    ],
    [
      { code: "rate_limited", detail: "", backend_from: "sandbox", retry_after: 1.2 },
      "The request limit of sandbox is used up, trying again in 2 s.",
    ],
    [{ code: "taken_over", detail: "Another worker carries on." }, "Another worker carries on."],
    [{ code: "constructor", detail: "Something else." }, "Something else."],
  ])("says %j in words", (notice, sentence) => {
    expect(noticeSentence(notice)).toBe(sentence);
  });
});

describe("connectionWords", () => {
  const now = 10_000;

  it.each([
    [{ state: "connecting" as const }, "Connecting"],
    [{ state: "live" as const }, "Live"],
    [{ state: "finished" as const }, "Finished"],
    [{ state: "refused" as const, error: new ApiError(404, []) }, "Not connected"],
    [
      { state: "reconnecting" as const, attempt: 2, retryAt: now + 2_100 },
      "Reconnecting (attempt 2, in 3 s)",
    ],
    [
      { state: "reconnecting" as const, attempt: 2, retryAt: now - 5 },
      "Reconnecting (attempt 2, now)",
    ],
    [
      { state: "offline" as const, attempt: 5, retryAt: now + 9_000 },
      "Offline (attempt 5, in 9 s)",
    ],
  ])("says %j", (connection, words) => {
    expect(connectionWords(connection, now)).toBe(words);
  });
});
