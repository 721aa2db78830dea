// A run's stream as React sees it.
import { useEffect, useState, useSyncExternalStore } from "react";
import { LiveStore } from "./live-store";

/** Follows a run for as long as the component is there; the store is the same until the id changes. */
export function useScrapeStream(jobId: number): LiveStore {
  const [kept, keep] = useState(() => new LiveStore(jobId));
  const store = kept.jobId === jobId ? kept : new LiveStore(jobId);
  if (store !== kept) keep(store);
  useEffect(() => {
    store.open();
    return () => store.close();
  }, [store]);
  return store;
}

/** Returns a part of the store and draws again when that part is another one. */
export function useLive<T>(store: LiveStore, part: (store: LiveStore) => T): T {
  return useSyncExternalStore(store.subscribe, () => part(store));
}
