// What can be done with a run in its present state.
import { Button, Group } from "@mantine/core";
import { IconCopyPlus, IconPlayerStop, IconRotate } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { projectQuery } from "@/api/projects";
import { isTerminal, type Job } from "@/api/types";
import { ApiCallButton } from "@/components/api-call-button";
import { ErrorPanel } from "@/components/error-panel";
import { draftOf, requestOf } from "./job-draft";
import { useJobActions } from "./use-job-actions";

const loadDialog = () => import("./scrape-dialog");
const ScrapeDialog = lazy(loadDialog);

export function JobActions({ job }: { job: Job }) {
  const { cancel, retry } = useJobActions(job);
  const isUnfinished = job.targets.some((target) => target.status !== "completed");
  const canRetry = isTerminal(job.status) && job.status !== "completed" && isUnfinished;
  const error = cancel.error ?? retry.error;
  return (
    <>
      <Group gap="xs">
        <ApiCallButton
          call={{ method: "POST", path: "/api/scraper/jobs/", body: requestOf(job) }}
        />
        <Duplicate job={job} />
        {canRetry && (
          <Button
            leftSection={<IconRotate size={15} aria-hidden="true" />}
            loading={retry.isPending}
            onClick={() => retry.mutate()}
          >
            Retry failed
          </Button>
        )}
        {!isTerminal(job.status) && (
          <Button
            color="red"
            variant="light"
            leftSection={<IconPlayerStop size={15} aria-hidden="true" />}
            loading={cancel.isPending}
            disabled={job.cancel_requested}
            onClick={() => cancel.mutate()}
          >
            {job.cancel_requested ? "Cancelling" : "Cancel"}
          </Button>
        )}
      </Group>
      {error && <ErrorPanel error={error} />}
    </>
  );
}

/** Opens the form of a new scrape with what this run was asked. */
function Duplicate({ job }: { job: Job }) {
  const [isOpen, setOpen] = useState(false);
  const project = useQuery({ ...projectQuery(job.project), enabled: isOpen });
  return (
    <>
      <Button
        variant="default"
        loading={isOpen && project.isLoading}
        leftSection={<IconCopyPlus size={15} aria-hidden="true" />}
        onPointerEnter={() => void loadDialog().catch(() => {})}
        onClick={() => setOpen(true)}
      >
        Duplicate
      </Button>
      {isOpen && project.error && <ErrorPanel error={project.error} />}
      {isOpen && project.data && (
        <Suspense>
          <ScrapeDialog
            project={project.data}
            title={`New scrape, like run #${job.id}`}
            initial={draftOf(job)}
            onClose={() => setOpen(false)}
          />
        </Suspense>
      )}
    </>
  );
}
