// The screen of a project's exports.
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { PageHeader } from "@/components/page-header";
import { ExportList } from "@/features/exports/export-list";
import { NewExport } from "@/features/exports/new-export";
import { WithProject } from "./with-project";

export function ExportsRoute() {
  const { projectId } = useParams({ from: "/house/projects/$projectId" });
  const { cursor } = useSearch({ from: "/house/projects/$projectId/exports" });
  const navigate = useNavigate({ from: "/projects/$projectId/exports" });
  return (
    <WithProject projectId={projectId}>
      {(project) => (
        <>
          <PageHeader title="Exports" subtitle={project.name}>
            <NewExport project={project} />
          </PageHeader>
          <ExportList
            projectId={projectId}
            cursor={cursor}
            onCursor={(next) => void navigate({ search: { cursor: next } })}
          />
        </>
      )}
    </WithProject>
  );
}
