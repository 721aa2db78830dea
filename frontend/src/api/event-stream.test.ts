import { HttpResponse, http } from "msw";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { at, server } from "@/testing/server";
import type { StreamEvent } from "./event-reader";
import { type Connection, followStream, IDLE_MILLISECONDS } from "./event-stream";
import { beginSession, forgetSession, sessionState } from "./session";

const PATH = "/api/scraper/jobs/7/stream/";
const REFRESH = at("/api/auth/token/refresh/");
const COMPLETE = "id: 9\nevent: complete\ndata: {}\n\n";
const post = (id: string) => `id: ${id}\nevent: post\ndata: {"id":"${id}"}\n\n`;

type Answer = (request: Request) => Response | Promise<Response>;

/** Sends text, then leaves the connection open, ends it, or cuts it. */
function stream(text: string, then: "open" | "end" | "cut" = "open"): Answer {
  return () => {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(text));
        if (then === "end") controller.close();
        if (then === "cut") setTimeout(() => controller.error(new Error("cut")), 1);
      },
    });
    return new Response(body, { headers: { "Content-Type": "text/event-stream; charset=utf-8" } });
  };
}

const status = (code: number, headers: Record<string, string> = {}): Answer => {
  return () => new HttpResponse(null, { status: code, headers });
};

/** Answers each connection by the next of the answers, the last one for ever. */
function script(...answers: Answer[]) {
  const requests: { token: string | null; cursor: string | null; at: number }[] = [];
  server.use(
    http.get(at(PATH), ({ request }) => {
      const answer = answers[Math.min(requests.length, answers.length - 1)] as Answer;
      requests.push({
        token: request.headers.get("Authorization"),
        cursor: request.headers.get("Last-Event-ID"),
        at: Date.now(),
      });
      return answer(request);
    }),
  );
  return requests;
}

function refreshGives(...tokens: (string | null)[]) {
  const calls = { count: 0 };
  server.use(
    http.post(REFRESH, () => {
      const token = tokens[Math.min(calls.count, tokens.length - 1)] ?? null;
      calls.count += 1;
      return token === null
        ? new HttpResponse(null, { status: 401 })
        : HttpResponse.json({ access: token });
    }),
  );
  return calls;
}

const controllers: AbortController[] = [];

function follow(
  options: { idleMilliseconds?: number; lastEventId?: string; random?: () => number } = {},
) {
  const controller = new AbortController();
  controllers.push(controller);
  const events: StreamEvent[] = [];
  const connections: Connection[] = [];
  const done = followStream(PATH, {
    random: () => 0,
    ...options,
    signal: controller.signal,
    onEvents: (found) => events.push(...found),
    onConnection: (connection) => connections.push(connection),
  });
  const ids = () => events.map((event) => event.id);
  const states = () => connections.map((connection) => connection.state);
  return { controller, events, connections, ids, states, done };
}

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ["setTimeout", "clearTimeout", "Date", "performance"],
    shouldAdvanceTime: true,
    advanceTimeDelta: 5,
  });
  forgetSession();
  beginSession("first");
});

afterEach(() => {
  for (const controller of controllers.splice(0)) controller.abort();
  vi.useRealTimers();
});

describe("A stream", () => {
  it("is asked for with the token and read to its terminal event", async () => {
    const requests = script(stream(post("1:1") + post("1:2") + COMPLETE));
    const { done, ids, states } = follow();
    await done;
    expect(requests).toMatchObject([{ token: "Bearer first", cursor: null }]);
    expect(ids()).toEqual(["1:1", "1:2", "9"]);
    expect(states()).toEqual(["connecting", "live", "finished"]);
  });

  it.each(["complete", "cancelled", "failed"])("ends for good with %s", async (type) => {
    const requests = script(stream(`id: 2\nevent: ${type}\ndata: {}\n\n`, "end"));
    const { done, states } = follow();
    await done;
    expect(states().at(-1)).toBe("finished");
    expect(requests).toHaveLength(1);
  });

  it("has ended when there is nothing left to send", async () => {
    script(status(204));
    const { done, states } = follow({ lastEventId: "9" });
    await done;
    expect(states()).toEqual(["connecting", "finished"]);
  });

  it("test_s07_goes_on_after_the_last_whole_event_when_cut_in_a_block", async () => {
    const requests = script(
      stream(`retry: 50\n\n${post("1:1")}id: 1:2\nevent: post\nda`, "cut"),
      stream(post("1:2") + COMPLETE),
    );
    const { done, ids, states } = follow();
    await done;
    expect(requests.map((request) => request.cursor)).toEqual([null, "1:1"]);
    expect(ids()).toEqual(["1:1", "1:2", "9"]);
    expect(states()).toEqual(["connecting", "live", "reconnecting", "live", "finished"]);
  });

  it("test_s07_reconnects_when_closed_without_a_terminal_event", async () => {
    const requests = script(stream(`retry: 50\n\n${post("4:1")}`, "end"), stream(COMPLETE));
    await follow().done;
    expect(requests[1]).toMatchObject({ cursor: "4:1" });
  });

  it("forgets its place when told to start again", async () => {
    const again = 'event: reset\ndata: {}\n\nevent: snapshot\ndata: {"event_seq":1}\n\n';
    const requests = script(stream(`retry: 50\n\n${again}`, "end"), stream(COMPLETE));
    const { done, events } = follow({ lastEventId: "88:3" });
    await done;
    expect(requests.map((request) => request.cursor)).toEqual(["88:3", null]);
    expect(events.map((event) => event.type)).toEqual(["reset", "snapshot", "complete"]);
  });

  it("stops when nobody follows any more", async () => {
    const requests = script(stream(post("1:1")));
    const { done, controller, states } = follow();
    await vi.waitFor(() => expect(states()).toContain("live"));
    controller.abort();
    await done;
    expect(states()).not.toContain("finished");
    expect(requests).toHaveLength(1);
  });
});

