// A post in full, without its title. Its text is somebody else's: inert Markdown, marked links.
import { Anchor, Badge, Group, Text } from "@mantine/core";
import { IconExternalLink } from "@tabler/icons-react";
import type { Post } from "@/api/types";
import { Markdown } from "@/components/markdown";
import { RelativeTime } from "@/components/relative-time";
import { RemoteImage } from "@/components/remote-image";
import { plural } from "@/lib/format";
import { FOREIGN_LINK, safeHref } from "@/lib/safe-link";

export function PostBody({ post }: { post: Post }) {
  const href = safeHref(post.permalink);
  const target = post.is_self ? null : safeHref(post.url);
  return (
    <>
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
    </>
  );
}
