// The runs of a project or of everything: filters and page are the address.
import { Button } from "@mantine/core";
import { IconFilterOff, IconFlame } from "@tabler/icons-react";
import { EmptyState } from "@/components/empty-state";
import { ErrorPanel } from "@/components/error-panel";
import { LoadingRows } from "@/components/loading-rows";
import { Pager } from "@/components/pager";
import { UpdatedAgo } from "@/components/updated-ago";
import { useRowKeys } from "@/hooks/use-row-keys";
import { JobFilters } from "./job-filters";
import classes from "./job-list.module.css";
import { isNarrowed, type JobSearch } from "./job-search";
import { JobTable } from "./job-table";
import { usePolledJobs } from "./use-polled-jobs";

// A row with its second line, as the table draws it.
const ROW_HEIGHT = 53;

interface JobListProps {
  /** The only project whose runs are shown; all of them when there is none. */
  projectId?: number;
  search: JobSearch;
  onSearch: (change: Partial<JobSearch>) => void;
}

export function JobList({ projectId, search, onSearch }: JobListProps) {
  const wanted = projectId === undefined ? search : { ...search, project: projectId };
  const list = usePolledJobs(wanted);
  const jobs = list.data?.results ?? [];
  const rows = useRowKeys();
  // Another filter starts at its first page.
  const narrow = (change: Partial<JobSearch>) => onSearch({ cursor: undefined, ...change });
  const refresh = () => void list.refetch();
  return (
    <>
      <JobFilters
        search={wanted}
        onSearch={narrow}
        updatedAt={list.dataUpdatedAt}
        hasProjects={projectId === undefined}
      >
        <UpdatedAgo at={list.dataUpdatedAt} isUpdating={list.isRefetching} onRefresh={refresh} />
      </JobFilters>
      {list.error && <ErrorPanel error={list.error} hasOlderData={!!list.data} onRetry={refresh} />}
      {list.isPending && <LoadingRows height={ROW_HEIGHT - 6} />}
      {list.data && jobs.length === 0 && (
        <NoRuns
          isNarrowed={isNarrowed(search) || search.cursor !== undefined}
          onClear={() =>
            narrow({ status: undefined, mode: undefined, origin: undefined, project: undefined })
          }
        />
      )}
      {jobs.length > 0 && (
        <div
          ref={rows}
          className={classes.list}
          data-stale={list.isPlaceholderData || undefined}
          aria-busy={list.isPlaceholderData}
        >
          <JobTable jobs={jobs} hasProjects={projectId === undefined} />
        </div>
      )}
      <Pager
        page={list.data}
        cursor={search.cursor}
        onCursor={(cursor) => onSearch({ cursor })}
        newer="Newer runs"
        older="Older runs"
      />
    </>
  );
}

function NoRuns({ isNarrowed, onClear }: { isNarrowed: boolean; onClear: () => void }) {
  if (!isNarrowed) {
    return (
      <EmptyState icon={<IconFlame size={22} />} title="No runs yet">
        A run collects the posts of one or more subreddits, live or in the background. Open a
        project and press C to start one.
      </EmptyState>
    );
  }
  return (
    <EmptyState
      icon={<IconFilterOff size={22} />}
      title="Nothing matches"
      action={
        <Button variant="default" onClick={onClear}>
          Clear filters
        </Button>
      }
    >
      No run fits all of these filters.
    </EmptyState>
  );
}
