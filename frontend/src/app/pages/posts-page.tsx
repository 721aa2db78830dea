// The screen of posts, whose whole state is the address, and that of one post.
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { PageHeader } from "@/components/page-header";
import { NewExport } from "@/features/exports/new-export";
import { NewScrape } from "@/features/jobs/new-scrape";
import { PostPage } from "@/features/posts/post-page";
import { filterOf } from "@/features/posts/post-search";
import { PostsPage } from "@/features/posts/posts-page";
import { WithProject } from "./with-project";

export function PostRoute() {
  const { projectId, fullname } = useParams({ from: "/house/projects/$projectId/posts/$fullname" });
  return <PostPage projectId={projectId} fullname={fullname} />;
}

export function PostsRoute() {
  const { projectId } = useParams({ from: "/house/projects/$projectId" });
  const search = useSearch({ from: "/house/projects/$projectId/posts" });
  const navigate = useNavigate({ from: "/projects/$projectId/posts" });
  return (
    <WithProject projectId={projectId}>
      {(project) => (
        <>
          <PageHeader title="Posts" subtitle={project.name}>
            <NewExport project={project} filter={filterOf(search)} />
            <NewScrape project={project} />
          </PageHeader>
          <PostsPage
            projectId={projectId}
            search={search}
            onSearch={(change) =>
              void navigate({ search: (old) => ({ ...old, ...change }), replace: true })
            }
            onClear={() =>
              void navigate({ search: ({ sort, order, post }) => ({ sort, order, post }) })
            }
            action={null}
          />
        </>
      )}
    </WithProject>
  );
}
