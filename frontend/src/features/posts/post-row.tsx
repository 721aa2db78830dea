// One post as a row: plain elements, since a screen draws many of them.
import { memo } from "react";
import type { Post } from "@/api/types";
import { formatAgo, formatCompact, plural } from "@/lib/format";
import classes from "./posts-page.module.css";

interface PostRowProps {
  post: Post;
  top: number;
  isSelected: boolean;
  onSelect: (fullname: string) => void;
}

export const PostRow = memo(function PostRow({ post, top, isSelected, onSelect }: PostRowProps) {
  return (
    <button
      type="button"
      className={classes.row}
      style={{ transform: `translateY(${top}px)` }}
      aria-current={isSelected}
      onClick={() => onSelect(post.id)}
    >
      <span className={classes.score} title="Score">
        {formatCompact(post.score)}
      </span>
      <span>
        <span className={classes.title}>{post.title}</span>
        <span className={classes.meta}>
          r/{post.subreddit} · {post.author ? `u/${post.author}` : "[deleted]"}
          {post.flair && ` · ${post.flair}`}
          {post.over_18 && " · 18+"}
        </span>
      </span>
      <span className={classes.side}>
        {plural(post.num_comments, "comment")}
        <br />
        <time dateTime={post.created_at} title={post.created_at}>
          {formatAgo(post.created_at, Date.now())}
        </time>
      </span>
    </button>
  );
});
