// The subreddits of a run: how far each came, how complete that is, and what stopped it.
import { Button, Group, SegmentedControl, Text, Title } from "@mantine/core";
import { memo, useState } from "react";
import type { Gap, Job, Target } from "@/api/types";
import { TextLink } from "@/components/link";
import { StatusBadge } from "@/components/status-badge";
import tables from "@/components/table.module.css";
import { usePreference } from "@/hooks/use-preference";
import { failureWords } from "@/lib/failure-words";
import { formatCount, formatExact, plural } from "@/lib/format";
import { completenessOf } from "./job-words";
import classes from "./target-table.module.css";

// Drawn at first; a run may have a thousand.
const ROWS_SHOWN = 100;
// With fewer there is nothing to look for.
const FILTERED_FROM = 6;

export function TargetTable({ job }: { job: Job }) {
  const [wanted, setWanted] = useState("all");
  const [isWhole, setWhole] = useState(false);
  const open = job.targets.filter((target) => target.status !== "completed");
  const hasComments = job.config.include_comments === true;
  const done = job.targets.length - open.length;
  const targets = wanted === "all" ? job.targets : open;
  const shown = isWhole ? targets : targets.slice(0, ROWS_SHOWN);
  return (
    <section aria-labelledby="targets">
      <Group justify="space-between" mb={4}>
        <Title order={2} id="targets">
          {done} of {plural(job.targets.length, "subreddit")} complete
        </Title>
        {job.targets.length >= FILTERED_FROM && open.length > 0 && done > 0 && (
          <SegmentedControl
            aria-label="Which subreddits"
            size="xs"
            value={wanted}
            onChange={setWanted}
            data={[
              { value: "all", label: "All" },
              { value: "open", label: `Not complete ${open.length}` },
            ]}
          />
        )}
      </Group>
      <table className={tables.table}>
        <thead>
          <tr>
            <th>Subreddit</th>
            <th>Status</th>
            <th className={tables.number}>Posts</th>
            <th className={tables.number}>New</th>
            {hasComments && <th className={tables.number}>Comments</th>}
            <th>Source</th>
            <th>Completeness</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((target) => (
            <TargetRow
              key={target.subreddit}
              projectId={job.project}
              jobId={job.id}
              target={target}
              hasComments={hasComments}
            />
          ))}
        </tbody>
      </table>
      {shown.length < targets.length && (
        <Button variant="default" mt="sm" onClick={() => setWhole(true)}>
          Show all {formatCount(targets.length)}
        </Button>
      )}
    </section>
  );
}

interface TargetRowProps {
  projectId: number;
  jobId: number;
  target: Target;
  hasComments: boolean;
}

const TargetRow = memo(function TargetRow(props: TargetRowProps) {
  const { projectId, jobId, target, hasComments } = props;
  return (
    <tr className={tables.row}>
      <td>
        <TextLink
          to="/projects/$projectId/posts"
          params={{ projectId }}
          search={{ job: jobId, subreddit: target.subreddit }}
          className={tables.main}
        >
          r/{target.subreddit}
        </TextLink>
      </td>
      <td>
        <StatusBadge status={target.status} />
      </td>
      <td className={tables.number} data-label="Posts">
        {formatCount(target.posts_scraped)}
      </td>
      <td className={tables.number} data-label="New">
        {formatCount(target.posts_new)}
      </td>
      {hasComments && (
        <td className={tables.number} data-label="Comments">
          {formatCount(target.comments_scraped)}
          {target.comments_due > 0 && (
            <Text size="xs" c="dimmed">
              {plural(target.comments_due, "post")} to read
            </Text>
          )}
        </td>
      )}
      <td data-label="Source">{target.backend_used ?? "–"}</td>
      <td className={classes.outcome}>
        <Outcome target={target} />
      </td>
    </tr>
  );
});

function Outcome({ target }: { target: Target }) {
  const completeness = completenessOf(target);
  const { error, gap } = target;
  return (
    <>
      {completeness ? (
        <>
          <span className={classes.sentence}>{completeness.sentence}</span>{" "}
          <span className={classes.note}>{completeness.note}</span>
        </>
      ) : (
        "–"
      )}
      {error && (
        <Text size="xs" className={classes.error}>
          <code>{error.code}</code> {failureWords(error.code, error.detail).sentence}
          {error.detail && <span className={classes.note}> {error.detail}</span>}
        </Text>
      )}
      {gap && <GapNote gap={gap} />}
    </>
  );
}

function GapNote({ gap }: { gap: Gap }) {
  const [zone] = usePreference("time-zone");
  const exact = (at: string) => formatExact(at, zone === "utc");
  return (
    <Text size="xs" className={classes.gap}>
      Posts may be missing from {exact(gap.from)} to {exact(gap.to)}: the last run was too long ago
      for this one to reach it.
    </Text>
  );
}
