// The received posts, newest at the end; only those in sight are in the document.
import { useVirtualizer } from "@tanstack/react-virtual";
import { type RefObject, useLayoutEffect, useRef } from "react";
import type { Post } from "@/api/types";
import classes from "./live-list.module.css";
import { LiveRow } from "./live-row";
import type { Shown } from "./row-window";

/** As in the style sheet: rows are never measured. */
const ROW_HEIGHT = 44;

interface LiveListProps {
  scroller: RefObject<HTMLElement | null>;
  shown: Shown;
  isGrowing: boolean;
  isFollowing: boolean;
  selected: string | undefined;
  onOpen: (post: Post) => void;
}

export function LiveList(props: LiveListProps) {
  const { scroller, shown, isGrowing, isFollowing, selected, onOpen } = props;
  const { rows, count, dropped } = shown;
  const virtual = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    getItemKey: (index) => rows[index]?.id ?? index,
    overscan: 6,
  });
  useStayOverDropped(scroller, dropped, isFollowing);
  return (
    <section
      ref={scroller}
      className={classes.list}
      aria-label="Received posts"
      data-testid="live-list"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller has to be reachable by keyboard
      tabIndex={0}
    >
      <div
        className={classes.space}
        style={{ height: virtual.getTotalSize() }}
        role="feed"
        aria-label="Posts"
        aria-busy={isGrowing}
      >
        {virtual.getVirtualItems().map(({ key, index, start }) => {
          const post = rows[index];
          return (
            post && (
              <LiveRow
                key={key}
                post={post}
                top={start}
                position={dropped + index + 1}
                size={isGrowing ? -1 : dropped + count}
                isSelected={post.id === selected}
                onOpen={onOpen}
              />
            )
          );
        })}
      </div>
    </section>
  );
}

/** Keeps a reader's place when rows above it are dropped. */
function useStayOverDropped(
  scroller: RefObject<HTMLElement | null>,
  dropped: number,
  isFollowing: boolean,
): void {
  const before = useRef(dropped);
  useLayoutEffect(() => {
    const gone = dropped - before.current;
    before.current = dropped;
    if (gone > 0 && !isFollowing && scroller.current)
      scroller.current.scrollTop -= gone * ROW_HEIGHT;
  }, [dropped, isFollowing, scroller]);
}
