// Asking a source whether it answers.
import { api, unwrap } from "./client";
import type { components } from "./schema";

export type SourceTest = components["schemas"]["BackendTest"];

export function testSource(name: string): Promise<SourceTest> {
  return unwrap(api.POST("/api/scraper/backends/{name}/test/", { params: { path: { name } } }));
}
