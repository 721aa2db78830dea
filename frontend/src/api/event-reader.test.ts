import { describe, expect, it } from "vitest";
import { EventReader, type StreamEvent } from "./event-reader";

interface Case {
  name: string;
  stream: string;
  events: [type: string, data: string, id?: string][];
  retry?: number;
}

// The rules of "Interpreting an event stream" in the WHATWG HTML standard, one case for each.
const CASES: Case[] = [
  {
    name: "data is joined by line feeds",
    stream: "data:a\ndata: b\n\n",
    events: [["message", "a\nb"]],
  },
  {
    name: "lines end with LF, CR or CRLF",
    stream: "data:a\ndata:b\rdata:c\r\ndata:d\n\n",
    events: [["message", "a\nb\nc\nd"]],
  },
  {
    name: "blocks end with any of the three",
    stream: "data:a\r\rdata:b\r\n\r\ndata:c\n\n",
    events: [
      ["message", "a"],
      ["message", "b"],
      ["message", "c"],
    ],
  },
  { name: "a CR at the very end ends the block", stream: "data:a\r\r", events: [["message", "a"]] },
  {
    name: "a block without an empty line is dropped",
    stream: "data:a\n\nid:9\ndata:b",
    events: [["message", "a"]],
  },
  {
    name: "a block with a final line but no empty one is dropped",
    stream: "data:a\n\nid:9\ndata:b\n",
    events: [["message", "a"]],
  },
  {
    name: "one space after the colon belongs to the syntax",
    stream: "data:  a\ndata:\tb\ndata:c \n\n",
    events: [["message", " a\n\tb\nc "]],
  },
  {
    name: "a field without a colon is empty",
    stream: "data\n\ndata\ndata\n\ndata:x\n\n",
    events: [
      ["message", ""],
      ["message", "\n"],
      ["message", "x"],
    ],
  },
  {
    name: "a block without data is no event",
    stream: "event:x\nid:1\n\ndata:a\n\n",
    events: [["message", "a"]],
  },
  {
    name: "comments and empty comments are skipped",
    stream: ":\n: keep-alive\ndata:1\n:x:y\n\ndata:2\n:\n\n",
    events: [
      ["message", "1"],
      ["message", "2"],
    ],
  },
  {
    name: "a comment of any length is skipped",
    stream: `:${"x".repeat(200_000)}\ndata:1\n\n`,
    events: [["message", "1"]],
  },
  {
    name: "unknown fields are skipped",
    stream: "data:a\n data:b\ndata \nDATA:c\njustsome:d\n\n",
    events: [["message", "a"]],
  },
  {
    name: "an event has the type of its field",
    stream: "event:post\ndata:a\n\ndata:b\n\n",
    events: [
      ["post", "a"],
      ["message", "b"],
    ],
  },
  {
    name: "an empty type is that of a message",
    stream: "event: \ndata:a\n\nevent\ndata:b\n\n",
    events: [
      ["message", "a"],
      ["message", "b"],
    ],
  },
  {
    name: "the last of two types counts",
    stream: "event:a\nevent:b\ndata:1\n\n",
    events: [["b", "1"]],
  },
  {
    name: "an id comes with its event",
    stream: "id: 1:2\ndata:a\n\ndata:b\n\nid\ndata:c\n\n",
    events: [
      ["message", "a", "1:2"],
      ["message", "b"],
      ["message", "c", ""],
    ],
  },
  {
    name: "an id with NUL is skipped",
    stream: "id:1\u00002\ndata:a\n\n",
    events: [["message", "a"]],
  },
  {
    name: "NUL in data is kept",
    stream: "data:\u0000\u0000a\n\n",
    events: [["message", "\u0000\u0000a"]],
  },
  {
    name: "one byte order mark is skipped",
    stream: "\uFEFFdata:1\n\n\uFEFFdata:2\n\ndata:3\n\n",
    events: [
      ["message", "1"],
      ["message", "3"],
    ],
  },
  {
    name: "a second byte order mark is part of the name",
    stream: "\uFEFF\uFEFFdata:1\n\ndata:2\n\n",
    events: [["message", "2"]],
  },
  { name: "colons in values are kept", stream: "data:a:b: c\n\n", events: [["message", "a:b: c"]] },
  {
    name: "retry is digits",
    stream: "retry:2500\ndata:a\n\n",
    events: [["message", "a"]],
    retry: 2500,
  },
  {
    name: "retry is nothing else",
    stream: "retry:1000x\nretry:-1\nretry:1.5\nretry:\nretry\ndata:a\n\n",
    events: [["message", "a"]],
  },
  {
    name: "the last proper retry counts",
    stream: "retry:3000\nretry:5\nretry:five\n\n",
    events: [],
    retry: 5,
  },
  {
    name: "only the three line ends are line ends",
    stream: "data:a\u2028b\u2029c\u0085d\u000be\u000cf\n\n",
    events: [["message", "a\u2028b\u2029c\u0085d\u000be\u000cf"]],
  },
  { name: "text is UTF-8", stream: "data:ok…ñ👩🏽‍🚀\n\n", events: [["message", "ok…ñ👩🏽‍🚀"]] },
];

