// Projects: reading, writing, and what a change makes stale.
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "./client";
import { type PageOf, pageByPage } from "./lists";
import type { Overview, Project, ProjectDraft } from "./types";

// A home-grown installation has dozens of projects, not thousands: one page usually holds them all.
const PROJECTS_PER_PAGE = 200;

export const projectsQuery = infiniteQueryOptions({
  queryKey: ["projects", "list"],
  queryFn: ({ pageParam }) =>
    unwrap(
      api.GET("/api/projects/", {
        params: { query: { cursor: pageParam, page_size: PROJECTS_PER_PAGE } },
      }),
    ) as Promise<PageOf<Project>>,
  ...pageByPage,
});

export function projectQuery(projectId: number) {
  return queryOptions({
    queryKey: ["projects", projectId],
    queryFn: () =>
      unwrap(
        api.GET("/api/projects/{project_id}/", { params: { path: { project_id: projectId } } }),
      ) as Promise<Project>,
  });
}

export function overviewQuery(projectId: number) {
  return queryOptions({
    queryKey: ["projects", projectId, "overview"],
    queryFn: () =>
      unwrap(
        api.GET("/api/projects/{project_id}/overview/", {
          params: { path: { project_id: projectId } },
        }),
      ) as Promise<Overview>,
  });
}

export function createProject(draft: ProjectDraft) {
  return unwrap(api.POST("/api/projects/", { body: draft }));
}

export function changeProject(projectId: number, draft: ProjectDraft) {
  return unwrap(
    api.PATCH("/api/projects/{project_id}/", {
      params: { path: { project_id: projectId } },
      body: draft,
    }),
  );
}

export function deleteProject(projectId: number) {
  return unwrap(
    api.DELETE("/api/projects/{project_id}/", { params: { path: { project_id: projectId } } }),
  );
}
