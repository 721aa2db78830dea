// What narrows a list of runs: status with its counts, mode, origin, project.
import { NativeSelect, SegmentedControl } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect } from "react";
import { jobCountsQuery } from "@/api/job-log";
import { rowsOf } from "@/api/lists";
import { projectsQuery } from "@/api/projects";
import { formatCount } from "@/lib/format";
import classes from "./job-list.module.css";
import { type JobSearch, STATUSES } from "./job-search";

interface JobFiltersProps {
  search: JobSearch;
  onSearch: (change: Partial<JobSearch>) => void;
  /** When the list came: its counts are asked for again at the same pace. */
  updatedAt: number;
  hasProjects: boolean;
  /** What stands at the end of the bar. */
  children: ReactNode;
}

const MODES = [
  { value: "", label: "Any mode" },
  { value: "stream", label: "Live" },
  { value: "bulk", label: "Background" },
];
const ORIGINS = [
  { value: "", label: "Any origin" },
  { value: "web", label: "Dashboard" },
  { value: "api", label: "API" },
  { value: "cli", label: "Command line" },
  { value: "schedule", label: "Schedule" },
];

export function JobFilters(props: JobFiltersProps) {
  const { search, onSearch, updatedAt, hasProjects } = props;
  return (
    <search className={classes.filters}>
      <div className={classes.statuses}>
        <StatusTabs search={search} onSearch={onSearch} updatedAt={updatedAt} />
      </div>
      {hasProjects && <ProjectChoice search={search} onSearch={onSearch} />}
      <NativeSelect
        aria-label="Mode"
        size="xs"
        data={MODES}
        value={search.mode ?? ""}
        onChange={({ currentTarget }) =>
          onSearch({ mode: (currentTarget.value || undefined) as JobSearch["mode"] })
        }
      />
      <NativeSelect
        aria-label="Origin"
        size="xs"
        data={ORIGINS}
        value={search.origin ?? ""}
        onChange={({ currentTarget }) =>
          onSearch({ origin: (currentTarget.value || undefined) as JobSearch["origin"] })
        }
      />
      <div className={classes.freshness}>{props.children}</div>
    </search>
  );
}

type Narrowing = Pick<JobFiltersProps, "search" | "onSearch">;

function StatusTabs({ search, onSearch, updatedAt }: Narrowing & { updatedAt: number }) {
  const { data: counts, refetch } = useQuery(jobCountsQuery(search));
  useEffect(() => {
    if (updatedAt > 0) void refetch();
  }, [updatedAt, refetch]);
  const total = counts && Object.values(counts).reduce((sum, count) => sum + count, 0);
  const tabs = [
    { value: "", label: <Tab word="all" count={total} /> },
    ...STATUSES.map((status) => ({
      value: status,
      label: <Tab word={status} count={counts?.[status]} />,
    })),
  ];
  return (
    <SegmentedControl
      aria-label="Status"
      size="xs"
      data={tabs}
      value={search.status ?? ""}
      onChange={(value) => onSearch({ status: (value || undefined) as JobSearch["status"] })}
    />
  );
}

function Tab({ word, count }: { word: string; count: number | undefined }) {
  return (
    <>
      {word} <span className={classes.count}>{count === undefined ? "" : formatCount(count)}</span>
    </>
  );
}

function ProjectChoice({ search, onSearch }: Narrowing) {
  const projects = rowsOf(useInfiniteQuery(projectsQuery).data);
  return (
    <NativeSelect
      aria-label="Project"
      size="xs"
      w={170}
      data={[
        { value: "", label: "Any project" },
        ...projects.map(({ id, name }) => ({ value: String(id), label: name })),
      ]}
      value={String(search.project ?? "")}
      onChange={({ currentTarget }) =>
        onSearch({ project: currentTarget.value ? Number(currentTarget.value) : undefined })
      }
    />
  );
}
