// A project's settings.
import { useParams } from "@tanstack/react-router";
import { PageHeader } from "@/components/page-header";
import { ProjectSettings } from "@/features/projects/project-settings";
import { WithProject } from "./with-project";

export function SettingsRoute() {
  const { projectId } = useParams({ from: "/house/projects/$projectId" });
  return (
    <WithProject projectId={projectId}>
      {(project) => (
        <>
          <PageHeader title="Settings" subtitle={project.name} />
          <ProjectSettings project={project} />
        </>
      )}
    </WithProject>
  );
}
