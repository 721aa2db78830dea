// Runs as rows, newest first.

import { Progress, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { rowsOf } from "@/api/lists";
import { projectsQuery } from "@/api/projects";
import { isTerminal, type Job } from "@/api/types";
import { TextLink } from "@/components/link";
import { RelativeTime } from "@/components/relative-time";
import { StatusBadge } from "@/components/status-badge";
import { SubredditList } from "@/components/subreddit-list";
import tables from "@/components/table.module.css";
import { formatCount } from "@/lib/format";
import { durationOf, ORIGINS, sharesOf } from "./job-words";

interface JobTableProps {
  jobs: Job[];
  /** Whether the runs are of several projects. */
  hasProjects?: boolean;
}

export function JobTable({ jobs, hasProjects = false }: JobTableProps) {
  const projects = useInfiniteQuery({ ...projectsQuery, enabled: hasProjects });
  const names = new Map(rowsOf(projects.data).map(({ id, name }) => [id, name]));
  return (
    <table className={tables.table}>
      <thead>
        <tr>
          <th>Run</th>
          <th>Status</th>
          {hasProjects && <th>Project</th>}
          <th>Subreddits</th>
          <th className={tables.number}>Posts</th>
          <th className={tables.number}>New</th>
          <th>Source</th>
          <th>Took</th>
          <th>Started</th>
        </tr>
      </thead>
      <tbody>
        {jobs.map((job) => (
          <JobRow
            key={job.id}
            job={job}
            project={hasProjects ? (names.get(job.project) ?? `#${job.project}`) : undefined}
          />
        ))}
      </tbody>
    </table>
  );
}

function JobRow({ job, project }: { job: Job; project: string | undefined }) {
  return (
    <tr className={tables.row}>
      <td>
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
      </td>
      <td>
        <StatusBadge status={job.status} />
        <Text size="xs" c="dimmed" mt={2} style={{ whiteSpace: "nowrap" }}>
          {sharesOf(job)}
        </Text>
        {!isTerminal(job.status) && (
          <Progress
            value={job.progress * 100}
            size={3}
            mt={6}
            aria-label={`Progress of run ${job.id}`}
          />
        )}
      </td>
      {project !== undefined && (
        <td>
          <Text size="sm" lineClamp={2}>
            {project}
          </Text>
        </td>
      )}
      <td>
        <SubredditList names={job.targets.map((target) => target.subreddit)} />
      </td>
      <td className={tables.number} data-label="Posts">
        {formatCount(job.posts_scraped)}
      </td>
      <td className={tables.number} data-label="New">
        {formatCount(job.posts_new)}
      </td>
      <td>
        {job.backend}
        <Text size="xs" c="dimmed" style={{ whiteSpace: "nowrap" }}>
          by {ORIGINS[job.origin]}
        </Text>
      </td>
      <td>{durationOf(job)}</td>
      <td>
        <RelativeTime at={job.started_at ?? job.created_at} />
      </td>
    </tr>
  );
}
