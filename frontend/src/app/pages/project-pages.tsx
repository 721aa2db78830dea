// The screens of projects: composed here, since features do not know each other.
import { IconFlame } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { rowsOf } from "@/api/lists";
import { projectsQuery } from "@/api/projects";
import { EmptyState } from "@/components/empty-state";
import { PageHeader } from "@/components/page-header";
import { SubredditList } from "@/components/subreddit-list";
import { Checklist } from "@/features/first-run/checklist";
import { NewScrape } from "@/features/jobs/new-scrape";
import { RecentRuns } from "@/features/jobs/recent-runs";
import { ProjectOverview } from "@/features/projects/project-overview";
import { ProjectSettings } from "@/features/projects/project-settings";
import { ProjectsPage } from "@/features/projects/projects-page";
import { WithProject } from "./with-project";

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
      checklist={
        projects.data && (
          <Checklist
            hasProject={rowsOf(projects.data).length > 0}
            onCreateProject={() => setCreating(true)}
          />
        )
      }
    />
  );
}

export function OverviewRoute() {
  const { projectId } = useParams({ from: "/house/projects/$projectId" });
  return (
    <WithProject projectId={projectId}>
      {(project) => (
        <>
          <PageHeader
            title={project.name}
            subtitle={project.description || <SubredditList names={project.subreddits} />}
          >
            <NewScrape project={project} />
          </PageHeader>
          <ProjectOverview
            projectId={projectId}
            recentRuns={<RecentRuns projectId={projectId} />}
            firstStep={
              <EmptyState icon={<IconFlame size={22} />} title="Nothing collected yet">
                Start a scrape with the button above, or press C. Live ones show posts as they
                arrive.
              </EmptyState>
            }
          />
        </>
      )}
    </WithProject>
  );
}

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
