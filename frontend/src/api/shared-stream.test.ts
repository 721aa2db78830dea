import { http } from "msw";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { at, server } from "@/testing/server";
import type { StreamEvent } from "./event-reader";
import type { Connection } from "./event-stream";
import { beginSession, forgetSession } from "./session";
import { followSharedStream } from "./shared-stream";
import { isAfter } from "./stream-position";

const tokenOf = (sub: string) => `head.${btoa(JSON.stringify({ sub }))}.sign`;
/** Outlasts all that the tabs of a test have to tell each other. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 50));
const post = (id: string) => `id: ${id}\nevent: post\ndata: {}\n\n`;
const SNAPSHOT = 'event: snapshot\ndata: {"event_seq":1}\n\n';

/** Machines that run several suites at once are slow. */
const eventually = (check: () => void) => vi.waitFor(check, { timeout: 4_000 });

let path = "";
let runs = 0;
const strangers = new Set<string>();
const tabs: { abort: () => void }[] = [];

/** A log that grows: each connection gets what it has not seen, and all get what is added. */
function serveLog(...ids: string[]) {
  const log = [...ids];
  const open = new Map<ReadableStreamDefaultController<Uint8Array>, string | null>();
  const cursors: (string | null)[] = [];
  const encode = (text: string) => new TextEncoder().encode(text);
  server.use(
    http.get(at(path), ({ request }) => {
      const cursor = request.headers.get("Last-Event-ID");
      cursors.push(cursor);
      let mine: ReadableStreamDefaultController<Uint8Array>;
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          mine = controller;
          open.set(controller, cursor);
          request.signal.addEventListener("abort", () => open.delete(controller));
          const missing = log.filter((id) => isAfter(id, cursor ?? ""));
          controller.enqueue(encode(`retry: 10\n\n${SNAPSHOT}${missing.map(post).join("")}`));
        },
        cancel: () => {
          open.delete(mine);
        },
      });
      return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
    }),
  );
  function send(text: string): void {
    for (const controller of open.keys()) controller.enqueue(encode(text));
  }
  return {
    cursors,
    connections: () => open.size,
    add: (id: string) => {
      log.push(id);
      send(post(id));
    },
    send,
  };
}

function openTab(options: { idleMilliseconds?: number } = {}) {
  const tab = new AbortController();
  tabs.push(tab);
  const events: StreamEvent[] = [];
  const connections: Connection[] = [];
  const done = followSharedStream(path, {
    ...options,
    signal: tab.signal,
    onEvents: (found) => events.push(...found),
    onConnection: (connection) => connections.push(connection),
  });
  return {
    done,
    close: () => tab.abort(),
    ids: () => events.filter(({ type }) => type === "post").map(({ id }) => id),
    snapshots: () => events.filter(({ type }) => type === "snapshot").length,
    state: () => connections.at(-1)?.state,
  };
}

/** What a tab says that this page knows by nothing but its messages. */
function strangeTab(name: string, bornAt: number) {
  const channel = new BroadcastChannel(`teppan 5 ${path}`);
  tabs.push({ abort: () => channel.close() });
  const from = { name, bornAt };
  /** What the tabs of this page said since. */
  const said: { is: string; before?: string }[] = [];
  strangers.add(name);
  channel.onmessage = ({ data }) => strangers.has(data.from.name) || said.push(data);
  return {
    said,
    reads: (place: string) =>
      channel.postMessage({
        is: "here",
        from,
        isReading: true,
        at: place,
        connection: { state: "live" },
      }),
    passesOn: (before: string, id: string) =>
      channel.postMessage({
        is: "events",
        from,
        before,
        at: id,
        events: [
          { type: "snapshot", id: null, data: "{}" },
          { type: "post", id, data: "{}" },
        ],
      }),
  };
}

beforeEach(() => {
  forgetSession();
  beginSession(tokenOf("5"));
  runs += 1;
  path = `/api/scraper/jobs/${runs}/stream/`;
});

afterEach(() => {
  for (const tab of tabs.splice(0)) tab.abort();
});

