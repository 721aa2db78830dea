// Rows of posts, only those in sight drawn; J and K walk through them, Enter opens the panel.
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import type { Post } from "@/api/types";
import { useKeySequences } from "@/hooks/use-key-sequences";
import { PostRow } from "./post-row";
import classes from "./posts-page.module.css";

const ROW_HEIGHT = 52;
// Asked for before the end is in sight, so that scrolling does not stop there.
const ROWS_BEFORE_END = 20;

interface PostListProps {
  posts: Post[];
  selected: string | undefined;
  isStale: boolean;
  hasMore: boolean;
  onMore: () => void;
  onSelect: (fullname: string) => void;
}

export function PostList({ posts, selected, isStale, hasMore, onMore, onSelect }: PostListProps) {
  const scroller = useRef<HTMLElement>(null);
  const rows = useVirtualizer({
    count: posts.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    getItemKey: (index) => posts[index]?.id ?? index,
    overscan: 8,
  });
  const items = rows.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && last >= posts.length - ROWS_BEFORE_END) onMore();
  }, [hasMore, last, posts.length, onMore]);
  function step(by: number): void {
    const at = posts.findIndex((post) => post.id === selected);
    const next = Math.min(posts.length - 1, Math.max(0, at + by));
    const post = posts[next];
    if (!post) return;
    onSelect(post.id);
    rows.scrollToIndex(next);
  }
  useKeySequences({ j: () => step(1), k: () => step(-1) });
  return (
    <section
      ref={scroller}
      className={classes.list}
      data-stale={isStale || undefined}
      aria-label="Posts"
      aria-busy={isStale}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller has to be reachable by keyboard
      tabIndex={0}
    >
      <div className={classes.space} style={{ height: rows.getTotalSize() }}>
        {items.map((item) => {
          const post = posts[item.index];
          return (
            post && (
              <PostRow
                key={item.key}
                post={post}
                top={item.start}
                isSelected={post.id === selected}
                onSelect={onSelect}
              />
            )
          );
        })}
      </div>
    </section>
  );
}
