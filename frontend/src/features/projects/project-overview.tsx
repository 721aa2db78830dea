// What a project holds: counters, posts per day, its subreddits, its latest runs.
import { Grid, Paper, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { overviewQuery } from "@/api/projects";
import { Counter, Counters } from "@/components/counter";
import { DayBars } from "@/components/day-bars";
import { ErrorPanel } from "@/components/error-panel";
import { LoadingRows } from "@/components/loading-rows";
import { formatCompact, formatCount } from "@/lib/format";
import { SubredditTable } from "./subreddit-table";

interface ProjectOverviewProps {
  projectId: number;
  recentRuns: ReactNode;
  firstStep: ReactNode;
}

export function ProjectOverview({ projectId, recentRuns, firstStep }: ProjectOverviewProps) {
  const { data, error, isPending, refetch } = useQuery(overviewQuery(projectId));
  if (isPending) return <LoadingRows count={3} height={96} />;
  const runs = Object.values(data?.jobs ?? {}).reduce((sum, count) => sum + count, 0);
  return (
    <>
      {error && <ErrorPanel error={error} hasOlderData={!!data} onRetry={() => void refetch()} />}
      {data && data.posts === 0 && runs === 0 && firstStep}
      {data && (data.posts > 0 || runs > 0) && (
        <>
          <Counters>
            <Counter label="Posts" value={formatCount(data.posts)} />
            <Counter label="Authors" value={formatCount(data.authors)} />
            <Counter label="Subreddits" value={formatCount(data.subreddits.length)} />
            <Counter label="Runs" value={formatCount(runs)} note={failuresOf(data.jobs)} />
          </Counters>
          <Grid gap="lg">
            <Grid.Col span={{ base: 12, md: 7 }}>
              <Paper withBorder p="md" component="section" aria-labelledby="per-day">
                <Title order={2} id="per-day" mb="sm">
                  Posts per day
                </Title>
                {data.posts_per_day.length > 0 ? (
                  <DayBars
                    label="Posts per day"
                    days={data.posts_per_day.map(({ date, posts }) => ({ date, count: posts }))}
                  />
                ) : (
                  <Text size="sm" c="dimmed">
                    No posts of the last 90 days.
                  </Text>
                )}
              </Paper>
            </Grid.Col>
            <Grid.Col span={{ base: 12, md: 5 }}>
              <SubredditTable projectId={projectId} subreddits={data.subreddits} />
            </Grid.Col>
          </Grid>
        </>
      )}
      {runs > 0 && recentRuns}
    </>
  );
}

function failuresOf(jobs: Record<string, number>): string | undefined {
  const failed = jobs.failed ?? 0;
  return failed > 0 ? `${formatCompact(failed)} failed` : undefined;
}
