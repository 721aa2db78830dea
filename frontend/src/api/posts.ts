// Posts of a project, filtered and sorted by the server.
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "./client";
import { pageByPage } from "./lists";

export interface PostFilter {
  q?: string;
  subreddit?: string;
  author?: string;
  flair?: string;
  min_score?: number;
  since?: string;
  until?: string;
  job?: number;
  sort?: "created" | "score" | "num_comments";
  order?: "asc" | "desc";
}

const POSTS_PER_PAGE = 100;

export function postsQuery(projectId: number, filter: PostFilter) {
  return infiniteQueryOptions({
    queryKey: ["projects", projectId, "posts", filter],
    queryFn: ({ pageParam }) =>
      unwrap(
        api.GET("/api/projects/{project_id}/posts/", {
          params: {
            path: { project_id: projectId },
            query: { ...filter, cursor: pageParam, page_size: POSTS_PER_PAGE },
          },
        }),
      ),
    ...pageByPage,
    placeholderData: keepPreviousData,
  });
}

export function postQuery(projectId: number, fullname: string) {
  return queryOptions({
    queryKey: ["projects", projectId, "post", fullname],
    queryFn: () =>
      unwrap(
        api.GET("/api/projects/{project_id}/posts/{fullname}/", {
          params: { path: { project_id: projectId, fullname } },
        }),
      ),
  });
}
