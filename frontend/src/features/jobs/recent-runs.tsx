// The latest runs of a project, for its overview.

import { Group, Title } from "@mantine/core";
import { ErrorPanel } from "@/components/error-panel";
import { TextLink } from "@/components/link";
import { LoadingRows } from "@/components/loading-rows";
import { JobTable } from "./job-table";
import { usePolledJobs } from "./use-polled-jobs";

const SHOWN = 5;

export function RecentRuns({ projectId }: { projectId: number }) {
  const { data, error, isPending, refetch } = usePolledJobs({ project: projectId }, SHOWN);
  return (
    <section aria-labelledby="recent-runs">
      <Group justify="space-between" mt="xl" mb="xs">
        <Title order={2} id="recent-runs">
          Recent runs
        </Title>
        <TextLink to="/projects/$projectId/runs" params={{ projectId }} size="sm">
          All runs
        </TextLink>
      </Group>
      {error && <ErrorPanel error={error} hasOlderData={!!data} onRetry={() => void refetch()} />}
      {isPending && <LoadingRows count={3} />}
      {data && <JobTable jobs={data.results} />}
    </section>
  );
}
