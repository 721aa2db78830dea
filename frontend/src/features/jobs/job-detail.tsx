// One run: its state, its counters, its subreddits, its history. Asks again until the run has ended.
import { Group, Progress, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { jobQuery } from "@/api/jobs";
import { isTerminal, type Job } from "@/api/types";
import { Counter, Counters } from "@/components/counter";
import { ErrorPanel } from "@/components/error-panel";
import { LoadingRows } from "@/components/loading-rows";
import { PageHeader } from "@/components/page-header";
import { RelativeTime } from "@/components/relative-time";
import { StatusBadge } from "@/components/status-badge";
import { formatCount, formatDuration } from "@/lib/format";
import { usePolledQuery } from "@/lib/polling";
import { JobActions } from "./job-actions";
import { JobHistory } from "./job-history";
import { durationOf } from "./job-table";
import { TargetTable } from "./target-table";

export function JobDetail({ jobId }: { jobId: number }) {
  const run = usePolledQuery(jobQuery(jobId), (job: Job) => [job.status]);
  const job = run.data;
  if (run.isPending) return <LoadingRows count={4} height={64} />;
  return (
    <>
      {job && (
        <PageHeader
          title={`Run #${job.id}`}
          subtitle={<Origin job={job} />}
          badge={<StatusBadge status={job.status} isMain />}
        >
          <JobActions
            job={job}
            isUpdating={run.isRefetching}
            onRefresh={() => void run.refetch()}
          />
        </PageHeader>
      )}
      {run.error && (
        <ErrorPanel error={run.error} hasOlderData={!!job} onRetry={() => void run.refetch()} />
      )}
      {job && <JobFacts job={job} updatedAt={run.dataUpdatedAt} />}
    </>
  );
}

function JobFacts({ job, updatedAt }: { job: Job; updatedAt: number }) {
  const isOver = isTerminal(job.status);
  return (
    <>
      {!isOver && (
        <>
          <Progress value={job.progress * 100} aria-label="Progress" mb={6} />
          <Text size="xs" c="dimmed" mb="md">
            {Math.round(job.progress * 100)} %
            {job.eta_seconds !== null && `, about ${formatDuration(job.eta_seconds)} left`}
            {" · updated "}
            <RelativeTime at={new Date(updatedAt).toISOString()} />
          </Text>
        </>
      )}
      <Counters>
        <Counter label="Posts" value={formatCount(job.posts_scraped)} />
        <Counter label="New to the project" value={formatCount(job.posts_new)} />
        <Counter label="Comments" value={formatCount(job.comments_scraped)} />
        <Counter label="Requests" value={formatCount(job.requests_made)} />
        <Counter label="Took" value={durationOf(job)} />
      </Counters>
      <TargetTable job={job} />
      <JobHistory jobId={job.id} version={`${job.event_seq} ${job.status}`} />
    </>
  );
}

function Origin({ job }: { job: Job }) {
  return (
    <Group gap={6} component="span">
      {job.mode === "stream" ? "Live" : "Background"} · {job.backend} · started{" "}
      <RelativeTime at={job.started_at ?? job.created_at} />
      {job.retry_of !== null && (
        <>
          · retry of
          <Link
            to="/projects/$projectId/runs/$jobId"
            params={{ projectId: job.project, jobId: job.retry_of }}
          >
            #{job.retry_of}
          </Link>
        </>
      )}
    </Group>
  );
}
