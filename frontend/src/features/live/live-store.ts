// One watched run outside of React: follows the stream, keeps the state, tells listeners of new
// versions. Leaving closes the stream; the run goes on.

import { api, unwrap } from "@/api/client";
import type { StreamEvent } from "@/api/event-reader";
import type { Connection } from "@/api/event-stream";
import { cancelJob } from "@/api/jobs";
import { sessionState, subscribeToSession } from "@/api/session";
import { followSharedStream } from "@/api/shared-stream";
import { isTerminal } from "@/api/types";
import { applyEvent } from "./apply-event";
import { FlushClock } from "./flush-clock";
import { emptyState, type LiveState } from "./live-state";

/** How long a cancelled run's stream is kept for its terminal event. */
export const CANCEL_GRACE_MILLISECONDS = 5_000;
/** How often the run is asked for its end once the stream is gone. */
const END_POLL_MILLISECONDS = 2_000;

export class LiveStore {
  readonly state: LiveState = emptyState();
  connection: Connection = { state: "connecting" };
  /** Why the last cancel did not get through. */
  cancelError: unknown = null;
  #version = 0;
  #stream: AbortController | null = null;
  #graceTimer: ReturnType<typeof setTimeout> | undefined;
  #leaveSession: (() => void) | undefined;
  readonly #listeners = new Set<() => void>();
  readonly #clock = new FlushClock(() => this.#tell());

  constructor(readonly jobId: number) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly version = (): number => this.#version;

  /** Starts to follow, from where it was left. */
  open(): void {
    this.#clock.start();
    this.#leaveSession = subscribeToSession(() => this.#onSession());
    this.#follow();
  }

  close(): void {
    this.#stream?.abort();
    this.#leaveSession?.();
    this.#clock.stop();
    clearTimeout(this.#graceTimer);
  }

  /** Follows again after a refusal. */
  readonly reopen = (): void => this.#follow();

  /**
   * Cancels the run: the server is told, posts stop to be shown at once, and the stream is kept only
   * for the terminal event. A cancel that did not get through is undone on screen.
   */
  readonly cancel = async (): Promise<void> => {
    this.state.isMuted = true;
    this.cancelError = null;
    this.#graceTimer = setTimeout(() => void this.#endWithoutStream(), CANCEL_GRACE_MILLISECONDS);
    this.#tell();
    try {
      await cancelJob(this.jobId);
    } catch (error) {
      clearTimeout(this.#graceTimer);
      this.cancelError = error;
      this.state.isMuted = false;
      this.#follow();
    }
    this.#tell();
  };

  get isOver(): boolean {
    return this.state.job !== null && isTerminal(this.state.job.status);
  }

  #follow(): void {
    this.#stream?.abort();
    const stream = new AbortController();
    this.#stream = stream;
    void followSharedStream(`/api/scraper/jobs/${this.jobId}/stream/`, {
      signal: stream.signal,
      lastEventId: this.state.lastId,
      onEvents: (events) => this.#take(events),
      onConnection: (connection) => this.#become(connection),
    });
  }

  #take(events: StreamEvent[]): void {
    for (const event of events) applyEvent(this.state, event);
    if (this.isOver) clearTimeout(this.#graceTimer);
    this.#clock.request();
  }

  #become(connection: Connection): void {
    this.connection = connection;
    this.#clock.request();
  }

  /** The terminal event did not come in time: asks the run itself until it has ended. */
  async #endWithoutStream(): Promise<void> {
    const stream = this.#stream;
    stream?.abort();
    while (this.#stream === stream && !this.isOver && this.#listeners.size > 0) {
      const path = { job_id: this.jobId };
      await unwrap(api.GET("/api/scraper/jobs/{job_id}/", { params: { path } })).then(
        (job) => Object.assign(this.state, { job }),
        () => {},
      );
      this.#become({ state: this.isOver ? "finished" : "connecting" });
      if (!this.isOver) await new Promise((resolve) => setTimeout(resolve, END_POLL_MILLISECONDS));
    }
  }

  /** Somebody signed in again over the page. */
  #onSession(): void {
    const { connection } = this;
    if (sessionState() !== "active" || connection.state !== "refused") return;
    if (connection.error.status === 401) this.#follow();
  }

  #tell(): void {
    this.#version += 1;
    for (const listener of this.#listeners) listener();
  }
}