function piecesOf(bytes: Uint8Array, size: number): Uint8Array[] {
  const count = Math.ceil(bytes.length / size);
  return Array.from({ length: count }, (_, n) => bytes.slice(n * size, (n + 1) * size));
}

function readAll(bytes: Uint8Array, size = bytes.length) {
  const reader = new EventReader();
  const events: StreamEvent[] = piecesOf(bytes, size).flatMap((piece) => reader.read(piece));
  return { events, retry: reader.retryMilliseconds };
}

const encode = (text: string) => new TextEncoder().encode(text);

describe("EventReader", () => {
  describe.each(CASES)("test_s09_reads_the_standard: $name", ({ stream, events, retry }) => {
    const expected = events.map(([type, data, id = null]) => ({ id, type, data }));

    it.each([1, 2, 3, 7, 1_000_000])("in pieces of %i bytes", (size) => {
      const bytes = encode(stream);
      if (bytes.length > 100_000 && size < 1_000_000) return expect(bytes).toBeDefined();
      expect(readAll(bytes, size)).toEqual({ events: expected, retry: retry ?? null });
    });
  });

  it("test_s09_replaces_bytes_that_are_not_utf8", () => {
    const bytes = new Uint8Array([...encode("data:a"), 0xff, 0xc3, ...encode("b\n\n")]);
    expect(readAll(bytes).events[0]?.data).toBe("a\uFFFD\uFFFDb");
  });

  it.each([
    ["line ends", "a\nb\rc\r\nd\n"],
    ["nothing", ""],
    ["separators of other standards", "\u2028\u2029\u0085\u000b\u000c\u001c"],
    ["NUL and a byte order mark", "\u0000x\uFEFF"],
    ["emoji, joined and skin-toned", "👩🏽‍🚀🏴󠁧󠁢󠁥󠁮󠁧󠁿"],
    ["a forged event", "x\r\revent: complete\rdata: {}\r\r"],
    ["a script", "</script><script>alert(1)</script>"],
  ])("test_s03_keeps_a_title_with_%s_whatever_the_cut", (_, title) => {
    const json = JSON.stringify({ title });
    const bytes = encode(`\uFEFFid: 3:1\nevent: post\ndata: ${json}\n\n`);
    for (const size of [1, 2, 3, 5, bytes.length]) {
      expect(readAll(bytes, size).events).toEqual([{ id: "3:1", type: "post", data: json }]);
    }
    expect(JSON.parse(readAll(bytes).events[0]?.data ?? "").title).toBe(title);
  });

  it("test_s07_forgets_a_block_that_was_cut", () => {
    const whole = encode("id: 1:1\nevent: post\ndata: {}\n\nid: 1:2\nevent: post\ndata: {}\n\n");
    const first = readAll(encode("id: 1:1\nevent: post\ndata: {}\n\n")).events;
    for (let cut = whole.length / 2; cut < whole.length; cut += 1) {
      expect(readAll(whole.slice(0, cut), 4).events).toEqual(first);
    }
  });
});
