// What was asked of a run, as the API takes it.
import { Group, Text } from "@mantine/core";
import type { Job } from "@/api/types";
import { ApiCallButton } from "@/components/api-call-button";
import { CopyButton } from "@/components/copy-button";
import classes from "./job-detail.module.css";
import { requestOf } from "./job-draft";

export function JobInput({ job }: { job: Job }) {
  const request = requestOf(job);
  const text = JSON.stringify(request, null, 2);
  return (
    <section aria-label="Input">
      <Group justify="space-between" mb="xs">
        <Text size="sm" c="dimmed">
          The body of the request that starts the same run again.
        </Text>
        <Group gap="xs">
          <CopyButton text={text} label="Copy input" />
          <ApiCallButton call={{ method: "POST", path: "/api/scraper/jobs/", body: request }} />
        </Group>
      </Group>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller has to be reachable by keyboard */}
      <pre className={classes.code} tabIndex={0}>
        {text}
      </pre>
    </section>
  );
}
