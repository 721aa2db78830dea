// One post in full beside the list. Its text is somebody else's: inert Markdown, marked links.
import { ActionIcon, Anchor, Badge, Group, Text } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { IconExternalLink, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { postQuery } from "@/api/posts";
import type { Post } from "@/api/types";
import { CopyButton } from "@/components/copy-button";
import { ErrorPanel } from "@/components/error-panel";
import { LoadingRows } from "@/components/loading-rows";
import { Markdown } from "@/components/markdown";
import { RelativeTime } from "@/components/relative-time";
import { RemoteImage } from "@/components/remote-image";
import { plural } from "@/lib/format";
import { FOREIGN_LINK, safeHref } from "@/lib/safe-link";
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
      {post ? <PostBody post={post} /> : fetched.isPending && <LoadingRows count={4} />}
    </aside>
  );
}

function PostBody({ post }: { post: Post }) {
  const href = safeHref(post.permalink);
  const target = post.is_self ? null : safeHref(post.url);
  return (
    <article>
      <h2 className={classes.peekTitle}>{post.title}</h2>
      <Text component="div" size="sm" c="dimmed" mb="sm">
        r/{post.subreddit} · {post.author ? `u/${post.author}` : "[deleted]"} ·{" "}
        <RelativeTime at={post.created_at} />
        {post.edited_at && " · edited"}
      </Text>
      <Group gap={6} mb="md">
        <Badge variant="light">{plural(post.score, "point")}</Badge>
        <Badge variant="light" color="gray">
          {plural(post.num_comments, "comment")}
        </Badge>
        {post.flair && (
          <Badge variant="outline" color="gray" tt="none" maw={260}>
            {post.flair}
          </Badge>
        )}
        {post.over_18 && <Badge color="red">18+</Badge>}
        {post.removed && <Badge color="yellow">{post.removed}</Badge>}
      </Group>
      {target && (
        <Text size="sm" mb="sm" truncate>
          <Anchor href={target} {...FOREIGN_LINK} inherit>
            {post.domain || target}
          </Anchor>
        </Text>
      )}
      {post.selftext && <Markdown text={post.selftext} />}
      {post.media.map((media) => {
        const address = media.type === "video" ? null : safeHref(media.url);
        return (
          address && <RemoteImage key={media.url} address={address} alt={`Picture of ${post.id}`} />
        );
      })}
      {href && (
        <Anchor href={href} {...FOREIGN_LINK} size="sm" mt="md" display="inline-block">
          Open on Reddit <IconExternalLink size={13} aria-hidden="true" />
        </Anchor>
      )}
    </article>
  );
}