describe("test_s29 Tabs that watch the same stream", () => {
  it("end with one connection and see the same", async () => {
    const log = serveLog("1:1", "1:2");
    const opened = [openTab(), openTab(), openTab()];
    await eventually(() => expect(log.connections()).toBe(1));
    log.add("2:1");
    log.add("2:2");
    for (const tab of opened) {
      await eventually(() => expect(tab.ids()).toEqual(["1:1", "1:2", "2:1", "2:2"]));
      expect(tab.state()).toBe("live");
    }
    expect(log.connections()).toBe(1);
    log.send("id: 3\nevent: complete\ndata: {}\n\n");
    await Promise.all(opened.map((tab) => tab.done));
    expect(opened.map((tab) => tab.state())).toEqual(["finished", "finished", "finished"]);
  });

  it("end with one connection even if they first followed one that follows itself", async () => {
    const log = serveLog("1:1");
    const opened = Array.from({ length: 12 }, () => openTab());
    await eventually(() => expect(log.connections()).toBe(1));
    log.add("2:1");
    for (const tab of opened) await eventually(() => expect(tab.ids()).toEqual(["1:1", "2:1"]));
  });

  it("join late without a gap", async () => {
    const log = serveLog("1:1");
    const first = openTab();
    await eventually(() => expect(first.ids()).toEqual(["1:1"]));
    log.add("2:1");
    const late = openTab();
    log.add("2:2");
    await eventually(() => expect(log.connections()).toBe(1));
    log.add("3:1");
    await eventually(() => expect(late.ids()).toEqual(["1:1", "2:1", "2:2", "3:1"]));
  });

  it("go on where they are when the one that reads is closed", async () => {
    const log = serveLog("1:1");
    const [first, second] = [openTab(), openTab()];
    await eventually(() => expect(log.connections()).toBe(1));
    log.add("1:2");
    await eventually(() => expect(second.ids()).toEqual(["1:1", "1:2"]));
    first.close();
    await eventually(() => expect(log.cursors.at(-1)).toBe("1:2"));
    log.add("2:1");
    await eventually(() => expect(second.ids()).toEqual(["1:1", "1:2", "2:1"]));
  });

  it("do not wait for ever for one that fell silent", async () => {
    const log = serveLog("1:1");
    openTab();
    const second = openTab({ idleMilliseconds: 200 });
    await eventually(() => expect(log.connections()).toBe(1));
    await eventually(() => expect(log.cursors.at(-1)).toBe("1:1"));
    log.add("1:2");
    await eventually(() => expect(second.ids()).toEqual(["1:1", "1:2"]));
  });

  it("take what any of those that read passes on, and snapshots from the eldest", async () => {
    const log = serveLog("1:1");
    const [elder, younger] = [strangeTab("elder", 1), strangeTab("younger", Number.MAX_VALUE)];
    const tab = openTab();
    await eventually(() => expect(tab.ids()).toEqual(["1:1"]));
    elder.reads("1:1");
    await eventually(() => expect(log.connections()).toBe(0));
    const snapshots = tab.snapshots();
    // The elder has been killed, and could not say so.
    younger.passesOn("1:1", "1:2");
    await eventually(() => expect(tab.ids()).toEqual(["1:1", "1:2"]));
    expect(tab.snapshots()).toBe(snapshots);
    elder.passesOn("1:2", "1:3");
    await eventually(() => expect(tab.ids()).toEqual(["1:1", "1:2", "1:3"]));
    expect(tab.snapshots()).toBe(snapshots + 1);
    expect(log.cursors).toHaveLength(1);
  });

  it("read for themselves what somebody else is ahead by", async () => {
    const log = serveLog("1:1");
    const elder = strangeTab("elder", 1);
    const tab = openTab();
    await eventually(() => expect(tab.ids()).toEqual(["1:1"]));
    elder.reads("1:1");
    await eventually(() => expect(log.connections()).toBe(0));
    log.add("1:2");
    log.add("1:3");
    elder.passesOn("1:2", "1:3");
    await eventually(() => expect(tab.ids()).toEqual(["1:1", "1:2", "1:3"]));
    expect(log.cursors).toEqual([null, "1:1"]);
  });

  it("say nothing more once they are left, until somebody comes back", async () => {
    const log = serveLog("1:1");
    const tab = openTab();
    await eventually(() => expect(tab.ids()).toEqual(["1:1"]));
    const other = strangeTab("other", 1);
    other.passesOn("", "1:1");
    await eventually(() => expect(log.connections()).toBe(0));
    window.dispatchEvent(new Event("pagehide"));
    await eventually(() => expect(other.said.at(-1)?.is).toBe("gone"));
    strangeTab("unknown", 2).reads("1:1");
    await settled();
    expect(other.said.at(-1)?.is).toBe("gone");
    log.add("1:2");
    window.dispatchEvent(new Event("pageshow"));
    await eventually(() => expect(tab.ids()).toEqual(["1:1", "1:2"]));
    expect(other.said.at(-1)).toMatchObject({ is: "events", before: "1:1" });
  });

  it("leave it to the eldest that reads to tell a younger one", async () => {
    const log = serveLog("1:1");
    const tab = openTab();
    await eventually(() => expect(tab.ids()).toEqual(["1:1"]));
    const [elder, younger] = [strangeTab("elder", 1), strangeTab("younger", Number.MAX_VALUE)];
    younger.reads("1:1");
    await eventually(() => expect(younger.said).toHaveLength(1));
    younger.reads("1:1");
    await eventually(() => expect(younger.said).toHaveLength(2));
    elder.reads("9:1");
    await eventually(() => expect(younger.said).toHaveLength(3));
    younger.reads("1:1");
    await settled();
    expect(younger.said).toHaveLength(3);
    expect(log.connections()).toBe(1);
  });

  it("keep their own when they belong to two people", async () => {
    const log = serveLog("1:1");
    const mine = openTab();
    beginSession(tokenOf("6"));
    const theirs = openTab();
    await eventually(() => expect([mine.ids(), theirs.ids()]).toEqual([["1:1"], ["1:1"]]));
    await settled();
    expect(log.connections()).toBe(2);
  });
});

describe("isAfter", () => {
  it.each([
    ["1:1", "", true],
    ["", "", false],
    ["2:1", "1:9", true],
    ["1:10", "1:9", true],
    ["1", "1:9", true],
    ["1:9", "1", false],
    ["10", "9", true],
    ["3:2", "3:2", false],
  ])("says whether %j lies behind %j", (one, other, is) => {
    expect(isAfter(one, other)).toBe(is);
  });
});
