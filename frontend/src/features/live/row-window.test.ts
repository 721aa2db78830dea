import { describe, expect, it } from "vitest";
import { aPost } from "@/testing/live-scene";
import { emptyState } from "./live-state";
import { RowWindow, type Shown } from "./row-window";

function received(...titles: string[]) {
  const state = emptyState();
  state.rows.push(...titles.map((title, n) => aPost(`t3_${n}`, { title })));
  return state;
}

const titles = ({ rows, count }: Shown) => rows.slice(0, count).map((post) => post.title);

describe("RowWindow", () => {
  it("shows everything", () => {
    const state = received("a", "b");
    expect(new RowWindow().look(state, " ")).toEqual({
      rows: state.rows,
      count: 2,
      dropped: 0,
      heldBack: 0,
    });
  });

  it("counts when it looks: what comes later is not in what was seen", () => {
    const state = received("one", "two");
    const view = new RowWindow();
    const [all, found] = [view.look(state, ""), new RowWindow().look(state, "o")];
    state.rows.push(aPost("t3_9", { title: "four" }));
    expect([titles(all), titles(found)]).toEqual([
      ["one", "two"],
      ["one", "two"],
    ]);
  });

  it("finds text wherever a row shows it, whatever the case", () => {
    const state = received("Rust", "Go");
    state.rows.push(
      aPost("t3_x", { title: "x", author: "rusty" }),
      aPost("t3_y", { title: "y", flair: "RUST" }),
    );
    expect(titles(new RowWindow().look(state, "rust"))).toEqual(["Rust", "x", "y"]);
  });

  it("finds what came later, and starts again for another text", () => {
    const state = received("one", "two");
    const view = new RowWindow();
    expect(titles(view.look(state, "o"))).toEqual(["one", "two"]);
    state.rows.push(aPost("t3_9", { title: "four" }));
    expect(titles(view.look(state, "o"))).toEqual(["one", "two", "four"]);
    expect(titles(view.look(state, "f"))).toEqual(["four"]);
  });

  it("holds the view while paused, filtered or not, and counts what it holds back", () => {
    const state = received("one", "two");
    const view = new RowWindow();
    view.pause(state);
    state.rows.push(aPost("t3_9", { title: "one more" }));
    expect(titles(view.look(state, ""))).toEqual(["one", "two"]);
    expect(view.look(state, "one")).toMatchObject({
      heldBack: 1,
      count: 1,
      rows: [{ title: "one" }],
    });
    view.resume();
    expect(titles(view.look(state, "one"))).toEqual(["one", "one more"]);
  });

  it("survives that rows are dropped or all begin again", () => {
    const state = received("a1", "a2", "a3");
    const view = new RowWindow();
    view.pause(state);
    view.look(state, "a");
    state.rows = state.rows.slice(2);
    state.dropped = 2;
    expect(titles(view.look(state, ""))).toEqual(["a3"]);
    Object.assign(state, emptyState());
    expect(titles(view.look(state, "a"))).toEqual([]);
  });
});
