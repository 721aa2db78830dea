// What happened on the way: changes of source, waits, take-overs. The newest is in sight.
import { useState } from "react";
import { plural } from "@/lib/format";
import classes from "./live.module.css";
import type { LiveStore } from "./live-store";
import { noticeSentence } from "./notice-words";
import { useLive } from "./use-scrape-stream";

export function LiveNotices({ store }: { store: LiveStore }) {
  const notices = useLive(store, ({ state }) => state.notices);
  const [isOpen, setOpen] = useState(false);
  const newest = notices.at(-1);
  if (!newest) return null;
  const shown = isOpen ? [...notices].reverse() : [newest];
  return (
    <section className={classes.notices} aria-label="Notices">
      <ul>
        {shown.map((notice) => (
          <li key={notice.id}>{noticeSentence(notice)}</li>
        ))}
      </ul>
      {notices.length > 1 && (
        <button type="button" className={classes.link} onClick={() => setOpen(!isOpen)}>
          {isOpen ? "Show only the newest" : `Show all ${plural(notices.length, "notice")}`}
        </button>
      )}
    </section>
  );
}
