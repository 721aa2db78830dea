// The screens of runs.
import { useQuery } from "@tanstack/react-query";
import { Navigate, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { jobQuery } from "@/api/jobs";
import { isTerminal } from "@/api/types";
import { ErrorPanel } from "@/components/error-panel";
import { LoadingRows } from "@/components/loading-rows";
import { PageHeader } from "@/components/page-header";
import { JobDetail } from "@/features/jobs/job-detail";
import { JobList } from "@/features/jobs/job-list";
import { NewScrape } from "@/features/jobs/new-scrape";
import { LiveRun } from "@/features/live";
import { RunTrail } from "./run-trail";
import { WithProject } from "./with-project";

const PostPeek = lazy(async () => ({
  default: (await import("@/features/posts/post-peek")).PostPeek,
}));

export function AllRunsRoute() {
  const search = useSearch({ from: "/house/jobs" });
  const navigate = useNavigate({ from: "/jobs" });
  return (
    <>
      <PageHeader title="All runs" subtitle="Of every project, newest first." />
      <JobList
        search={search}
        onSearch={(change) => void navigate({ search: (old) => ({ ...old, ...change }) })}
      />
    </>
  );
}

export function ProjectRunsRoute() {
  const { projectId } = useParams({ from: "/house/projects/$projectId" });
  const search = useSearch({ from: "/house/projects/$projectId/runs" });
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
            search={search}
            onSearch={(change) => void navigate({ search: (old) => ({ ...old, ...change }) })}
          />
        </>
      )}
    </WithProject>
  );
}

export function RunRoute() {
  const { projectId, jobId } = useParams({ from: "/house/projects/$projectId/runs/$jobId" });
  return <Run key={jobId} projectId={projectId} jobId={jobId} />;
}

/** A run by its number alone, as other systems know it. */
export function JobRoute() {
  const { jobId } = useParams({ from: "/house/jobs/$jobId" });
  const { data: job, error, refetch } = useQuery(jobQuery(jobId));
  if (job) {
    const params = { projectId: job.project, jobId };
    return <Navigate to="/projects/$projectId/runs/$jobId" params={params} replace />;
  }
  if (error) return <ErrorPanel error={error} onRetry={() => void refetch()} />;
  return <LoadingRows count={4} height={64} />;
}

interface RunProps {
  projectId: number;
  jobId: number;
}

function Run({ projectId, jobId }: RunProps) {
  const { view, tab } = useSearch({ from: "/house/projects/$projectId/runs/$jobId" });
  const navigate = useNavigate({ from: "/projects/$projectId/runs/$jobId" });
  const { data: job, isFetched } = useQuery(jobQuery(jobId));
  const isWorthWatching = job !== undefined && (job.mode === "stream" || !isTerminal(job.status));
  // A run that ends while it is watched stays on this screen.
  const [isWatched, setWatched] = useState(false);
  if (isWorthWatching && !isWatched) setWatched(true);
  if (!isFetched) return <LoadingRows count={4} height={64} />;
  const isInDetail = !isWatched || view === "details";
  const trail = (
    <RunTrail projectId={projectId} jobId={jobId} canWatch={isWatched} isInDetail={isInDetail} />
  );
  if (isInDetail) {
    return (
      <>
        {trail}
        <JobDetail
          jobId={jobId}
          tab={tab}
          onTab={(next) =>
            void navigate({ search: (old) => ({ ...old, tab: next }), replace: true })
          }
        />
      </>
    );
  }
  return (
    <>
      {trail}
      <LiveRun
        jobId={jobId}
        renderPost={(post, onClose) => (
          <Suspense>
            <PostPeek projectId={projectId} fullname={post.id} known={post} onClose={onClose} />
          </Suspense>
        )}
      />
    </>
  );
}
