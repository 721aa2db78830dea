// Decides when the screen is told of changes: at most ten times a second, in step with the frames, and
// less often while the main thread has trouble keeping up.

const FLUSH_MILLISECONDS = 100;
/** On a machine that just showed a long task, four times a second leaves room for input. */
const STRAINED_MILLISECONDS = 250;
const STRAIN_LASTS_MILLISECONDS = 5_000;

export class FlushClock {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #frame: number | undefined;
  #flushedAt = Number.NEGATIVE_INFINITY;
  #strainedAt = Number.NEGATIVE_INFINITY;
  #observer: PerformanceObserver | undefined;

  constructor(readonly flush: () => void) {}

  /** Starts to watch for strain. */
  start(): void {
    document.addEventListener("visibilitychange", this.#onVisibility);
    if (!globalThis.PerformanceObserver?.supportedEntryTypes?.includes("longtask")) return;
    this.#observer = new PerformanceObserver(() => this.noteStrain());
    this.#observer.observe({ type: "longtask" });
  }

  noteStrain(): void {
    this.#strainedAt = performance.now();
  }

  /** Asks for a flush soon; asking again before it changes nothing. */
  request(): void {
    if (this.#timer !== undefined || this.#frame !== undefined) return;
    const now = performance.now();
    const isStrained = now - this.#strainedAt < STRAIN_LASTS_MILLISECONDS;
    const interval = isStrained ? STRAINED_MILLISECONDS : FLUSH_MILLISECONDS;
    this.#timer = setTimeout(() => this.#onTime(), Math.max(0, this.#flushedAt + interval - now));
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#dropFrame();
    this.#observer?.disconnect();
    document.removeEventListener("visibilitychange", this.#onVisibility);
  }

  #dropFrame(): void {
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    this.#frame = undefined;
  }

  /** The frame that was waited for does not come while the tab is hidden. */
  readonly #onVisibility = (): void => {
    if (!document.hidden || this.#frame === undefined) return;
    this.#dropFrame();
    this.#flushNow();
  };

  #onTime(): void {
    this.#timer = undefined;
    // A hidden tab gets no frames.
    if (document.hidden) {
      this.#flushNow();
      return;
    }
    this.#frame = requestAnimationFrame(() => {
      this.#frame = undefined;
      this.#flushNow();
    });
  }

  #flushNow(): void {
    this.#flushedAt = performance.now();
    this.flush();
  }
}
