// Time around a connection: ending one on which nothing comes any more, and waiting for the next.

/** Aborts a connection on which nothing has come for too long, or that nobody wants any more. */
export class Watchdog {
  readonly #controller = new AbortController();
  readonly #bite = () => this.#controller.abort();
  #timer: ReturnType<typeof setTimeout>;

  constructor(
    readonly outer: AbortSignal,
    readonly milliseconds: number,
  ) {
    this.#timer = setTimeout(this.#bite, milliseconds);
    outer.addEventListener("abort", this.#bite);
    // A connection that was open when the network went may hang for minutes before anybody notices.
    window.addEventListener("offline", this.#bite);
    if (outer.aborted) this.#bite();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Says that something has come. */
  feed(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#bite, this.milliseconds);
  }

  /** Ends the watch, and with it whatever is left of the connection. */
  stop(): void {
    clearTimeout(this.#timer);
    this.outer.removeEventListener("abort", this.#bite);
    window.removeEventListener("offline", this.#bite);
    this.#bite();
  }
}

/** Waits; the network's return and an abort end the wait early. */
export function waitOrWake(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      window.removeEventListener("online", wake);
      signal.removeEventListener("abort", wake);
      resolve();
    };
    const timer = setTimeout(wake, milliseconds);
    window.addEventListener("online", wake);
    signal.addEventListener("abort", wake);
    if (signal.aborted) wake();
  });
}
