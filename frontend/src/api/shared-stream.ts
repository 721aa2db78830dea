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

/** `at` is the sender's place in the log; `isLeading`, whether it reads from the server itself. */
type Message =
  | { is: "here"; from: Tab; isLeading: boolean; at: string; connection: Connection | null }
  | { is: "events"; from: Tab; before: string; at: string; events: StreamEvent[] }
  | { is: "gone"; from: Tab };

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
  #at: string;
  #own: AbortController | null = null;
  #connection: Connection | null = null;
  /** An older tab that reads from the server, and how far it is known to be. */
  #elder: { name: string; at: string } | null = null;
  #leader: { name: string; lose: () => void } | null = null;
  #watch: ReturnType<typeof setTimeout> | undefined;
  #beatAt = Number.NEGATIVE_INFINITY;
  #isOver = false;

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
    const leave = () => this.#channel.postMessage({ is: "gone", from: this.#me });
    const stop = () => {
      this.#own?.abort();
      this.#leader?.lose();
    };
    this.#channel.onmessage = ({ data }: MessageEvent<Message>) => this.#hear(data);
    signal.addEventListener("abort", stop);
    window.addEventListener("pagehide", leave);
    this.#sayHere();
    while (!this.#isOver && !signal.aborted) {
      if (this.#elder) await this.#followElder(this.#elder.name);
      else await this.#read();
    }
    signal.removeEventListener("abort", stop);
    window.removeEventListener("pagehide", leave);
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
    this.#isOver = !own.signal.aborted;
    this.#connection = null;
    if (!this.#isOver) this.#sayHere();
  }

  /** Lives on what an elder passes on, until that is lost or the stream is over. */
  async #followElder(name: string): Promise<void> {
    await new Promise<void>((lose) => {
      this.#leader = { name, lose };
      this.#trust();
    });
    clearTimeout(this.#watch);
    this.#leader = null;
    this.#elder = null;
  }

  #passOn(events: StreamEvent[]): void {
    const before = this.#at;
    this.#deliver(events);
    if (this.#others.size > 0) {
      this.#channel.postMessage({ is: "events", from: this.#me, before, at: this.#at, events });
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
    const isLeading = connection !== null && connection.state !== "finished";
    this.#channel.postMessage({ is: "here", from: this.#me, isLeading, at: this.#at, connection });
  }

  #hear(message: Message): void {
    const { name } = message.from;
    if (message.is === "gone") {
      this.#others.delete(name);
      if (this.#elder?.name === name) this.#forgetElder();
      return;
    }
    const isKnown = this.#others.has(name);
    this.#others.add(name);
    // A younger tab that reads for itself may not know that it need not.
    const isNeedless =
      message.is === "here" && message.isLeading && isOlder(this.#me, message.from);
    if (!isKnown || (isNeedless && this.#own)) this.#sayHere();
    if (this.#leader) this.#obey(message);
    else if (isOlder(message.from, this.#me)) this.#consider(message);
  }

  /** Notes an elder while reading from the server. */
  #consider(message: Exclude<Message, { is: "gone" }>): void {
    const isLeading = message.is === "events" || message.isLeading;
    if (isLeading) this.#elder = { name: message.from.name, at: message.at };
    else if (this.#elder?.name === message.from.name) this.#elder = null;
    this.#letGoIfCaughtUp();
  }

  #letGoIfCaughtUp(): void {
    const isLive = this.#connection?.state === "live";
    if (isLive && this.#elder && !isAfter(this.#elder.at, this.#at)) this.#own?.abort();
  }

  /** Takes what the leader passes on; a gap means reading for oneself again. */
  #obey(message: Exclude<Message, { is: "gone" }>): void {
    if (message.from.name !== this.#leader?.name) return;
    this.#trust();
    if (message.is === "here") {
      if (!message.isLeading || isAfter(message.at, this.#at)) this.#leader.lose();
      else if (message.connection) this.options.onConnection(message.connection);
      return;
    }
    if (isAfter(message.before, this.#at)) {
      this.#leader.lose();
      return;
    }
    this.#deliver(message.events);
    if (!message.events.some(isTerminalEvent)) return;
    this.#isOver = true;
    this.options.onConnection({ state: "finished" });
    this.#leader.lose();
  }

  #forgetElder(): void {
    this.#elder = null;
    this.#leader?.lose();
  }

  #trust(): void {
    clearTimeout(this.#watch);
    const { idleMilliseconds = IDLE_MILLISECONDS } = this.options;
    this.#watch = setTimeout(() => this.#leader?.lose(), idleMilliseconds);
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
