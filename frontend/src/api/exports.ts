// Exports: what can be asked for, what it would hold, starting, cancelling, and the file.
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "./client";
import type { Export, StartExport } from "./types";

/** One page of a project's exports, newest first. */
export function exportsQuery(project: number, cursor?: string) {
  return queryOptions({
    queryKey: ["exports", "list", project, cursor],
    queryFn: () =>
      unwrap(api.GET("/api/exports/", { params: { query: { project, cursor, page_size: 50 } } })),
    placeholderData: keepPreviousData,
  });
}

export const formatsQuery = queryOptions({
  queryKey: ["export-formats"],
  queryFn: () => unwrap(api.GET("/api/exports/formats/")),
  staleTime: 600_000,
});

/** What an export would hold if it were made now. */
export function estimateQuery(wish: StartExport) {
  return queryOptions({
    queryKey: ["exports", "estimate", wish],
    queryFn: () => unwrap(api.POST("/api/exports/estimate/", { body: wish })),
    placeholderData: keepPreviousData,
    staleTime: 10_000,
    retry: false,
  });
}

/** Starts an export; the key makes a repeated request start it once. */
export function startExport(wish: StartExport, idempotencyKey: string): Promise<Export> {
  return unwrap(
    api.POST("/api/exports/", { body: wish, headers: { "Idempotency-Key": idempotencyKey } }),
  );
}

export function cancelExport(exportId: number): Promise<Export> {
  return unwrap(
    api.POST("/api/exports/{export_id}/cancel/", { params: { path: { export_id: exportId } } }),
  );
}

/** Returns an address of the file that needs no token, for a few minutes. */
export async function downloadAddress(exportId: number): Promise<string> {
  const link = await unwrap(
    api.POST("/api/exports/{export_id}/download-link/", {
      params: { path: { export_id: exportId } },
    }),
  );
  return link.url;
}
