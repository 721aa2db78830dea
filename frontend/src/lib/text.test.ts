import { describe, expect, it } from "vitest";
import { toCurl } from "./curl";
import { formatAgo, formatDuration } from "./format";
import { safeHref } from "./safe-link";
import {
  choiceParam,
  numberParam,
  parseSearch,
  searchReader,
  stringifySearch,
  textParam,
} from "./search-params";
import { parseSubredditNames } from "./subreddit-names";

describe("Subreddit names", () => {
  it.each([
    ["python", ["python"]],
    ["r/python, /r/rust;  GoLang", ["python", "rust", "GoLang"]],
    ["https://www.reddit.com/r/Coffee/new/?t=day\nold.reddit.com/r/tea/", ["Coffee", "tea"]],
    ["Python python r/PYTHON", ["Python"]],
    [" , \n", []],
  ])("are read from %j", (text, names) => {
    expect(parseSubredditNames(text)).toEqual(names);
  });
});

describe("The search of an address", () => {
  const read = searchReader({
    q: textParam(10),
    min_score: numberParam,
    sort: choiceParam(["created", "score"]),
  });

  it("keeps what fits and drops the rest without a word", () => {
    expect(read(parseSearch("?q=42&min_score=-3&sort=score&other=1"))).toEqual({
      q: "42",
      min_score: -3,
      sort: "score",
    });
    expect(read(parseSearch("?q=&min_score=1e9&sort=constructor"))).toEqual({});
    expect(read(parseSearch(`?q=${"x".repeat(11)}&min_score=NaN`))).toEqual({});
  });

  it("survives the way into the address and back", () => {
    const search = { q: "a&b=c #d", min_score: 0 };
    expect(read(parseSearch(stringifySearch({ ...search, sort: undefined })))).toEqual(search);
  });
});

describe("A link out of scraped text", () => {
  it.each([
    "javascript:alert(1)",
    " java\nscript:alert(1)",
    "data:text/html,x",
    "ftp://x",
    "x",
    "",
  ])("is refused for %j", (address) => expect(safeHref(address)).toBeNull());

  it("leads relative addresses to Reddit and nowhere else", () => {
    expect(safeHref("/r/python/comments/1/")).toBe("https://www.reddit.com/r/python/comments/1/");
    expect(safeHref("https://example.org/")).toBe("https://example.org/");
  });
});

describe("A call as curl", () => {
  it("quotes what a shell would read", () => {
    const curl = toCurl({ method: "POST", path: "/api/x/", body: { a: "it's $HOME" } }, "http://h");
    expect(curl).toContain(`-d '{"a":"it'\\''s $HOME"}'`);
    expect(curl).toContain("-X POST 'http://h/api/x/'");
  });
});

describe("Times", () => {
  const now = Date.parse("2026-05-01T12:00:00Z");

  it.each([
    ["2026-05-01T11:59:57Z", "just now"],
    ["2026-05-01T11:30:00Z", "30 min. ago"],
    ["2026-04-28T12:00:00Z", "3 days ago"],
  ])("%s is %s", (instant, words) => expect(formatAgo(instant, now)).toBe(words));

  it.each([
    [4.4, "4 s"],
    [125, "2 min 5 s"],
    [3_780, "1 h 3 min"],
  ])("%s seconds are %s", (seconds, words) => expect(formatDuration(seconds)).toBe(words));
});
