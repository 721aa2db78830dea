// The list of received posts as its reader wants it: filtered, followed, held; and the post opened.
import { type ReactNode, useCallback, useMemo, useRef, useState } from "react";
import type { Post } from "@/api/types";
import { formatCount } from "@/lib/format";
import classes from "./live.module.css";
import { LiveList } from "./live-list";
import type { LiveStore } from "./live-store";
import { LiveToolbar } from "./live-toolbar";
import { RowWindow } from "./row-window";
import { useFollow } from "./use-follow";
import { useLive } from "./use-scrape-stream";

export type RenderPost = (post: Post, onClose: () => void) => ReactNode;

interface LivePostsProps {
  store: LiveStore;
  renderPost: RenderPost | undefined;
}

export function LivePosts({ store, renderPost }: LivePostsProps) {
  const version = useLive(store, (live) => live.version());
  const [view] = useState(() => new RowWindow());
  const [text, setText] = useState("");
  const [isPaused, setPaused] = useState(false);
  const [opened, setOpened] = useState<Post | null>(null);
  // Rows come in between two versions too: counted in a drawing that React drops, they would never
  // be followed.
  // biome-ignore lint/correctness/useExhaustiveDependencies: both change what the view shows
  const shown = useMemo(() => view.look(store.state, text), [view, store, text, version, isPaused]);
  const { count, heldBack } = shown;
  const scroller = useRef<HTMLElement>(null);
  const follow = useFollow(scroller, count);
  const seen = useRef(0);
  if (follow.isOn) seen.current = count;
  const unseen = Math.max(0, count - seen.current) + heldBack;
  const open = useCallback((post: Post) => setOpened(post), []);
  const close = useCallback(() => setOpened(null), []);
  const pause = useCallback(
    (on: boolean) => {
      if (on) view.pause(store.state);
      else view.resume();
      setPaused(on);
    },
    [view, store],
  );
  function showNewest(): void {
    pause(false);
    follow.turn(true);
  }
  return (
    <section aria-label="Live posts">
      <LiveToolbar
        text={text}
        isFollowing={follow.isOn}
        isPaused={isPaused}
        onText={setText}
        onFollow={follow.turn}
        onPause={pause}
      />
      <div className={classes.split}>
        <LiveList
          scroller={scroller}
          shown={shown}
          isGrowing={!store.isOver}
          isFollowing={follow.isOn}
          selected={opened?.id}
          onOpen={open}
        />
        {count === 0 && <Emptiness store={store} isFiltered={text.trim() !== ""} />}
        {unseen > 0 && (
          <button type="button" className={classes.pill} onClick={showNewest}>
            {formatCount(unseen)} new
          </button>
        )}
        {opened && renderPost?.(opened, close)}
      </div>
    </section>
  );
}

function Emptiness({ store, isFiltered }: { store: LiveStore; isFiltered: boolean }) {
  const waiting = store.isOver ? "The run brought no posts." : "Waiting for the first post";
  return <p className={classes.empty}>{isFiltered ? "No received post matches." : waiting}</p>;
}
