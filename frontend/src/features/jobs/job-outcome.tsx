// How a run ended when it did not simply complete: what is missing, why, and what to do about it.
import { Alert, Text } from "@mantine/core";
import { IconAlertTriangle, IconBan, IconX } from "@tabler/icons-react";
import type { Job } from "@/api/types";
import { FailureList } from "@/components/failure-list";
import { plural } from "@/lib/format";

const LOOKS = {
  partial: { color: "yellow", icon: IconAlertTriangle },
  failed: { color: "red", icon: IconX },
  cancelled: { color: "gray", icon: IconBan },
} as const;

export function JobOutcome({ job }: { job: Job }) {
  const look = LOOKS[job.status as keyof typeof LOOKS];
  if (!look) return null;
  const Icon = look.icon;
  return (
    <Alert
      color={look.color}
      icon={<Icon size={18} aria-hidden="true" />}
      title={titleOf(job)}
      mb="md"
      data-testid="outcome"
    >
      <Text size="sm">{sentenceOf(job)}</Text>
      <FailureList failures={job.errors} />
    </Alert>
  );
}

function titleOf({ status, targets }: Job): string {
  const done = targets.filter((target) => target.status === "completed").length;
  if (status === "partial") return `Partial: ${done} of ${plural(targets.length, "subreddit")}`;
  return status === "failed" ? "Failed: nothing could be fetched" : "Cancelled";
}

function sentenceOf({ status, posts_scraped, targets }: Job): string {
  const open = targets.filter((target) => target.status !== "completed").length;
  if (status === "failed") return "Retry asks again for all of them.";
  const kept = `${plural(posts_scraped, "post")} ${posts_scraped === 1 ? "is" : "are"} kept.`;
  return `${kept} Retry goes on with the ${open === 1 ? "one that is" : `${open} that are`} not complete, each where it stopped.`;
}
