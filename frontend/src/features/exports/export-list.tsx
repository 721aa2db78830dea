// The exports of a project, newest first, asked again for as long as one is in the making.
import { IconFileExport } from "@tabler/icons-react";
import { exportsQuery } from "@/api/exports";
import { EmptyState } from "@/components/empty-state";
import { ErrorPanel } from "@/components/error-panel";
import { LoadingRows } from "@/components/loading-rows";
import { Pager } from "@/components/pager";
import { usePolledQuery } from "@/lib/polling";
import { ExportTable } from "./export-table";

interface ExportListProps {
  projectId: number;
  cursor: string | undefined;
  onCursor: (cursor: string | undefined) => void;
}

export function ExportList({ projectId, cursor, onCursor }: ExportListProps) {
  const list = usePolledQuery(exportsQuery(projectId, cursor), (page) =>
    page.results.map((one) => one.status),
  );
  const made = list.data?.results ?? [];
  return (
    <>
      {list.error && (
        <ErrorPanel
          error={list.error}
          hasOlderData={list.data !== undefined}
          onRetry={() => void list.refetch()}
        />
      )}
      {list.isPending && <LoadingRows count={4} height={56} />}
      {list.data && made.length === 0 && (
        <EmptyState icon={<IconFileExport size={22} />} title="No exports yet">
          An export is a file of this project's posts and comments: for a spreadsheet, a notebook or
          an archive. It is made in the background, and kept until the time that it shows then.
        </EmptyState>
      )}
      {made.length > 0 && <ExportTable made={made} />}
      <Pager page={list.data} cursor={cursor} onCursor={onCursor} />
    </>
  );
}
