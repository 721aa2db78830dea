// Asking a source whether it answers.
import { ask } from "./ask";

export interface SourceTest {
  ok: boolean;
  /** What it took, in milliseconds. */
  latency_ms?: number | null;
  code?: string | null;
  detail?: string | null;
}

export function testSource(name: string): Promise<SourceTest> {
  return ask("POST", `/api/scraper/backends/${encodeURIComponent(name)}/test/`);
}
