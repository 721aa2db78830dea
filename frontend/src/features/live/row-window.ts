// Which of the received rows are drawn: all, those before the view was paused, those that match.
import type { Post } from "@/api/types";
import type { LiveState } from "./live-state";

export interface Shown {
  /** The first `count` of them are drawn; the array may have grown since. */
  rows: Post[];
  count: number;
  /** How many rows before the first one are no longer kept. */
  dropped: number;
  /** Received but not drawn because the view is paused. */
  heldBack: number;
}

/** Remembers what it has looked at, so that a flush costs only its new rows. */
export class RowWindow {
  #pausedAt: number | null = null;
  #wanted = "";
  #found: Post[] = [];
  #lookedAt = 0;

  /** Holds the view where it is; counted from the first row ever received. */
  pause(state: LiveState): void {
    this.#pausedAt = state.dropped + state.rows.length;
  }

  resume(): void {
    this.#pausedAt = null;
  }

  /** Returns what there is to draw now. */
  look(state: LiveState, text: string): Shown {
    const received = state.dropped + state.rows.length;
    // After a reset the log begins again, and what was paused is gone.
    const end = Math.min(this.#pausedAt ?? received, received);
    const heldBack = received - end;
    const wanted = text.trim().toLowerCase();
    if (wanted === "") {
      this.#wanted = "";
      const { rows, dropped } = state;
      return { rows, count: Math.max(0, end - dropped), dropped, heldBack };
    }
    const rows = this.#search(state, wanted, end);
    return { rows, count: rows.length, dropped: 0, heldBack };
  }

  #search(state: LiveState, wanted: string, end: number): Post[] {
    if (wanted !== this.#wanted || end < this.#lookedAt) {
      this.#wanted = wanted;
      this.#found = [];
      this.#lookedAt = state.dropped;
    }
    for (let n = Math.max(this.#lookedAt, state.dropped); n < end; n += 1) {
      const post = state.rows[n - state.dropped];
      if (post && hasText(post, wanted)) this.#found.push(post);
    }
    this.#lookedAt = end;
    return this.#found;
  }
}

function hasText({ title, author, flair, subreddit }: Post, wanted: string): boolean {
  return [title, author, flair, subreddit].some((text) => text?.toLowerCase().includes(wanted));
}
