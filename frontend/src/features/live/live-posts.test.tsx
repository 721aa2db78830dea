import { act, fireEvent, screen } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";
import { aPost } from "@/testing/live-scene";
import { renderScreen } from "@/testing/render";
import { LivePosts } from "./live-posts";
import { emptyState } from "./live-state";
import type { LiveStore } from "./live-store";

const ROOM = 440;
const ROW = 44;

/** A store that is told by hand of a new version. */
function aStore() {
  const state = emptyState();
  const listeners = new Set<() => void>();
  let version = 0;
  const store = {
    state,
    isOver: false,
    version: () => version,
    subscribe: (listener: () => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return {
    store: store as unknown as LiveStore,
    receive: (count: number) => {
      for (let n = 0; n < count; n += 1) state.rows.push(aPost(`t3_${state.rows.length}`));
    },
    tell: () =>
      act(() => {
        version += 1;
        for (const listener of listeners) listener();
      }),
  };
}

beforeEach(() => {
  // jsdom lays nothing out: the list gets a height, and its content that of its rows.
  vi.spyOn(Element.prototype, "clientHeight", "get").mockReturnValue(ROOM);
  vi.spyOn(Element.prototype, "clientWidth", "get").mockReturnValue(800);
  vi.spyOn(Element.prototype, "scrollHeight", "get").mockImplementation(function (this: Element) {
    return Number.parseInt(this.querySelector<HTMLElement>("[role=feed]")?.style.height ?? "0", 10);
  });
});

it("follows rows that came in while it was drawn for another reason", () => {
  const { store, receive, tell } = aStore();
  renderScreen(<LivePosts store={store} renderPost={undefined} />);
  const list = screen.getByTestId("live-list");
  for (let pages = 1; pages <= 4; pages += 1) {
    receive(100);
    // As a browser does it: no further than the end, and then it says so.
    list.scrollTop = Math.max(0, Math.min(list.scrollTop, list.scrollHeight - ROOM));
    fireEvent.scroll(list);
    tell();
    expect(list.scrollTop).toBe(pages * 100 * ROW);
  }
});
