// One run: its state, its counters, and behind tabs its subreddits, its events and what was asked.
// Asks again until the run has ended.
import { Group, Progress, Tabs, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { lazy, type ReactNode, Suspense } from "react";
import { jobQuery } from "@/api/jobs";
import { isTerminal, type Job } from "@/api/types";
import { Counter, Counters } from "@/components/counter";
import { ErrorPanel } from "@/components/error-panel";
import { LoadingRows } from "@/components/loading-rows";
import { PageHeader } from "@/components/page-header";
import { RelativeTime } from "@/components/relative-time";
import { StatusBadge } from "@/components/status-badge";
import { UpdatedAgo } from "@/components/updated-ago";
import { formatCount, formatDuration } from "@/lib/format";
import { usePolledQuery } from "@/lib/polling";
import { JobActions } from "./job-actions";
import classes from "./job-detail.module.css";
import { JobOutcome } from "./job-outcome";
import { durationOf, ORIGINS, sharesOf } from "./job-words";
import { TargetTable } from "./target-table";

const JobLog = lazy(async () => ({ default: (await import("./job-log")).JobLog }));
const JobInput = lazy(async () => ({ default: (await import("./job-input")).JobInput }));

export const JOB_TABS = ["log", "input"] as const;
export type JobTab = (typeof JOB_TABS)[number];

interface JobDetailProps {
  jobId: number;
  /** The open tab; the subreddits when there is none. */
  tab: JobTab | undefined;
  onTab: (tab: JobTab | undefined) => void;
}

export function JobDetail({ jobId, tab, onTab }: JobDetailProps) {
  const run = usePolledQuery(jobQuery(jobId), (job: Job) => [job.status]);
  const job = run.data;
  const refresh = () => void run.refetch();
  if (run.isPending) return <LoadingRows count={4} height={64} />;
  return (
    <>
      {job && (
        <PageHeader
          title={`Run #${job.id}`}
          subtitle={<Origin job={job} />}
          badge={<StatusBadge status={job.status} isMain />}
        >
          <JobActions job={job} />
        </PageHeader>
      )}
      {run.error && <ErrorPanel error={run.error} hasOlderData={!!job} onRetry={refresh} />}
      {job && (
        <>
          <JobPace job={job} />
          <JobOutcome job={job} />
          <JobCounters job={job} />
          <JobTabs job={job} tab={tab} onTab={onTab}>
            <UpdatedAgo at={run.dataUpdatedAt} isUpdating={run.isRefetching} onRefresh={refresh} />
          </JobTabs>
        </>
      )}
    </>
  );
}

/** How far a run has come; how far it came, once it has ended. */
function JobPace({ job }: { job: Job }) {
  if (isTerminal(job.status)) return null;
  const left = job.eta_seconds === null ? "" : `, about ${formatDuration(job.eta_seconds)} left`;
  const shares = sharesOf(job);
  return (
    <div className={classes.pace}>
      <Progress value={job.progress * 100} aria-label="Progress" mb={4} />
      <Text size="xs" c="dimmed">
        {Math.round(job.progress * 100)} %{left}
        {shares && ` · ${shares} complete`}
        {job.cancel_requested && " · cancelling"}
      </Text>
    </div>
  );
}

function JobCounters({ job }: { job: Job }) {
  return (
    <Counters>
      <Counter label="Posts" value={formatCount(job.posts_scraped)} />
      <Counter label="New to the project" value={formatCount(job.posts_new)} />
      <Counter label="Comments" value={formatCount(job.comments_scraped)} />
      <Counter label="Requests" value={formatCount(job.requests_made)} />
      <Counter label="Took" value={durationOf(job)} />
    </Counters>
  );
}

interface JobTabsProps extends Omit<JobDetailProps, "jobId"> {
  job: Job;
  /** What stands at the end of the row of tabs. */
  children: ReactNode;
}

function JobTabs({ job, tab, onTab, children }: JobTabsProps) {
  return (
    <Tabs
      value={tab ?? "subreddits"}
      onChange={(next) => onTab(JOB_TABS.find((known) => known === next))}
      keepMounted={false}
      className={classes.tabs}
    >
      <Tabs.List mb="sm">
        <Tabs.Tab value="subreddits">Subreddits</Tabs.Tab>
        <Tabs.Tab value="log">Events</Tabs.Tab>
        <Tabs.Tab value="input">Input</Tabs.Tab>
      </Tabs.List>
      <div className={classes.freshness}>{children}</div>
      <Tabs.Panel value="subreddits">
        <TargetTable job={job} />
      </Tabs.Panel>
      <Suspense fallback={<LoadingRows count={6} height={32} />}>
        <Tabs.Panel value="log">
          <JobLog
            key={job.id}
            jobId={job.id}
            isOver={isTerminal(job.status)}
            version={job.event_seq}
          />
        </Tabs.Panel>
        <Tabs.Panel value="input">
          <JobInput job={job} />
        </Tabs.Panel>
      </Suspense>
    </Tabs>
  );
}

function Origin({ job }: { job: Job }) {
  return (
    <Group gap={6} component="span">
      {job.mode === "stream" ? "Live" : "Background"} · {job.backend} · from the{" "}
      {ORIGINS[job.origin]} · {job.started_at ? "started" : "queued"}{" "}
      <RelativeTime at={job.started_at ?? job.created_at} />
      {job.attempt > 1 && ` · taken up ${formatCount(job.attempt)} times`}
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
