// One comment: who, when, what; its text is somebody else's and stays inert.
import { Badge } from "@mantine/core";
import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { memo } from "react";
import type { Comment } from "@/api/types";
import { Markdown } from "@/components/markdown";
import { RelativeTime } from "@/components/relative-time";
import { plural } from "@/lib/format";
import classes from "./comment-thread.module.css";
import type { CommentRow } from "./comment-tree";

// Deeper ones are not moved further in: a phone has no room for it.
const DEEPEST_INDENT = 8;

const GONE = {
  deleted: "Deleted by its author",
  removed: "Removed by a moderator",
} as const;

interface CommentItemProps extends CommentRow {
  onToggle: (id: string) => void;
}

export const CommentItem = memo(function CommentItem(props: CommentItemProps) {
  const { comment, replies, isCollapsed, onToggle } = props;
  const author = comment.author ? `u/${comment.author}` : "[deleted]";
  const Fold = isCollapsed ? IconChevronRight : IconChevronDown;
  return (
    <li
      className={classes.item}
      style={{ "--depth": Math.min(comment.depth, DEEPEST_INDENT) } as React.CSSProperties}
      data-depth={comment.depth}
    >
      <article aria-label={`Comment by ${author}, level ${comment.depth + 1}`}>
        <header className={classes.head}>
          <button
            type="button"
            className={classes.fold}
            aria-expanded={!isCollapsed}
            aria-label={`${isCollapsed ? "Unfold" : "Fold"} the comment by ${author}`}
            onClick={() => onToggle(comment.id)}
          >
            <Fold size={14} aria-hidden="true" />
          </button>
          <strong className={classes.author}>{author}</strong>
          <Marks comment={comment} />
          <span className={classes.meta}>
            {comment.score === null ? "score not known" : plural(comment.score, "point")}
            {" · "}
            <RelativeTime at={comment.created_at} />
            {comment.edited_at && " · edited"}
            {isCollapsed && replies > 0 && ` · ${plural(replies, "reply", "replies")} folded`}
          </span>
        </header>
        {!isCollapsed && <Body comment={comment} />}
      </article>
    </li>
  );
});

function Marks({ comment }: { comment: Comment }) {
  return (
    <>
      {comment.is_submitter && (
        <Badge size="xs" radius="sm" variant="light" title="Wrote the post">
          OP
        </Badge>
      )}
      {comment.distinguished && (
        <Badge size="xs" radius="sm" variant="light" color="green">
          {comment.distinguished}
        </Badge>
      )}
      {comment.stickied && (
        <Badge size="xs" radius="sm" variant="light" color="gray">
          pinned
        </Badge>
      )}
    </>
  );
}

function Body({ comment }: { comment: Comment }) {
  return (
    <div className={classes.body}>
      {comment.removed && <p className={classes.gone}>{GONE[comment.removed]}</p>}
      {comment.body && <Markdown text={comment.body} />}
    </div>
  );
}
