import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FlushClock } from "./flush-clock";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Asks every millisecond for a second; returns how often it was told. */
function flushesInASecond(prepare: (clock: FlushClock) => void = () => {}): number {
  let flushes = 0;
  const clock = new FlushClock(() => {
    flushes += 1;
  });
  prepare(clock);
  for (let n = 0; n < 1_000; n += 1) {
    clock.request();
    vi.advanceTimersByTime(1);
  }
  clock.stop();
  return flushes;
}

describe("FlushClock", () => {
  it("tells at most ten times a second", () => {
    const flushes = flushesInASecond();
    expect(flushes).toBeGreaterThan(7);
    expect(flushes).toBeLessThanOrEqual(10);
  });

  it("tells less often after a long task", () => {
    expect(flushesInASecond((clock) => clock.noteStrain())).toBeLessThanOrEqual(5);
  });

  it("tells a hidden tab too, which gets no frames", () => {
    vi.spyOn(document, "hidden", "get").mockReturnValue(true);
    const frames = vi.spyOn(window, "requestAnimationFrame");
    expect(flushesInASecond()).toBeGreaterThan(7);
    expect(frames).not.toHaveBeenCalled();
  });

  it("tells a tab that is hidden while it waits for its frame", () => {
    const hidden = vi.spyOn(document, "hidden", "get").mockReturnValue(false);
    vi.spyOn(window, "requestAnimationFrame").mockReturnValue(1);
    const flush = vi.fn();
    const clock = new FlushClock(flush);
    clock.start();
    clock.request();
    vi.advanceTimersByTime(1_000);
    expect(flush).not.toHaveBeenCalled();
    hidden.mockReturnValue(true);
    document.dispatchEvent(new Event("visibilitychange"));
    expect(flush).toHaveBeenCalledOnce();
    clock.request();
    vi.advanceTimersByTime(1_000);
    expect(flush).toHaveBeenCalledTimes(2);
    clock.stop();
  });

  it("tells nothing once stopped", () => {
    const flush = vi.fn();
    const clock = new FlushClock(flush);
    clock.request();
    clock.stop();
    vi.advanceTimersByTime(1_000);
    expect(flush).not.toHaveBeenCalled();
  });
});
