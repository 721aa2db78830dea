import { describe, expect, it } from "vitest";
import { aPost } from "@/testing/live-scene";
import { emptyState } from "./live-state";
import { RowWindow } from "./row-window";

function received(...titles: string[]) {
  const state = emptyState();
  state.rows.push(...titles.map((title, n) => aPost(`t3_${n}`, { title })));
  return state;
}

const titles = (rows: { title: string }[]) => rows.map((post) => post.title);

describe("RowWindow", () => {
  it("shows everything", () => {
    const state = received("a", "b");
    expect(new RowWindow().look(state, " ")).toEqual({ rows: state.rows, heldBack: 0 });
  });

  it("finds text wherever a row shows it, whatever the case", () => {
    const state = received("Rust", "Go");
    state.rows.push(
      aPost("t3_x", { title: "x", author: "rusty" }),
      aPost("t3_y", { title: "y", flair: "RUST" }),
    );
    expect(titles(new RowWindow().look(state, "rust").rows)).toEqual(["Rust", "x", "y"]);
  });

  it("finds what came later, and starts again for another text", () => {
    const state = received("one", "two");
    const view = new RowWindow();
    expect(titles(view.look(state, "o").rows)).toEqual(["one", "two"]);
    state.rows.push(aPost("t3_9", { title: "four" }));
    expect(titles(view.look(state, "o").rows)).toEqual(["one", "two", "four"]);
    expect(titles(view.look(state, "f").rows)).toEqual(["four"]);
  });

  it("holds the view while paused, filtered or not, and counts what it holds back", () => {
    const state = received("one", "two");
    const view = new RowWindow();
    view.pause(state);
    state.rows.push(aPost("t3_9", { title: "one more" }));
    expect(titles(view.look(state, "").rows)).toEqual(["one", "two"]);
    expect(view.look(state, "one")).toMatchObject({ heldBack: 1, rows: [{ title: "one" }] });
    view.resume();
    expect(titles(view.look(state, "one").rows)).toEqual(["one", "one more"]);
  });

  it("survives that rows are dropped or all begin again", () => {
    const state = received("a1", "a2", "a3");
    const view = new RowWindow();
    view.pause(state);
    view.look(state, "a");
    state.rows.splice(0, 2);
    state.dropped = 2;
    expect(titles(view.look(state, "").rows)).toEqual(["a3"]);
    Object.assign(state, emptyState());
    expect(view.look(state, "a").rows).toEqual([]);
  });
});
