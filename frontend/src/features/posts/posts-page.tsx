// The posts of a project: filters above, virtual rows, and the chosen post beside them.
import { Button } from "@mantine/core";
import { IconFilterOff, IconNotes } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { rowsOf } from "@/api/lists";
import { postsQuery } from "@/api/posts";
import { EmptyState } from "@/components/empty-state";
import { ErrorPanel } from "@/components/error-panel";
import { LoadingRows } from "@/components/loading-rows";
import { FilterChips } from "./filter-chips";
import { PostFilters } from "./post-filters";
import { PostList } from "./post-list";
import { PostPeek } from "./post-peek";
import { filterOf, isFiltered, type PostSearch } from "./post-search";
import classes from "./posts-page.module.css";

interface PostsPageProps {
  projectId: number;
  search: PostSearch;
  onSearch: (change: Partial<PostSearch>) => void;
  onClear: () => void;
  action: ReactNode;
}

export function PostsPage({ projectId, search, onSearch, onClear, action }: PostsPageProps) {
  const list = useInfiniteQuery(postsQuery(projectId, filterOf(search)));
  const posts = rowsOf(list.data);
  const isEmpty = list.data !== undefined && posts.length === 0 && !list.isPlaceholderData;
  return (
    <>
      <PostFilters search={search} onSearch={onSearch} />
      <FilterChips search={search} onSearch={onSearch} onClear={onClear} />
      {list.error && (
        <ErrorPanel
          error={list.error}
          hasOlderData={posts.length > 0}
          onRetry={() => void (list.isFetchNextPageError ? list.fetchNextPage() : list.refetch())}
        />
      )}
      {list.isPending && <LoadingRows count={10} height={52} />}
      {isEmpty &&
        (isFiltered(search) ? <NothingMatches onClear={onClear} /> : <NoPosts action={action} />)}
      {posts.length > 0 && (
        <div className={classes.split}>
          <PostList
            posts={posts}
            selected={search.post}
            isStale={list.isPlaceholderData}
            hasMore={list.hasNextPage}
            onMore={() => !list.isFetching && void list.fetchNextPage()}
            onSelect={(post) => onSearch({ post })}
          />
          {search.post && (
            <PostPeek
              projectId={projectId}
              fullname={search.post}
              known={posts.find((post) => post.id === search.post)}
              onClose={() => onSearch({ post: undefined })}
            />
          )}
        </div>
      )}
    </>
  );
}

function NothingMatches({ onClear }: { onClear: () => void }) {
  return (
    <EmptyState
      icon={<IconFilterOff size={22} />}
      title="Nothing matches"
      action={
        <Button variant="default" onClick={onClear}>
          Clear filters
        </Button>
      }
    >
      No post of this project fits all of these filters.
    </EmptyState>
  );
}

function NoPosts({ action }: { action: ReactNode }) {
  return (
    <EmptyState icon={<IconNotes size={22} />} title="No posts yet" action={action}>
      They appear here as soon as a run has collected some.
    </EmptyState>
  );
}
