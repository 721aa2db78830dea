// One post on a screen of its own, with its comments.
import { useQuery } from "@tanstack/react-query";
import { postQuery } from "@/api/posts";
import { CopyButton } from "@/components/copy-button";
import { ErrorPanel } from "@/components/error-panel";
import { TextLink } from "@/components/link";
import { LoadingRows } from "@/components/loading-rows";
import { PageHeader } from "@/components/page-header";
import { CommentThread } from "./comment-thread";
import { PostBody } from "./post-body";
import classes from "./posts-page.module.css";

export function PostPage({ projectId, fullname }: { projectId: number; fullname: string }) {
  const { data: post, error, isPending, refetch } = useQuery(postQuery(projectId, fullname));
  return (
    <div className={classes.alone}>
      <nav aria-label="Way back" className={classes.back}>
        <TextLink to="/projects/$projectId/posts" params={{ projectId }} size="sm">
          ← All posts of the project
        </TextLink>
      </nav>
      {error && <ErrorPanel error={error} hasOlderData={!!post} onRetry={() => void refetch()} />}
      {isPending && <LoadingRows count={5} height={56} />}
      {post && (
        <>
          <article>
            <PageHeader title={post.title}>
              <CopyButton text={post.id} label="Copy post id" />
            </PageHeader>
            <PostBody post={post} />
          </article>
          <CommentThread projectId={projectId} post={post} />
        </>
      )}
    </div>
  );
}
