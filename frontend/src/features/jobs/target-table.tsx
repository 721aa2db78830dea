// The subreddits of a run: how far each came, and what stopped it.

import { Table, Text, Title } from "@mantine/core";
import type { Job, Target } from "@/api/types";
import { TextLink } from "@/components/link";
import { StatusBadge } from "@/components/status-badge";
import tables from "@/components/table.module.css";
import { formatCount, plural } from "@/lib/format";

export function TargetTable({ job }: { job: Job }) {
  const done = job.targets.filter((target) => target.status === "completed").length;
  return (
    <section aria-labelledby="targets">
      <Title order={2} id="targets" mb={4}>
        {done} of {plural(job.targets.length, "subreddit")} complete
      </Title>
      <Table className={tables.table}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Subreddit</Table.Th>
            <Table.Th>Status</Table.Th>
            <Table.Th className={tables.number}>Posts</Table.Th>
            <Table.Th className={tables.number}>New</Table.Th>
            <Table.Th>Source</Table.Th>
            <Table.Th>Outcome</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {job.targets.map((target) => (
            <TargetRow key={target.subreddit} job={job} target={target} />
          ))}
        </Table.Tbody>
      </Table>
    </section>
  );
}

function TargetRow({ job, target }: { job: Job; target: Target }) {
  return (
    <Table.Tr className={tables.row}>
      <Table.Td>
        <TextLink
          to="/projects/$projectId/posts"
          params={{ projectId: job.project }}
          search={{ job: job.id, subreddit: target.subreddit }}
          className={tables.main}
        >
          r/{target.subreddit}
        </TextLink>
      </Table.Td>
      <Table.Td>
        <StatusBadge status={target.status} />
      </Table.Td>
      <Table.Td className={tables.number} data-label="Posts">
        {formatCount(target.posts_scraped)}
      </Table.Td>
      <Table.Td className={tables.number} data-label="New">
        {formatCount(target.posts_new)}
      </Table.Td>
      <Table.Td>{target.backend_used ?? "–"}</Table.Td>
      <Table.Td>{outcomeOf(target)}</Table.Td>
    </Table.Tr>
  );
}

function outcomeOf(target: Target) {
  if (target.error) {
    return (
      <Text size="sm" c="var(--mantine-color-error)">
        <strong>{target.error.code}</strong> {target.error.detail}
      </Text>
    );
  }
  if (target.exhausted) return "The listing ended here";
  return target.stopped_by ? `Stopped by ${target.stopped_by}` : "–";
}
