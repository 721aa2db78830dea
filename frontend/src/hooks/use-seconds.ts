// A clock that ticks once a second, for countdowns and for what has just been updated.
import { useEffect, useState } from "react";

/** Returns the present moment in milliseconds, renewed every second. */
export function useSeconds(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now()), 1_000);
    return () => window.clearInterval(timer);
  }, []);
  return now;
}
