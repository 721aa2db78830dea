// The comments below a post: how many of them are here, nested, each thread with its fold.
import { Button, Group, Text, Title } from "@mantine/core";
import { IconMessages } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";
import { commentsQuery } from "@/api/comments";
import { rowsOf } from "@/api/lists";
import type { Post } from "@/api/types";
import { ErrorPanel } from "@/components/error-panel";
import { LoadingRows } from "@/components/loading-rows";
import { RelativeTime } from "@/components/relative-time";
import { formatCount, plural } from "@/lib/format";
import { CommentItem } from "./comment-item";
import classes from "./comment-thread.module.css";
import { rowsInSight } from "./comment-tree";

const NONE: ReadonlySet<string> = new Set();

export function CommentThread({ projectId, post }: { projectId: number; post: Post }) {
  const thread = useInfiniteQuery(commentsQuery(projectId, post.id));
  const [collapsed, setCollapsed] = useState(NONE);
  const comments = useMemo(() => rowsOf(thread.data), [thread.data]);
  const rows = useMemo(() => rowsInSight(comments, collapsed), [comments, collapsed]);
  const toggle = useCallback((id: string) => {
    setCollapsed((before) => {
      const after = new Set(before);
      if (!after.delete(id)) after.add(id);
      return after;
    });
  }, []);
  const roots = comments.filter((comment) => comment.depth === 0).map((comment) => comment.id);
  const areFolded = roots.length > 0 && roots.every((id) => collapsed.has(id));
  return (
    <section aria-labelledby="comments" className={classes.thread}>
      <Group justify="space-between" wrap="nowrap" align="flex-start" mb={6}>
        <div>
          <Title order={3} id="comments">
            Comments
          </Title>
          <Completeness post={post} />
        </div>
        {roots.length > 1 && (
          <Button
            variant="subtle"
            flex="none"
            size="compact-xs"
            onClick={() => setCollapsed(areFolded ? NONE : new Set(roots))}
          >
            {areFolded ? "Unfold all" : "Fold all"}
          </Button>
        )}
      </Group>
      {thread.error && (
        <ErrorPanel
          error={thread.error}
          hasOlderData={comments.length > 0}
          onRetry={() =>
            void (thread.isFetchNextPageError ? thread.fetchNextPage() : thread.refetch())
          }
        />
      )}
      {thread.isPending && <LoadingRows count={4} height={56} />}
      {thread.data && comments.length === 0 && <NoComments post={post} />}
      {rows.length > 0 && (
        <ol className={classes.list}>
          {rows.map((row) => (
            <CommentItem key={row.comment.id} {...row} onToggle={toggle} />
          ))}
        </ol>
      )}
      {thread.hasNextPage && (
        <Button
          variant="default"
          mt="sm"
          loading={thread.isFetchingNextPage}
          onClick={() => void thread.fetchNextPage()}
        >
          More comments
        </Button>
      )}
    </section>
  );
}

/** `212 of 240`: what the last reading gave of what Reddit counted then. */
function Completeness({ post }: { post: Post }) {
  const { comments_fetched: fetched, comments_expected: expected } = post;
  if (fetched === null) return null;
  const isShort = expected !== null && fetched < expected;
  return (
    <Text size="xs" c="dimmed" component="div">
      {expected === null
        ? plural(fetched, "comment")
        : `${formatCount(fetched)} of ${formatCount(expected)}`}
      {post.comments_fetched_at && (
        <>
          , read <RelativeTime at={post.comments_fetched_at} />
        </>
      )}
      {isShort && ". Reddit counts removed ones too, and a limit may have cut the rest."}
    </Text>
  );
}

function NoComments({ post }: { post: Post }) {
  const wasRead = post.comments_fetched !== null;
  return (
    <div className={classes.empty}>
      <IconMessages size={18} aria-hidden="true" />
      <Text size="sm" c="dimmed">
        {wasRead
          ? "Nobody had written anything when this post was read."
          : "They were not read. Start a scrape with “Comments too” to have them."}
      </Text>
    </div>
  );
}
