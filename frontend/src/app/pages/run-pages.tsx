// The screens of runs.
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { jobQuery } from "@/api/jobs";
import { isTerminal } from "@/api/types";
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
  const { projectId, jobId } = useParams({ from: "/house/projects/$projectId/runs/$jobId" });
  const { view } = useSearch({ from: "/house/projects/$projectId/runs/$jobId" });
  return <Run key={jobId} projectId={projectId} jobId={jobId} isInDetail={view === "details"} />;
}

interface RunProps {
  projectId: number;
  jobId: number;
  isInDetail: boolean;
}

function Run({ projectId, jobId, isInDetail }: RunProps) {
  const { data: job, isFetched } = useQuery(jobQuery(jobId));
  const isWorthWatching = job !== undefined && (job.mode === "stream" || !isTerminal(job.status));
  // A run that ends while it is watched stays on this screen.
  const [isWatched, setWatched] = useState(false);
  if (isWorthWatching && !isWatched) setWatched(true);
  if (!isFetched) return <LoadingRows count={4} height={64} />;
  const trail = <RunTrail projectId={projectId} jobId={jobId} canWatch={isWatched} />;
  if (!isWatched || isInDetail) {
    return (
      <>
        {trail}
        <JobDetail jobId={jobId} />
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
