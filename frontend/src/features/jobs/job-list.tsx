// All runs of a project or of everything, by status.
import { Button, SegmentedControl } from "@mantine/core";
import { IconFilterOff, IconFlame } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { rowsOf } from "@/api/lists";
import type { RunStatus } from "@/api/types";
import { EmptyState } from "@/components/empty-state";
import { ErrorPanel } from "@/components/error-panel";
import { LoadingRows } from "@/components/loading-rows";
import { useKeySequences } from "@/hooks/use-key-sequences";
import { useRowKeys } from "@/hooks/use-row-keys";
import classes from "./job-list.module.css";
import { JobTable } from "./job-table";
import { usePolledJobs } from "./use-polled-jobs";

const STATUSES = ["all", "pending", "running", "completed", "partial", "failed", "cancelled"];

interface JobListProps {
  projectId?: number;
  status: RunStatus | undefined;
  onStatus: (status: RunStatus | undefined) => void;
  action?: ReactNode;
}

export function JobList({ projectId, status, onStatus, action }: JobListProps) {
  const runs = usePolledJobs({ project: projectId, status });
  const jobs = rowsOf(runs.data);
  useKeySequences({ r: () => void runs.refetch() });
  const rows = useRowKeys();
  return (
    <>
      <div className={classes.filter}>
        <SegmentedControl
          aria-label="Status"
          size="xs"
          data={STATUSES}
          value={status ?? "all"}
          onChange={(value) => onStatus(value === "all" ? undefined : (value as RunStatus))}
        />
      </div>
      {runs.error && (
        <ErrorPanel
          error={runs.error}
          hasOlderData={!!runs.data}
          onRetry={() => void runs.refetch()}
        />
      )}
      {runs.isPending && <LoadingRows />}
      {runs.data && jobs.length === 0 && (
        <NoRuns status={status} onStatus={onStatus} action={action} />
      )}
      {jobs.length > 0 && (
        <div ref={rows}>
          <JobTable jobs={jobs} />
        </div>
      )}
      {runs.hasNextPage && (
        <Button
          variant="default"
          mt="md"
          loading={runs.isFetchingNextPage}
          onClick={() => void runs.fetchNextPage()}
        >
          Older runs
        </Button>
      )}
    </>
  );
}

function NoRuns({ status, onStatus, action }: Omit<JobListProps, "projectId">) {
  if (status === undefined) {
    return (
      <EmptyState icon={<IconFlame size={22} />} title="No runs yet" action={action}>
        A run collects the posts of one or more subreddits, live or in the background.
      </EmptyState>
    );
  }
  return (
    <EmptyState
      icon={<IconFilterOff size={22} />}
      title={`No ${status} runs`}
      action={
        <Button variant="default" onClick={() => onStatus(undefined)}>
          Clear filter
        </Button>
      }
    />
  );
}
