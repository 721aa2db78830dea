// Posts held of each subreddit, each leading to those posts.

import { Paper, Text, Title } from "@mantine/core";
import { TextLink } from "@/components/link";
import { RelativeTime } from "@/components/relative-time";
import tables from "@/components/table.module.css";
import { formatCount } from "@/lib/format";
import classes from "./subreddit-table.module.css";

interface SubredditTableProps {
  projectId: number;
  subreddits: { subreddit: string; posts: number; last_fetched_at: string }[];
}

export function SubredditTable({ projectId, subreddits }: SubredditTableProps) {
  return (
    <Paper withBorder p="md" component="section" aria-labelledby="subreddits">
      <Title order={2} id="subreddits" mb="xs">
        Subreddits
      </Title>
      {subreddits.length === 0 && (
        <Text size="sm" c="dimmed">
          None has posts yet.
        </Text>
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller has to be reachable by keyboard */}
      <section className={classes.scroller} aria-label="Subreddits by posts" tabIndex={0}>
        <table className={tables.table}>
          <tbody>
            {subreddits.map((row) => (
              <tr key={row.subreddit} className={tables.row}>
                <td>
                  <TextLink
                    to="/projects/$projectId/posts"
                    params={{ projectId }}
                    search={{ subreddit: row.subreddit }}
                    className={tables.main}
                  >
                    r/{row.subreddit}
                  </TextLink>
                </td>
                <td className={tables.number} data-label="Posts">
                  {formatCount(row.posts)}
                </td>
                <td className={tables.number}>
                  <RelativeTime at={row.last_fetched_at} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </Paper>
  );
}
