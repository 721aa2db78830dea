// The card that leads a fresh installation to its first live scrape, and away when that is done.
import { Button, CloseButton, Group, Paper, Text, Title } from "@mantine/core";
import { IconCircle, IconCircleCheck, IconFlame } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { jobsQuery } from "@/api/jobs";
import { ErrorPanel } from "@/components/error-panel";
import { usePreference } from "@/hooks/use-preference";
import classes from "./checklist.module.css";
import { useFirstScrape } from "./use-first-scrape";

interface ChecklistProps {
  hasProject: boolean;
  onCreateProject: () => void;
  otherwise: ReactNode;
}

export function Checklist({ hasProject, onCreateProject, otherwise }: ChecklistProps) {
  const [isHidden, setHidden] = usePreference("checklist-hidden");
  const jobs = useQuery({ ...jobsQuery({}, 1), enabled: isHidden === "no" });
  const first = useFirstScrape();
  if (isHidden === "yes") return otherwise;
  if (!jobs.data) return jobs.error ? otherwise : null;
  const hasRun = jobs.data.results.length > 0;
  if (hasRun && hasProject) return otherwise;
  return (
    <Paper
      withBorder
      p="md"
      component="section"
      aria-labelledby="first-steps"
      className={classes.card}
    >
      <Group justify="space-between" wrap="nowrap" mb="xs">
        <Title order={2} id="first-steps">
          First steps
        </Title>
        <CloseButton aria-label="Hide first steps" onClick={() => setHidden("yes")} />
      </Group>
      {first.error && <ErrorPanel error={first.error} />}
      <ol className={classes.steps}>
        <Step isDone title="Your account is ready" />
        <Step
          isDone={hasRun}
          title="Watch posts arrive"
          note="On the simulated Reddit that is built in: nothing to configure, nothing leaves this machine."
        >
          <Button
            leftSection={<IconFlame size={16} aria-hidden="true" />}
            loading={first.isPending}
            onClick={() => first.mutate()}
          >
            Try a live scrape
          </Button>
        </Step>
        <Step
          isDone={hasProject}
          title="Create a project of your own"
          note="Name the question and the subreddits; choose a source when you scrape."
        >
          <Button variant="default" onClick={onCreateProject}>
            Name a project
          </Button>
        </Step>
      </ol>
    </Paper>
  );
}

interface StepProps {
  isDone?: boolean;
  title: string;
  note?: string;
  children?: ReactNode;
}

function Step({ isDone = false, title, note, children }: StepProps) {
  const Icon = isDone ? IconCircleCheck : IconCircle;
  return (
    <li className={classes.step} data-done={isDone || undefined}>
      <Icon size={18} role="img" aria-label={isDone ? "Done" : "To do"} />
      <div>
        <Text fw={600} size="sm">
          {title}
        </Text>
        {note && !isDone && (
          <Text size="sm" c="dimmed">
            {note}
          </Text>
        )}
      </div>
      {!isDone && children}
    </li>
  );
}