describe("The watchdog", () => {
  it("test_s18_gives_up_a_silent_connection_and_resumes", async () => {
    const requests = script(stream(`retry: 50\n\n${post("1:1")}`), stream(COMPLETE));
    const { done, ids, states } = follow();
    await vi.waitFor(() => expect(ids()).toEqual(["1:1"]));
    await vi.advanceTimersByTimeAsync(IDLE_MILLISECONDS - 2_000);
    expect(requests).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(2_500);
    await done;
    expect(requests).toHaveLength(2);
    expect(states()).toEqual(["connecting", "live", "reconnecting", "live", "finished"]);
  });

  it("test_s08_is_content_with_comments_which_are_no_events", async () => {
    let send: (text: string) => void = () => {};
    const requests = script(() => {
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          send = (text) => controller.enqueue(new TextEncoder().encode(text));
          send(post("1:1"));
        },
      });
      return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
    });
    const { ids } = follow();
    await vi.waitFor(() => expect(ids()).toEqual(["1:1"]));
    for (let round = 0; round < 8; round += 1) {
      await vi.advanceTimersByTimeAsync(15_000);
      send(":keepalive\n\n");
    }
    await vi.advanceTimersByTimeAsync(15_000);
    expect(requests).toHaveLength(1);
    expect(ids()).toEqual(["1:1"]);
  });

  it("gives up a server that accepts and does not answer", async () => {
    const requests = script(() => new Promise<Response>(() => {}), stream(COMPLETE));
    const { done } = follow({ idleMilliseconds: 300 });
    await vi.advanceTimersByTimeAsync(400);
    await done;
    expect(requests).toHaveLength(2);
  });
});

describe("A lost server", () => {
  const gone: Answer = () => HttpResponse.error();

  it("test_s18_is_reconnecting_then_offline_then_live_again", async () => {
    script(gone, gone, gone, gone, stream(post("1:1")));
    const { states, connections } = follow();
    await vi.waitFor(() => expect(states().at(-1)).toBe("live"), { timeout: 5_000 });
    expect(states()).toEqual([
      "connecting",
      "reconnecting",
      "reconnecting",
      "offline",
      "offline",
      "live",
    ]);
    expect(connections.map((one) => ("attempt" in one ? one.attempt : null))).toEqual([
      null,
      1,
      2,
      3,
      4,
      null,
    ]);
  });

  it("is waited for as long as it asked, and longer each time", async () => {
    const requests = script(stream("retry: 3000\n\n", "end"), gone, gone, stream(COMPLETE));
    const { done } = follow({ random: () => 1 });
    await vi.advanceTimersByTimeAsync(25_000);
    await done;
    const waits = requests.slice(1).map((request, n) => request.at - (requests[n]?.at ?? 0));
    expect(waits[0]).toBeGreaterThanOrEqual(4_000);
    expect(waits[1]).toBeGreaterThanOrEqual(5_000);
    expect(waits[2]).toBeGreaterThanOrEqual(7_000);
    expect(waits[2]).toBeLessThan(8_000);
  });

  it("is waited for longer when it accepts and drops", async () => {
    const requests = script(stream(": hello\n\n", "end"));
    follow({ random: () => 1 });
    await vi.advanceTimersByTimeAsync(16_000);
    expect(requests.length).toBeGreaterThan(2);
    expect(requests.length).toBeLessThan(6);
  });

  it("is tried at once when the network returns", async () => {
    const requests = script(gone, stream(COMPLETE));
    const { done, states } = follow({ random: () => 1 });
    await vi.waitFor(() => expect(states()).toContain("reconnecting"));
    window.dispatchEvent(new Event("online"));
    await done;
    expect((requests[1]?.at ?? 0) - (requests[0]?.at ?? 0)).toBeLessThan(900);
  });

  it.each([
    [429, { "Retry-After": "7" }],
    [503, { "Retry-After": "7" }],
  ])("is obeyed when it answers %i with Retry-After", async (code, headers) => {
    const requests = script(status(code, headers), stream(COMPLETE));
    const { done } = follow();
    await vi.advanceTimersByTimeAsync(6_500);
    expect(requests).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1_000);
    await done;
    expect(requests).toHaveLength(2);
  });

  it.each([500, 502, 504])("is tried again after %i", async (code) => {
    const requests = script(status(code), stream(COMPLETE));
    await follow().done;
    expect(requests).toHaveLength(2);
  });
});

