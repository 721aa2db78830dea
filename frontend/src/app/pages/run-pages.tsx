// The screens of runs.
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { PageHeader } from "@/components/page-header";
import { JobDetail } from "@/features/jobs/job-detail";
import { JobList } from "@/features/jobs/job-list";
import { NewScrape } from "@/features/jobs/new-scrape";
import { WithProject } from "./with-project";

export function AllRunsRoute() {
  const { status } = useSearch({ from: "/house/runs" });
  const navigate = useNavigate({ from: "/runs" });
  return (
    <>
      <PageHeader title="All runs" subtitle="Of every project, newest first." />
      <JobList
        status={status}
        onStatus={(next) => void navigate({ search: { status: next }, replace: true })}
      />
    </>
  );
}

export function ProjectRunsRoute() {
  const { projectId } = useParams({ from: "/house/projects/$projectId" });
  const { status } = useSearch({ from: "/house/projects/$projectId/runs" });
  const navigate = useNavigate({ from: "/projects/$projectId/runs" });
  return (
    <WithProject projectId={projectId}>
      {(project) => (
        <>
          <PageHeader title="Runs" subtitle={project.name}>
            <NewScrape project={project} />
          </PageHeader>
          <JobList
            projectId={projectId}
            status={status}
            onStatus={(next) => void navigate({ search: { status: next }, replace: true })}
          />
        </>
      )}
    </WithProject>
  );
}

export function RunRoute() {
  const { jobId } = useParams({ from: "/house/projects/$projectId/runs/$jobId" });
  return <JobDetail key={jobId} jobId={jobId} />;
}
