// A project's front page: composed here, since features do not know each other.
import { IconFlame } from "@tabler/icons-react";
import { useParams } from "@tanstack/react-router";
import { EmptyState } from "@/components/empty-state";
import { PageHeader } from "@/components/page-header";
import { SubredditList } from "@/components/subreddit-list";
import { NewScrape } from "@/features/jobs/new-scrape";
import { RecentRuns } from "@/features/jobs/recent-runs";
import { ProjectOverview } from "@/features/projects/project-overview";
import { WithProject } from "./with-project";

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
