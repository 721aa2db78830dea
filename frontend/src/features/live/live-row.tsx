// One received post: plain elements and nothing to compute, since hundreds may come in a second.
import { memo } from "react";
import type { Post } from "@/api/types";
import { formatAgo, formatCompact, plural } from "@/lib/format";
import classes from "./live-list.module.css";

interface LiveRowProps {
  post: Post;
  top: number;
  position: number;
  size: number;
  isSelected: boolean;
  onOpen: (post: Post) => void;
}

export const LiveRow = memo(function LiveRow(props: LiveRowProps) {
  const { post, top, position, size, isSelected, onOpen } = props;
  return (
    <article
      className={classes.row}
      style={{ transform: `translateY(${top}px)` }}
      aria-posinset={position}
      aria-setsize={size}
      aria-labelledby={`live-${post.id}`}
      data-post={post.id}
    >
      <span className={classes.score} title="Score">
        {formatCompact(post.score)}
      </span>
      <span className={classes.words}>
        <button
          type="button"
          id={`live-${post.id}`}
          className={classes.title}
          aria-current={isSelected}
          onClick={() => onOpen(post)}
        >
          {post.title}
        </button>
        <span className={classes.meta}>
          r/{post.subreddit} · {post.author ? `u/${post.author}` : "[deleted]"}
          {post.flair && ` · ${post.flair}`}
          {post.over_18 && " · 18+"}
        </span>
      </span>
      <span className={classes.side}>
        {post.num_comments === null ? "–" : plural(post.num_comments, "comment")}
        <br />
        {formatAgo(post.created_at, Date.now())}
      </span>
    </article>
  );
});
