// What can be done with a run in its present state.
import { Button, Group } from "@mantine/core";
import { IconPlayerStop, IconRefresh, IconRotate } from "@tabler/icons-react";
import { isTerminal, type Job } from "@/api/types";
import { ApiCallButton } from "@/components/api-call-button";
import { ErrorPanel } from "@/components/error-panel";
import { useKeySequences } from "@/hooks/use-key-sequences";
import { useJobActions } from "./use-job-actions";

interface JobActionsProps {
  job: Job;
  isUpdating: boolean;
  onRefresh: () => void;
}

export function JobActions({ job, isUpdating, onRefresh }: JobActionsProps) {
  const { cancel, retry } = useJobActions(job);
  const isOver = isTerminal(job.status);
  const canRetry =
    job.status === "failed" || job.status === "partial" || job.status === "cancelled";
  useKeySequences({ r: onRefresh });
  const error = cancel.error ?? retry.error;
  return (
    <>
      <Group gap="xs">
        <Button
          variant="default"
          loading={isUpdating}
          leftSection={<IconRefresh size={15} aria-hidden="true" />}
          onClick={onRefresh}
        >
          Refresh
        </Button>
        <ApiCallButton
          call={{ method: "POST", path: "/api/scraper/jobs/", body: requestOf(job) }}
        />
        {canRetry && (
          <Button
            leftSection={<IconRotate size={15} aria-hidden="true" />}
            loading={retry.isPending}
            onClick={() => retry.mutate()}
          >
            Retry failed
          </Button>
        )}
        {!isOver && (
          <Button
            color="red"
            variant="light"
            leftSection={<IconPlayerStop size={15} aria-hidden="true" />}
            loading={cancel.isPending || job.cancel_requested}
            onClick={() => cancel.mutate()}
          >
            Cancel
          </Button>
        )}
      </Group>
      {error && <ErrorPanel error={error} />}
    </>
  );
}

function requestOf(job: Job): Record<string, unknown> {
  return {
    project: job.project,
    mode: job.mode,
    backend: job.backend,
    subreddits: job.targets.map((target) => target.subreddit),
    ...job.config,
  };
}
