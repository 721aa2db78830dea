// Runs as rows, newest first.

import { Progress, Table, Text } from "@mantine/core";
import { isTerminal, type Job } from "@/api/types";
import { TextLink } from "@/components/link";
import { RelativeTime } from "@/components/relative-time";
import { StatusBadge } from "@/components/status-badge";
import { SubredditList } from "@/components/subreddit-list";
import tables from "@/components/table.module.css";
import { formatCount, formatDuration } from "@/lib/format";

export function JobTable({ jobs }: { jobs: Job[] }) {
  return (
    <Table className={tables.table}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Run</Table.Th>
          <Table.Th>Status</Table.Th>
          <Table.Th>Subreddits</Table.Th>
          <Table.Th className={tables.number}>Posts</Table.Th>
          <Table.Th className={tables.number}>New</Table.Th>
          <Table.Th>Source</Table.Th>
          <Table.Th>Took</Table.Th>
          <Table.Th>Started</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {jobs.map((job) => (
          <JobRow key={job.id} job={job} />
        ))}
      </Table.Tbody>
    </Table>
  );
}

function JobRow({ job }: { job: Job }) {
  return (
    <Table.Tr className={tables.row}>
      <Table.Td>
        <TextLink
          to="/projects/$projectId/runs/$jobId"
          params={{ projectId: job.project, jobId: job.id }}
          className={tables.main}
        >
          #{job.id}
        </TextLink>
        <Text size="xs" c="dimmed">
          {job.mode === "stream" ? "live" : "background"}
        </Text>
      </Table.Td>
      <Table.Td>
        <StatusBadge status={job.status} />
        {!isTerminal(job.status) && (
          <Progress
            value={job.progress * 100}
            size={3}
            mt={6}
            aria-label={`Progress of run ${job.id}`}
          />
        )}
      </Table.Td>
      <Table.Td>
        <SubredditList names={job.targets.map((target) => target.subreddit)} />
      </Table.Td>
      <Table.Td className={tables.number} data-label="Posts">
        {formatCount(job.posts_scraped)}
      </Table.Td>
      <Table.Td className={tables.number} data-label="New">
        {formatCount(job.posts_new)}
      </Table.Td>
      <Table.Td>{job.backend}</Table.Td>
      <Table.Td>{durationOf(job)}</Table.Td>
      <Table.Td>
        <RelativeTime at={job.started_at ?? job.created_at} />
      </Table.Td>
    </Table.Tr>
  );
}

/** Returns how long a finished run took. */
export function durationOf(job: Job): string {
  if (!job.started_at || !job.finished_at) return "–";
  return formatDuration((Date.parse(job.finished_at) - Date.parse(job.started_at)) / 1000);
}
