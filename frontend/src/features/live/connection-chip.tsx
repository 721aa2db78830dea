// Whether what is on screen is what is happening: live, reconnecting, offline or finished.
import { useEffect, useState } from "react";
import type { Connection } from "@/api/event-stream";
import classes from "./live.module.css";
import type { LiveStore } from "./live-store";
import { useLive } from "./use-scrape-stream";

export function ConnectionChip({ store }: { store: LiveStore }) {
  const connection = useLive(store, ({ connection }) => connection);
  const now = useSeconds("retryAt" in connection);
  return (
    <span className={classes.chip} data-testid="connection" data-state={connection.state}>
      <span className={classes.dot} aria-hidden="true" />
      {connectionWords(connection, now)}
    </span>
  );
}

/** Returns the chip's text. */
export function connectionWords(connection: Connection, now: number): string {
  switch (connection.state) {
    case "connecting":
      return "Connecting";
    case "live":
      return "Live";
    case "finished":
      return "Finished";
    case "refused":
      return "Not connected";
    default: {
      const word = connection.state === "offline" ? "Offline" : "Reconnecting";
      const seconds = Math.max(0, Math.ceil((connection.retryAt - now) / 1000));
      return `${word} (attempt ${connection.attempt}, ${seconds > 0 ? `in ${seconds} s` : "now"})`;
    }
  }
}

function useSeconds(isCounting: boolean): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!isCounting) return;
    setNow(Date.now());
    const timer = window.setInterval(() => setNow(Date.now()), 500);
    return () => window.clearInterval(timer);
  }, [isCounting]);
  return now;
}
