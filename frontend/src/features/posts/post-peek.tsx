// One post in full beside the list, with its comments.
import { ActionIcon, Group } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { postQuery } from "@/api/posts";
import type { Post } from "@/api/types";
import { CopyButton } from "@/components/copy-button";
import { ErrorPanel } from "@/components/error-panel";
import { TextLink } from "@/components/link";
import { LoadingRows } from "@/components/loading-rows";
import { CommentThread } from "./comment-thread";
import { PostBody } from "./post-body";
import classes from "./posts-page.module.css";

interface PostPeekProps {
  projectId: number;
  fullname: string;
  known: Post | undefined;
  onClose: () => void;
}

export function PostPeek({ projectId, fullname, known, onClose }: PostPeekProps) {
  const fetched = useQuery({ ...postQuery(projectId, fullname), placeholderData: known });
  const post = fetched.data;
  useHotkeys([["Escape", onClose]]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller has to be reachable by keyboard
    <aside className={classes.peek} aria-label="Post" tabIndex={0}>
      <Group justify="flex-end" gap={4} mb={4}>
        {post && (
          <TextLink
            to="/projects/$projectId/posts/$fullname"
            params={{ projectId, fullname: post.id }}
            size="sm"
            me="auto"
          >
            Open alone
          </TextLink>
        )}
        {post && <CopyButton text={post.id} label="Copy post id" />}
        <ActionIcon aria-label="Close post" onClick={onClose}>
          <IconX size={17} />
        </ActionIcon>
      </Group>
      {fetched.error && (
        <ErrorPanel
          error={fetched.error}
          hasOlderData={!!post}
          onRetry={() => void fetched.refetch()}
        />
      )}
      {post ? (
        <>
          <article>
            <h2 className={classes.peekTitle}>{post.title}</h2>
            <PostBody post={post} />
          </article>
          <CommentThread projectId={projectId} post={post} />
        </>
      ) : (
        fetched.isPending && <LoadingRows count={4} />
      )}
    </aside>
  );
}
