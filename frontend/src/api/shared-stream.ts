// One connection for all tabs that watch the same stream: over HTTP/1.1 a browser opens six to a server,
// and seven tabs would leave none for anything else. Every tab begins with a connection of its own; the
// eldest keeps it and passes its events on, younger ones let go once they have caught up with it.
import type { StreamEvent } from "./event-reader";
import {
  type Connection,
  followStream,
  IDLE_MILLISECONDS,
  isTerminalEvent,
  type StreamOptions,
} from "./event-stream";
import { currentAccess } from "./session";
import { isAfter } from "./stream-position";

/** A leader that reads says so at most this often. */
const BEAT_MILLISECONDS = 1_000;

interface Tab {
  bornAt: number;
  name: string;
}

/** A tab that reads from the server, and its place in the log. */
interface Reader extends Tab {
  at: string;
}

/** `at` is the sender's place in the log; `isReading`, whether it reads from the server itself. */
type Message =
  | { is: "here"; from: Tab; isReading: boolean; at: string; connection: Connection | null }
  | { is: "events"; from: Tab; before: string; at: string; events: StreamEvent[] }
  | { is: "gone"; from: Tab };

type Life = Exclude<Message, { is: "gone" }>;

/** As `followStream`, with one connection for all tabs of the same person. */
export function followSharedStream(path: string, options: StreamOptions): Promise<void> {
  const person = personOf(currentAccess());
  if (person === null || !globalThis.BroadcastChannel) return followStream(path, options);
  return new SharedFollower(path, person, options).run();
}

