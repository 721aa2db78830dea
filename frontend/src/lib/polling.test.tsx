import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, renderHook, waitFor } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { pollInterval, usePolledQuery } from "./polling";

describe("The pause between questions", () => {
  it.each([
    [["pending"], 3_000],
    [["running"], 5_000],
    [["running", "pending", "completed"], 3_000],
    [["completed", "failed", "partial", "cancelled"], false],
    [[], false],
  ])("for %j is %s", (statuses, expected) => {
    expect(pollInterval(statuses)).toBe(expected);
  });
});

describe("A polled run", () => {
  let asked = 0;
  let status = "pending";

  function watch() {
    const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
    const wrapper = ({ children }: { children: ReactNode }) => (
      <QueryClientProvider client={client}>{children}</QueryClientProvider>
    );
    const options = {
      queryKey: ["run"],
      queryFn: async () => {
        asked += 1;
        return { status };
      },
    };
    return renderHook(() => usePolledQuery(options, (run) => [run.status]), { wrapper });
  }

  async function pass(milliseconds: number) {
    await act(() => vi.advanceTimersByTimeAsync(milliseconds));
  }

  beforeEach(() => {
    asked = 0;
    status = "pending";
    vi.useFakeTimers({
      toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date"],
      shouldAdvanceTime: true,
    });
  });

  afterEach(() => {
    vi.useRealTimers();
    Reflect.deleteProperty(document, "visibilityState");
    document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
  });

  it("is asked after 3 s while pending, after 5 s while running, never again once it has ended", async () => {
    const { result } = watch();
    await waitFor(() => expect(result.current.data?.status).toBe("pending"));
    status = "running";
    await pass(2_900);
    expect(asked).toBe(1);
    await pass(200);
    expect(asked).toBe(2);
    status = "completed";
    await pass(4_700);
    expect(asked).toBe(2);
    await pass(500);
    expect(asked).toBe(3);
    await pass(60_000);
    expect(asked).toBe(3);
  });

  it("is asked again by hand after its end, and polled again if it then runs", async () => {
    status = "completed";
    const { result } = watch();
    await waitFor(() => expect(result.current.data?.status).toBe("completed"));
    status = "running";
    await act(() => result.current.refetch());
    expect(asked).toBe(2);
    await pass(5_100);
    expect(asked).toBe(3);
  });

  it("is left alone while the tab is hidden, and asked once on coming back", async () => {
    const { result } = watch();
    await waitFor(() => expect(result.current.data).toBeDefined());
    Object.defineProperty(document, "visibilityState", { value: "hidden", configurable: true });
    document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
    await pass(30_000);
    expect(asked).toBe(1);
    Object.defineProperty(document, "visibilityState", { value: "visible", configurable: true });
    await act(
      async () => void document.dispatchEvent(new Event("visibilitychange", { bubbles: true })),
    );
    await pass(100);
    expect(asked).toBe(2);
  });
});
