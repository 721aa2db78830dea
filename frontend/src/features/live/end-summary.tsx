// How a run ended, in sentences, and where to go from here.
import { Alert, Button, Group, Text } from "@mantine/core";
import { IconAlertTriangle, IconBan, IconCircleCheck, IconX } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { retryJob } from "@/api/jobs";
import { isTerminal, type Job } from "@/api/types";
import { ErrorPanel } from "@/components/error-panel";
import { type Failure, FailureList } from "@/components/failure-list";
import { formatCount, formatDuration, plural } from "@/lib/format";
import { randomId } from "@/lib/random-id";
import type { LiveStore } from "./live-store";
import { useLive } from "./use-scrape-stream";

const LOOKS = {
  completed: { color: "tetsu", icon: IconCircleCheck, title: "Completed" },
  partial: { color: "yellow", icon: IconAlertTriangle, title: "Partly completed" },
  failed: { color: "red", icon: IconX, title: "Failed" },
  cancelled: { color: "gray", icon: IconBan, title: "Cancelled" },
} as const;

export function EndSummary({ store }: { store: LiveStore }) {
  const job = useLive(store, ({ state }) => state.job);
  const failure = useLive(store, ({ state }) => state.failure);
  if (!job || !isTerminal(job.status)) return null;
  const { color, icon: Icon, title } = LOOKS[job.status as keyof typeof LOOKS];
  return (
    <Alert
      color={color}
      icon={<Icon size={18} aria-hidden="true" />}
      title={title}
      mb="md"
      data-testid="summary"
    >
      <Text size="sm">{outcomeSentence(job)}</Text>
      <FailureList failures={failuresOf(job, failure)} />
      <NextSteps job={job} />
    </Alert>
  );
}

function outcomeSentence(job: Job): string {
  const counts = `${plural(job.posts_scraped, "post")}, ${formatCount(job.posts_new)} of them new to the project`;
  if (!job.started_at || !job.finished_at) return `${counts}.`;
  const seconds = (Date.parse(job.finished_at) - Date.parse(job.started_at)) / 1000;
  return `${counts}, in ${formatDuration(seconds)}.`;
}

function failuresOf(job: Job, failure: { code: string; detail: string } | null): Failure[] {
  const named = job.targets.flatMap(({ subreddit, error }) =>
    error ? [{ subreddit, ...error }] : [],
  );
  return named.length > 0 || !failure ? named : [{ subreddit: "", ...failure }];
}

function NextSteps({ job }: { job: Job }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const retry = useMutation({
    mutationFn: () => retryJob(job.id, randomId()),
    onSuccess: async ({ id, project }) => {
      void client.invalidateQueries({ queryKey: ["jobs"] });
      await navigate({
        to: "/projects/$projectId/runs/$jobId",
        params: { projectId: project, jobId: id },
      });
    },
  });
  const params = { projectId: job.project };
  return (
    <>
      <Group gap="xs" mt="sm">
        <Button
          size="xs"
          renderRoot={(props) => (
            <Link
              to="/projects/$projectId/posts"
              params={params}
              search={{ job: job.id }}
              {...props}
            />
          )}
        >
          Posts
        </Button>
        <Button
          size="xs"
          variant="default"
          renderRoot={(props) => <Link to="/projects/$projectId/runs" params={params} {...props} />}
        >
          Runs
        </Button>
        {job.targets.some((target) => target.status !== "completed") && (
          <Button
            size="xs"
            variant="default"
            loading={retry.isPending}
            onClick={() => retry.mutate()}
          >
            Retry failed
          </Button>
        )}
      </Group>
      {retry.error && <ErrorPanel error={retry.error} />}
    </>
  );
}
