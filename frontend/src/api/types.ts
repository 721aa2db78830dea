// Short names for the shapes of the OpenAPI document; schema.d.ts is generated from it.
import type { components } from "./schema";

type Schemas = components["schemas"];

// The document describes what may be left out of a request, too; an answer has every field.
export type Project = Required<Schemas["Project"]>;
export type Overview = Omit<Schemas["Overview"], "jobs"> & { jobs: Record<string, number> };
export type Job = Schemas["Job"];
/** A stretch of time of which posts may be missing between two runs. */
export type Gap = NonNullable<Target["gap"]>;
export type Target = Schemas["Target"];
export type Post = Schemas["Post"];
export type Comment = Schemas["Comment"];
export type Backend = Schemas["Backend"];
/** How a source fared of late; all of it unknown until it has been asked. */
export type SourceHealth = Backend["health"];
export type JobEvent = Schemas["Event"];
export type StartJob = Schemas["StartJobRequest"];
export type Export = Schemas["Export"];
export type ExportFormat = Schemas["Format"];
export type StartExport = Schemas["WishRequest"];
export type RunStatus = Job["status"];

const TERMINAL: ReadonlySet<RunStatus> = new Set(["completed", "partial", "failed", "cancelled"]);

/** Whether a run has ended; a finished run never changes again. */
export function isTerminal(status: RunStatus): boolean {
  return TERMINAL.has(status);
}

/** What a person writes of a project. */
export interface ProjectDraft {
  name: string;
  description: string;
  keywords: string[];
  subreddits: string[];
}
