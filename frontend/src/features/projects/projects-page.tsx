// All projects, with a filter in the address.
import { Button, TextInput } from "@mantine/core";
import { IconFolders, IconPlus, IconSearch } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { lazy, type ReactNode, Suspense } from "react";
import { rowsOf } from "@/api/lists";
import { projectsQuery } from "@/api/projects";
import { EmptyState } from "@/components/empty-state";
import { ErrorPanel } from "@/components/error-panel";
import { LoadingRows } from "@/components/loading-rows";
import { PageHeader } from "@/components/page-header";
import { useKeySequences } from "@/hooks/use-key-sequences";
import { ProjectTable } from "./project-table";

const NewProject = lazy(() => import("./new-project"));

interface ProjectsPageProps {
  filter: string;
  onFilter: (text: string) => void;
  isCreating: boolean;
  onCreating: (isCreating: boolean) => void;
  /** Draws the first steps, or what is given when they are done or hidden. */
  firstSteps: (otherwise: ReactNode) => ReactNode;
}

export function ProjectsPage(props: ProjectsPageProps) {
  const { data, error, isPending, refetch } = useInfiniteQuery(projectsQuery);
  useKeySequences({ c: () => props.onCreating(true) });
  const projects = rowsOf(data);
  const wanted = props.filter.trim().toLowerCase();
  const shown = projects.filter((project) =>
    [project.name, ...project.subreddits].some((text) => text.toLowerCase().includes(wanted)),
  );
  const welcome = data && projects.length === 0 && (
    <EmptyState icon={<IconFolders size={22} />} title="Start with a question">
      A project holds the subreddits you watch for it and the posts you collect.
    </EmptyState>
  );
  return (
    <>
      <PageHeader title="Projects" subtitle="One question each, and everything collected for it.">
        <Button
          leftSection={<IconPlus size={16} aria-hidden="true" />}
          onClick={() => props.onCreating(true)}
        >
          New project
        </Button>
      </PageHeader>
      {data && props.firstSteps(welcome)}
      {error && <ErrorPanel error={error} hasOlderData={!!data} onRetry={() => void refetch()} />}
      {isPending && <LoadingRows count={5} height={56} />}
      {projects.length > 0 && (
        <>
          <TextInput
            aria-label="Filter projects"
            placeholder="Filter by name or subreddit"
            leftSection={<IconSearch size={15} aria-hidden="true" />}
            value={props.filter}
            onChange={(event) => props.onFilter(event.currentTarget.value)}
            data-search
            maw={320}
            mb="sm"
          />
          <ProjectTable projects={shown} onClear={() => props.onFilter("")} />
        </>
      )}
      {props.isCreating && (
        <Suspense>
          <NewProject onClose={() => props.onCreating(false)} />
        </Suspense>
      )}
    </>
  );
}
