// The list of projects, with the first steps of a fresh installation.
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { rowsOf } from "@/api/lists";
import { projectsQuery } from "@/api/projects";
import { Checklist } from "@/features/first-run/checklist";
import { ProjectsPage } from "@/features/projects/projects-page";

export function ProjectsRoute() {
  const search = useSearch({ from: "/house/projects" });
  const navigate = useNavigate({ from: "/projects" });
  const projects = useInfiniteQuery(projectsQuery);
  function setCreating(isCreating: boolean): void {
    void navigate({
      search: { ...search, new: isCreating ? "project" : undefined },
      replace: true,
    });
  }
  return (
    <ProjectsPage
      filter={search.q ?? ""}
      onFilter={(q) => void navigate({ search: { ...search, q: q || undefined }, replace: true })}
      isCreating={search.new === "project"}
      onCreating={setCreating}
      firstSteps={(otherwise) => (
        <Checklist
          hasProject={rowsOf(projects.data).length > 0}
          onCreateProject={() => setCreating(true)}
          otherwise={otherwise}
        />
      )}
    />
  );
}
