// The comments of a post, depth first, page by page.
import { infiniteQueryOptions } from "@tanstack/react-query";
import { api, unwrap } from "./client";
import { pageByPage } from "./lists";

const COMMENTS_PER_PAGE = 200;

export function commentsQuery(projectId: number, fullname: string) {
  return infiniteQueryOptions({
    queryKey: ["projects", projectId, "post", fullname, "comments"],
    queryFn: ({ pageParam }) =>
      unwrap(
        api.GET("/api/projects/{project_id}/posts/{fullname}/comments/", {
          params: {
            path: { project_id: projectId, fullname },
            query: { cursor: pageParam, page_size: COMMENTS_PER_PAGE },
          },
        }),
      ),
    ...pageByPage,
  });
}
