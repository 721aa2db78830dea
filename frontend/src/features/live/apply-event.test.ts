import { describe, expect, it } from "vitest";
import { aJob, aPost, aTarget } from "@/testing/live-scene";
import { applyEvent } from "./apply-event";
import {
  emptyState,
  type LiveState,
  MOST_NOTICES,
  MOST_ROWS,
  ROWS_DROPPED_AT_ONCE,
} from "./live-state";

function apply(state: LiveState, type: string, data: unknown, id: string | null = null): LiveState {
  applyEvent(state, { type, id, data: JSON.stringify(data) });
  return state;
}

const watched = (change = {}) => apply(emptyState(), "snapshot", aJob(change));
const names = (state: LiveState) => state.rows.map((post) => post.id);

describe("applyEvent", () => {
  it("takes the run from a snapshot", () => {
    expect(watched({ posts_scraped: 5 }).job).toMatchObject({ id: 7, posts_scraped: 5 });
  });

  it("appends posts once each and remembers its place", () => {
    const state = watched();
    for (const id of ["t3_a", "t3_b", "t3_a"]) apply(state, "post", aPost(id), `2:${id}`);
    expect(names(state)).toEqual(["t3_a", "t3_b"]);
    expect(state.lastId).toBe("2:t3_a");
  });

  it("takes the first post as the sign that a pending run has begun", () => {
    const state = apply(watched({ status: "pending" }), "post", aPost("t3_a"), "1:1");
    expect(state.job?.status).toBe("running");
  });

  it("replaces a target and adds up what is new", () => {
    const targets = [aTarget(), aTarget({ subreddit: "rust", posts_new: 4 })];
    const changed = aTarget({ status: "running", posts_scraped: 9, posts_new: 6 });
    const state = apply(watched({ targets }), "target", changed, "3");
    expect(state.job?.targets.map((target) => target.posts_new)).toEqual([6, 4]);
    expect(state.job?.posts_new).toBe(10);
  });

  it("does not let history undo the snapshot", () => {
    const targets = [aTarget({ posts_scraped: 200, posts_new: 150 })];
    const state = watched({ targets, posts_new: 150, event_seq: 9 });
    apply(state, "target", aTarget({ posts_scraped: 100, posts_new: 90 }), "4");
    expect(state.job).toMatchObject({ posts_new: 150, targets });
    apply(state, "target", aTarget({ posts_scraped: 300, posts_new: 220 }), "10");
    expect(state.job?.posts_new).toBe(220);
  });

  it("takes counters from progress, the rate too", () => {
    const data = { posts_scraped: 40, progress: 0.4, rate: 8, eta_seconds: 7.5 };
    const state = apply(watched(), "progress", data);
    expect(state).toMatchObject({
      rate: 8,
      job: { posts_scraped: 40, progress: 0.4, eta_seconds: 7.5 },
    });
  });

  it("keeps the newest notices", () => {
    const state = watched();
    for (let n = 1; n <= MOST_NOTICES + 5; n += 1) {
      apply(state, "notice", { code: "network", detail: String(n) }, String(n));
    }
    expect(state.notices).toHaveLength(MOST_NOTICES);
    expect(state.notices.at(-1)).toMatchObject({ detail: "55", id: "55" });
  });

  it.each([
    ["complete", { status: "completed", posts_scraped: 9, posts_new: 2, errors: [] }, "completed"],
    ["complete", { status: "partial", posts_scraped: 9, posts_new: 2, errors: [] }, "partial"],
    ["cancelled", { posts_scraped: 9 }, "cancelled"],
    ["failed", { error: { code: "private", detail: "No." } }, "failed"],
  ])("ends with %s", (type, data, status) => {
    const state = apply(watched(), type, data, "12");
    expect(state.job).toMatchObject({ status, eta_seconds: null });
    expect(state.lastId).toBe("12");
  });

  it("keeps why a run failed", () => {
    const error = { code: "private", detail: "No." };
    expect(apply(watched(), "failed", { error }, "12").failure).toEqual(error);
  });

  it("drops everything at a reset, but not that the viewer has cancelled", () => {
    const state = apply(watched(), "post", aPost("t3_a"), "1:1");
    state.isMuted = true;
    apply(state, "reset", {});
    expect(state).toEqual({ ...emptyState(), isMuted: true });
  });

  it("neither shows nor remembers posts once cancelled, but ends", () => {
    const state = apply(watched(), "post", aPost("t3_a"), "1:1");
    state.isMuted = true;
    apply(state, "post", aPost("t3_b"), "1:2");
    apply(state, "cancelled", { posts_scraped: 2 }, "3");
    expect(names(state)).toEqual(["t3_a"]);
    expect(state.lastId).toBe("1:1");
    expect(state.job?.status).toBe("cancelled");
  });

  it("holds the newest rows and counts the dropped ones", () => {
    const state = watched();
    const count = MOST_ROWS + ROWS_DROPPED_AT_ONCE;
    for (let n = 1; n <= count; n += 1) apply(state, "post", aPost(`t3_${n}`), `1:${n}`);
    expect(state.rows).toHaveLength(MOST_ROWS);
    expect(state.ids.size).toBe(MOST_ROWS);
    expect(state.dropped).toBe(ROWS_DROPPED_AT_ONCE);
    expect(names(state)[0]).toBe(`t3_${ROWS_DROPPED_AT_ONCE + 1}`);
    expect(names(state).at(-1)).toBe(`t3_${count}`);
  });

  it.each(["{", "", "null", "12"])("counts data that cannot be read: %j", (data) => {
    const state = watched();
    applyEvent(state, { type: "post", id: "1:1", data });
    expect(state).toMatchObject({ unreadable: 1, rows: [], lastId: "" });
  });

  it("passes over events of a newer server", () => {
    expect(apply(watched(), "comment", { id: "t1_a" }, "5").rows).toEqual([]);
  });
});