class SharedFollower {
  readonly #me: Tab = {
    bornAt: performance.timeOrigin + performance.now(),
    name: Math.random().toString(36).slice(2),
  };
  readonly #channel: BroadcastChannel;
  readonly #others = new Set<string>();
  /** The other tabs that read from the server, by their names. */
  readonly #readers = new Map<string, Reader>();
  #at: string;
  #own: AbortController | null = null;
  #connection: Connection | null = null;
  /** Whether nobody else is known to read all that is missing here: `#wake` ends the following. */
  #isLost = false;
  #wake: (() => void) | null = null;
  #watch: ReturnType<typeof setTimeout> | undefined;
  #beatAt = Number.NEGATIVE_INFINITY;
  #isOver = false;
  /** A page that is being left still runs for a moment: nobody must count on what it says then. */
  #isAway = false;

  constructor(
    readonly path: string,
    person: string,
    readonly options: StreamOptions,
  ) {
    this.#at = options.lastEventId ?? "";
    this.#channel = new BroadcastChannel(`teppan ${person} ${path}`);
  }

  async run(): Promise<void> {
    const { signal } = this.options;
    const leave = () => {
      this.#say({ is: "gone", from: this.#me });
      this.#isAway = true;
    };
    const comeBack = () => {
      this.#isAway = false;
      this.#lose();
      this.#sayHere();
    };
    const stop = () => {
      this.#own?.abort();
      this.#lose();
    };
    this.#channel.onmessage = ({ data }: MessageEvent<Message>) => this.#hear(data);
    signal.addEventListener("abort", stop);
    window.addEventListener("pagehide", leave);
    window.addEventListener("pageshow", comeBack);
    this.#sayHere();
    while (!this.#isOver && !signal.aborted) {
      await this.#read();
      await this.#follow();
    }
    signal.removeEventListener("abort", stop);
    window.removeEventListener("pagehide", leave);
    window.removeEventListener("pageshow", comeBack);
    leave();
    this.#channel.close();
  }

  /** Reads from the server until the stream is over, or an elder is as far. */
  async #read(): Promise<void> {
    const own = new AbortController();
    this.#own = own;
    await followStream(this.path, {
      ...this.options,
      signal: own.signal,
      lastEventId: this.#at,
      onEvents: (events) => this.#passOn(events),
      onBytes: () => this.#beat(),
      onConnection: (connection) => this.#become(connection),
    });
    this.#own = null;
    this.#connection = null;
    if (!own.signal.aborted) this.#isOver = true;
  }

  /** Lives on what others pass on, until that is lost or the stream is over. */
  async #follow(): Promise<void> {
    if (this.#isLost || this.#isOver) return;
    await new Promise<void>((wake) => {
      this.#wake = wake;
      this.#trust();
    });
    clearTimeout(this.#watch);
    this.#wake = null;
  }

  #passOn(events: StreamEvent[]): void {
    const before = this.#at;
    this.#deliver(events);
    if (this.#others.size > 0) {
      this.#say({ is: "events", from: this.#me, before, at: this.#at, events });
    }
    this.#letGoIfCaughtUp();
  }

  /** Tells the events that are new here; a leader may be a little behind or ahead. */
  #deliver(events: StreamEvent[]): void {
    const fresh = events.filter(({ type, id }) => {
      if (type === "reset") this.#at = "";
      else if (id !== null && !isAfter(id, this.#at)) return false;
      else if (id !== null) this.#at = id;
      return true;
    });
    if (fresh.length > 0) this.options.onEvents(fresh);
  }

  #become(connection: Connection): void {
    this.#connection = connection;
    this.options.onConnection(connection);
    this.#sayHere();
  }

  #beat(): void {
    if (performance.now() - this.#beatAt < BEAT_MILLISECONDS) return;
    this.#beatAt = performance.now();
    if (this.#others.size > 0) this.#sayHere();
  }

  #sayHere(): void {
    // What an error says does not survive the way to another tab; each finds out for itself.
    const connection = this.#connection?.state === "refused" ? null : this.#connection;
    const isReading = this.#isReading() && connection !== null && connection.state !== "finished";
    this.#say({ is: "here", from: this.#me, isReading, at: this.#at, connection });
  }

  #say(message: Message): void {
    if (!this.#isAway) this.#channel.postMessage(message);
  }

  #isReading(): boolean {
    return this.#own !== null && !this.#own.signal.aborted;
  }

  #hear(message: Message): void {
    const { from } = message;
    if (message.is === "gone") {
      this.#others.delete(from.name);
      this.#forget(from.name);
      return;
    }
    const isKnown = this.#others.has(from.name);
    this.#others.add(from.name);
    if (message.is === "here" && !message.isReading) this.#forget(from.name);
    else this.#readers.set(from.name, { ...from, at: message.at });
    if (!isKnown || this.#isNeedless(message)) this.#sayHere();
    if (this.#isReading()) this.#letGoIfCaughtUp();
    else if (this.#readers.has(from.name)) this.#take(message);
  }

  /** Whether a younger tab may read only because it does not know this one: the eldest tells it. */
  #isNeedless(message: Life): boolean {
    if (message.is !== "here" || !message.isReading || !this.#isReading()) return false;
    const eldest = this.#eldest();
    return eldest !== null && isOlder(this.#me, eldest);
  }

  #letGoIfCaughtUp(): void {
    if (!this.#isReading() || this.#connection?.state !== "live") return;
    const elder = this.#eldest();
    if (!elder || isOlder(this.#me, elder) || isAfter(elder.at, this.#at)) return;
    this.#isLost = false;
    this.#own?.abort();
    this.#sayHere();
  }

  /**
   * Takes what a tab that reads passes on: the log is the same whoever reads it, so that it does not
   * matter which of them is still there. A gap means reading for oneself again.
   */
  #take(message: Life): void {
    this.#trust();
    if (isAfter(message.is === "events" ? message.before : message.at, this.#at)) {
      this.#lose();
      return;
    }
    // What is not in the log, as a snapshot, is about one connection: the one that will remain.
    const isEldest = this.#eldest()?.name === message.from.name;
    if (message.is === "here") {
      if (isEldest && message.connection) this.options.onConnection(message.connection);
      return;
    }
    this.#deliver(isEldest ? message.events : message.events.filter(({ id }) => id !== null));
    if (!message.events.some(isTerminalEvent)) return;
    this.#isOver = true;
    this.options.onConnection({ state: "finished" });
    this.#lose();
  }

  #eldest(): Reader | null {
    const readers = [...this.#readers.values()];
    return readers.reduce<Reader | null>(
      (eldest, reader) => (eldest && isOlder(eldest, reader) ? eldest : reader),
      null,
    );
  }

  #forget(name: string): void {
    if (this.#readers.delete(name) && this.#readers.size === 0) this.#lose();
  }

  /** Back to reading for oneself; whoever reads will say so again. */
  #lose(): void {
    this.#isLost = true;
    this.#readers.clear();
    this.#wake?.();
  }

  #trust(): void {
    clearTimeout(this.#watch);
    const { idleMilliseconds = IDLE_MILLISECONDS } = this.options;
    this.#watch = setTimeout(() => this.#lose(), idleMilliseconds);
  }
}

function isOlder(one: Tab, other: Tab): boolean {
  return one.bornAt === other.bornAt ? one.name < other.name : one.bornAt < other.bornAt;
}

/** Whose token it is: tabs of two people in one browser must not read each other's streams. */
function personOf(token: string | null): string | null {
  try {
    const payload = token?.split(".")[1]?.replaceAll("-", "+").replaceAll("_", "/") ?? "";
    const { sub } = JSON.parse(atob(payload)) as { sub?: unknown };
    return typeof sub === "string" && sub !== "" ? sub : null;
  } catch {
    return null;
  }
}
