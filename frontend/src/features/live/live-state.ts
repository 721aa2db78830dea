// What is known of a run that is being watched. apply-event.ts changes it, live-store.ts tells of it.
import type { Job, Post } from "@/api/types";

/** Rows kept in memory; older ones are dropped here and stay in Posts. */
export const MOST_ROWS = 20_000;
/** Dropped in pieces of this size, for dropping moves every row that is kept. */
export const ROWS_DROPPED_AT_ONCE = 1_000;
/** A run on a bad day has hundreds; the newest say what matters. */
export const MOST_NOTICES = 50;

/** One durable notice, as on the wire. */
export interface Notice {
  code: string;
  detail: string;
  backend_from?: string | null;
  backend_to?: string | null;
  retry_after?: number | null;
}

export interface NumberedNotice extends Notice {
  id: string;
}

export interface Failure {
  code: string;
  detail: string;
}

export interface LiveState {
  job: Job | null;
  /** Posts per second over the last ten seconds, as the server measures it. */
  rate: number | null;
  /** Grows at its end between two versions of the store: what is drawn is counted at a version. */
  rows: Post[];
  ids: Set<string>;
  /** How many rows before the first one were dropped. */
  dropped: number;
  notices: NumberedNotice[];
  /** Why the whole run failed, once it has. */
  failure: Failure | null;
  /** The newest durable event that is part of this state; "" before the first. */
  lastId: string;
  /** The newest event that the last snapshot already contains. */
  snapshotSeq: number;
  /** Posts are neither shown nor remembered any more: the viewer has cancelled. */
  isMuted: boolean;
  /** Events whose data could not be read. */
  unreadable: number;
}

export function emptyState(): LiveState {
  return {
    job: null,
    rate: null,
    rows: [],
    ids: new Set(),
    dropped: 0,
    notices: [],
    failure: null,
    lastId: "",
    snapshotSeq: 0,
    isMuted: false,
    unreadable: 0,
  };
}
