// Follows one server-sent event stream to its end: signs in, watches for silence, reconnects and
// resumes. What the events mean is the business of whoever follows.
import { refreshAccess } from "./access";
import { readRetryAfter, waitBefore } from "./back-off";
import { ApiError, errorOfResponse } from "./errors";
import { EventReader, type StreamEvent } from "./event-reader";
import { currentAccess } from "./session";
import { Watchdog, waitOrWake } from "./watchdog";

/** The server sends a comment every 15 s; after three missed ones the connection is dead. */
export const IDLE_MILLISECONDS = 45_000;
/** Failures without any answer in a row after which the server counts as gone. */
const ATTEMPTS_UNTIL_OFFLINE = 3;
/** A token that is refused so soon after it was issued is not worth renewing again at once. */
const RENEWAL_PAUSE_MILLISECONDS = 5_000;
/** Reading goes on in a task of its own after so long, for a frame to be painted in between. */
const BREATH_MILLISECONDS = 12;

const TERMINAL_EVENTS: ReadonlySet<string> = new Set(["complete", "cancelled", "failed"]);

/** Whether nothing comes after this event. */
export function isTerminalEvent(event: StreamEvent): boolean {
  return TERMINAL_EVENTS.has(event.type);
}

export type Connection =
  | { state: "connecting" | "live" | "finished" }
  | { state: "reconnecting" | "offline"; attempt: number; retryAt: number }
  | { state: "refused"; error: ApiError };

export interface StreamOptions {
  signal: AbortSignal;
  /** Called with the events of each piece of network data, in order. */
  onEvents: (events: StreamEvent[]) => void;
  onConnection: (connection: Connection) => void;
  /** Called at every sign of life, comments included. */
  onBytes?: () => void;
  /** Resume after this event; "" starts at the beginning. */
  lastEventId?: string;
  idleMilliseconds?: number;
  random?: () => number;
}

type Outcome =
  | { is: "ended" | "unauthorized" | "expired" | "renewed" }
  | { is: "refused"; error: ApiError }
  | { is: "lost"; isAnswered: boolean; askedMilliseconds: number | null };

const LOST: Outcome = { is: "lost", isAnswered: true, askedMilliseconds: null };
const SILENT: Outcome = { is: "lost", isAnswered: false, askedMilliseconds: null };

/** Follows the stream at a path until it has ended, is refused for good, or the signal aborts. */
export function followStream(path: string, options: StreamOptions): Promise<void> {
  return new Follower(new URL(path, window.location.origin), options).run();
}

class Follower {
  #lastEventId: string;
  #askedMilliseconds = 0;
  #attempt = 0;
  #silences = 0;
  #isLive = false;
  #renewedAt = Number.NEGATIVE_INFINITY;
  /** Whether the newest token has not opened a connection yet. */
  #isUnproven = false;

  constructor(
    readonly url: URL,
    readonly options: StreamOptions,
  ) {
    this.#lastEventId = options.lastEventId ?? "";
  }

  async run(): Promise<void> {
    const { signal, onConnection } = this.options;
    onConnection({ state: "connecting" });
    while (!signal.aborted) {
      const outcome = await this.#renewIfNeeded(await this.#connect());
      if (signal.aborted) return;
      if (outcome.is === "ended") return onConnection({ state: "finished" });
      if (outcome.is === "refused") return onConnection({ state: "refused", error: outcome.error });
      if (outcome.is === "lost") await this.#waitAfter(outcome);
    }
  }

