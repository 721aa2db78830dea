// A thread as it comes, depth first and flat: which of its comments are in sight, and what each hides.
import type { Comment } from "@/api/types";

export interface CommentRow {
  comment: Comment;
  /** How many of the comments at hand stand below this one. */
  replies: number;
  isCollapsed: boolean;
}

/** Returns the comments that no collapsed one hides. */
export function rowsInSight(comments: Comment[], collapsed: ReadonlySet<string>): CommentRow[] {
  const replies = countReplies(comments);
  const rows: CommentRow[] = [];
  let hiddenBelow = Number.POSITIVE_INFINITY;
  for (const [index, comment] of comments.entries()) {
    if (comment.depth > hiddenBelow) continue;
    const isCollapsed = collapsed.has(comment.id);
    hiddenBelow = isCollapsed ? comment.depth : Number.POSITIVE_INFINITY;
    rows.push({ comment, replies: replies[index] ?? 0, isCollapsed });
  }
  return rows;
}

function countReplies(comments: Comment[]): number[] {
  const counts = comments.map(() => 0);
  const above: number[] = [];
  for (const [index, { depth }] of comments.entries()) {
    while (above.length > 0 && (comments[above.at(-1) as number]?.depth ?? 0) >= depth) above.pop();
    for (const parent of above) counts[parent] = (counts[parent] ?? 0) + 1;
    above.push(index);
  }
  return counts;
}