describe("A refusal", () => {
  it.each([400, 403, 404, 410])("of %i is final", async (code) => {
    const errors = [{ code: "not_found", detail: "Not found.", attr: null }];
    const requests = script(() =>
      HttpResponse.json({ type: "client_error", errors }, { status: code }),
    );
    const { done, connections } = follow();
    await done;
    expect(requests).toHaveLength(1);
    expect(connections.at(-1)).toMatchObject({
      state: "refused",
      error: { status: code, code: "not_found" },
    });
  });

  it.each([
    "text/html",
    "text/x-bogus",
    "text/event-streamer",
    "application/json",
  ])("test_s09_is_what_%s_means", async (type) => {
    const requests = script(
      () => new Response("data: x\n\n", { headers: { "Content-Type": type } }),
    );
    const { done, connections, events } = follow();
    await done;
    expect(connections.at(-1)).toMatchObject({ state: "refused", error: { code: "not_a_stream" } });
    expect(events).toEqual([]);
    expect(requests).toHaveLength(1);
  });

  it.each([
    "text/event-stream;",
    "Text/Event-Stream;x=y",
  ])("test_s09_is_not_what_%s_means", async (type) => {
    script(() => new Response(COMPLETE, { headers: { "Content-Type": type } }));
    const { done, states } = follow();
    await done;
    expect(states().at(-1)).toBe("finished");
  });
});

describe("An expired token", () => {
  const onlyFor =
    (token: string, then: Answer): Answer =>
    (request) =>
      request.headers.get("Authorization") === `Bearer ${token}`
        ? then(request)
        : status(401)(request);

  it("test_s19_is_renewed_once_when_refused", async () => {
    const requests = script(onlyFor("second", stream(COMPLETE)));
    const refreshes = refreshGives("second");
    await follow().done;
    expect(requests.map((request) => request.token)).toEqual(["Bearer first", "Bearer second"]);
    expect(refreshes.count).toBe(1);
  });

  it("test_s19_is_renewed_in_mid_stream_and_the_stream_resumed", async () => {
    const requests = script(
      stream(`${post("3:1")}event: auth\ndata: {}\n\n`, "end"),
      onlyFor("second", stream(post("3:2") + COMPLETE)),
    );
    const refreshes = refreshGives("second");
    const { done, ids, states } = follow();
    await done;
    expect(requests[1]).toMatchObject({ token: "Bearer second", cursor: "3:1" });
    expect(refreshes.count).toBe(1);
    expect(ids()).toEqual(["3:1", "3:2", "9"]);
    expect(states()).toEqual(["connecting", "live", "finished"]);
  });

  it("test_s19_never_loops_over_refusals", async () => {
    const requests = script(status(401));
    const refreshes = refreshGives("second", "third");
    const { done, connections } = follow();
    await done;
    expect(requests).toHaveLength(2);
    expect(refreshes.count).toBe(1);
    expect(connections.at(-1)).toMatchObject({ state: "refused", error: { status: 401 } });
  });

  it("test_s19_ends_the_stream_when_the_session_is_over", async () => {
    script(status(401));
    refreshGives(null);
    const { done, connections } = follow();
    await done;
    expect(connections.at(-1)).toMatchObject({ state: "refused", error: { code: "signed_out" } });
    expect(sessionState()).toBe("expired");
  });

  it("test_s19_is_not_renewed_over_and_over_by_a_server_with_a_wrong_clock", async () => {
    const requests = script(stream("event: auth\ndata: {}\n\n", "end"));
    const refreshes = refreshGives("a", "b", "c", "d");
    follow({ random: () => 1 });
    await vi.advanceTimersByTimeAsync(4_000);
    expect(refreshes.count).toBe(1);
    expect(requests.length).toBeLessThan(5);
  });

  it("shares one refresh among all streams", async () => {
    script(onlyFor("second", stream(COMPLETE)));
    const refreshes = refreshGives("second");
    await Promise.all([follow().done, follow().done, follow().done]);
    expect(refreshes.count).toBe(1);
  });
});