  async #connect(): Promise<Outcome> {
    const { signal, idleMilliseconds = IDLE_MILLISECONDS } = this.options;
    const watchdog = new Watchdog(signal, idleMilliseconds);
    const token = currentAccess();
    try {
      const response = await fetch(this.url, {
        headers: this.#headers(token),
        signal: watchdog.signal,
        cache: "no-store",
      });
      const refusal = await judge(response);
      if (refusal)
        return refusal.is === "unauthorized" && token !== currentAccess()
          ? { is: "renewed" }
          : refusal;
      return await this.#read(response, watchdog);
    } catch {
      // A cut, a refusal to connect, silence: to a viewer they are all the same.
      return SILENT;
    } finally {
      watchdog.stop();
    }
  }

  #headers(token: string | null): Record<string, string> {
    const headers: Record<string, string> = { Accept: "text/event-stream" };
    if (token !== null) headers.Authorization = `Bearer ${token}`;
    if (this.#lastEventId !== "") {
      // Header values are bytes; the standard sends an id as UTF-8.
      const bytes = new TextEncoder().encode(this.#lastEventId);
      headers["Last-Event-ID"] = String.fromCharCode(...bytes);
    }
    return headers;
  }

  async #read(response: Response, watchdog: Watchdog): Promise<Outcome> {
    const body = response.body?.getReader();
    if (!body) return LOST;
    // An abort does not wake a read that is waiting in every implementation of fetch.
    watchdog.signal.addEventListener("abort", () => void body.cancel().catch(() => {}));
    const reader = new EventReader();
    let breathedAt = performance.now();
    for (;;) {
      const { done, value } = await body.read();
      if (done) return LOST;
      watchdog.feed();
      this.options.onBytes?.();
      const end = this.#take(reader.read(value));
      this.#askedMilliseconds = reader.retryMilliseconds ?? this.#askedMilliseconds;
      if (end) return end;
      if (!document.hidden && performance.now() - breathedAt > BREATH_MILLISECONDS) {
        await new Promise((resolve) => setTimeout(resolve));
        breathedAt = performance.now();
      }
    }
  }

  /** Passes events on; returns the outcome when they end the connection. */
  #take(events: StreamEvent[]): Outcome | null {
    const auth = events.findIndex((event) => event.type === "auth");
    const told = auth === -1 ? events : events.slice(0, auth);
    if (told.length > 0) this.#succeed();
    for (const { type, id } of told) {
      if (type === "reset") this.#lastEventId = "";
      else if (id !== null) this.#lastEventId = id;
    }
    if (told.length > 0) this.options.onEvents(told);
    if (told.some(isTerminalEvent)) return { is: "ended" };
    return auth === -1 ? null : { is: "expired" };
  }

  /** Only an event proves a connection: a server that accepts and drops must be waited for longer. */
  #succeed(): void {
    this.#attempt = 0;
    this.#silences = 0;
    this.#isUnproven = false;
    if (this.#isLive) return;
    this.#isLive = true;
    this.options.onConnection({ state: "live" });
  }

  /** Renews the token where that helps; returns what remains to be done. */
  async #renewIfNeeded(outcome: Outcome): Promise<Outcome> {
    if (outcome.is !== "unauthorized" && outcome.is !== "expired") return outcome;
    if (outcome.is === "unauthorized" && this.#isUnproven) return signedOut();
    if (performance.now() - this.#renewedAt < RENEWAL_PAUSE_MILLISECONDS) return LOST;
    try {
      if (!(await refreshAccess())) return signedOut();
    } catch {
      return SILENT;
    }
    this.#renewedAt = performance.now();
    this.#isUnproven = true;
    return { is: "renewed" };
  }

  async #waitAfter({ isAnswered, askedMilliseconds }: Outcome & { is: "lost" }): Promise<void> {
    const { random = Math.random, signal, onConnection } = this.options;
    this.#attempt += 1;
    this.#silences = isAnswered ? 0 : this.#silences + 1;
    this.#isLive = false;
    const wait = Math.max(
      waitBefore(this.#attempt, this.#askedMilliseconds, random),
      askedMilliseconds ?? 0,
    );
    const isGone = !navigator.onLine || this.#silences >= ATTEMPTS_UNTIL_OFFLINE;
    onConnection({
      state: isGone ? "offline" : "reconnecting",
      attempt: this.#attempt,
      retryAt: Date.now() + wait,
    });
    await waitOrWake(wait, signal);
  }
}

/** Returns what an answer means that is not a stream; null for a stream. */
async function judge(response: Response): Promise<Outcome | null> {
  if (response.status === 204) return { is: "ended" };
  if (response.status === 401) return { is: "unauthorized" };
  if (response.status === 429 || response.status >= 500) {
    const askedMilliseconds = readRetryAfter(response.headers.get("Retry-After"), Date.now());
    // A proxy that answers in the place of a server is no sign of life of that server.
    return { is: "lost", isAnswered: response.status < 502, askedMilliseconds };
  }
  if (!response.ok) {
    const body: unknown = await response.json().catch(() => null);
    return { is: "refused", error: errorOfResponse(response, body) };
  }
  return isEventStream(response) ? null : { is: "refused", error: notAStream(response) };
}

function isEventStream(response: Response): boolean {
  const [essence] = (response.headers.get("Content-Type") ?? "").split(";");
  return essence?.trim().toLowerCase() === "text/event-stream";
}

function notAStream(response: Response): ApiError {
  const detail = "Something between this page and the server answered in its place.";
  return new ApiError(response.status, [{ code: "not_a_stream", detail, attr: null }]);
}

function signedOut(): Outcome {
  const detail = "The session has ended; sign in again.";
  return { is: "refused", error: new ApiError(401, [{ code: "signed_out", detail, attr: null }]) };
}
