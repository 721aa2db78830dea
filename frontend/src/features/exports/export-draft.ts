// What a person chooses for an export, and the request that it makes. Pure.
import type { PostFilter } from "@/api/posts";
import type { Export, StartExport } from "@/api/types";

export type FormatName = "xlsx" | "csv" | "jsonl" | "parquet" | "package";
export type Scope = "all" | "selection" | "run";

export type ExportDraft = {
  format: FormatName;
  scope: Scope;
  run: string;
  /** Empty: all. */
  columns: string[];
  has_comments: boolean;
  is_joined: boolean;
  /** Null: as it is usual for the format. */
  has_findings: boolean | null;
  safe: boolean;
  bom: boolean;
  mask_authors: boolean;
  leave_out_removed: boolean;
};

export const FORMATS: { value: FormatName; label: string; about: string }[] = [
  { value: "xlsx", label: "Excel workbook (XLSX)", about: "Sheets with a summary and charts." },
  { value: "csv", label: "CSV", about: "Opens in every spreadsheet and statistics program." },
  { value: "jsonl", label: "JSON Lines", about: "One object per line, as the API shows it." },
  { value: "parquet", label: "Parquet", about: "Typed columns, for notebooks and databases." },
  {
    value: "package",
    label: "Research package (ZIP)",
    about: "The data with dictionary, run settings, checksums and citation.",
  },
];

export function newExportDraft(hasSelection: boolean): ExportDraft {
  return {
    format: "xlsx",
    scope: hasSelection ? "selection" : "all",
    run: "",
    columns: [],
    has_comments: true,
    is_joined: false,
    has_findings: null,
    safe: true,
    bom: false,
    mask_authors: false,
    leave_out_removed: false,
  };
}

/** Whether texts of the format are opened by spreadsheets, which evaluate what looks like a formula. */
export function isForSpreadsheets(format: FormatName): boolean {
  return format === "xlsx" || format === "csv" || format === "package";
}

export function toStartExport(
  project: number,
  draft: ExportDraft,
  filter: PostFilter = {},
): StartExport {
  return {
    project,
    format: draft.format,
    sheets: sheetsOf(draft),
    ...(draft.columns.length > 0 ? { columns: draft.columns } : {}),
    filters: filtersOf(draft, filter),
    comments: draft.has_comments && draft.is_joined ? "joined" : "separate",
    safe: draft.safe,
    bom: draft.format === "csv" && draft.bom,
    mask_authors: draft.mask_authors,
    include_removed: !draft.leave_out_removed,
  };
}

/** The request that makes the same file again. */
export function requestOf(made: Export): StartExport {
  const config = made.config as Omit<StartExport, "project" | "format">;
  return { ...config, project: made.project, format: made.format };
}

/** Whether a filter leaves anything out; an order does not. */
export function isNarrowed(filter: PostFilter = {}): boolean {
  const { sort: _sort, order: _order, ...filters } = filter;
  return Object.values(filters).some((value) => value !== undefined);
}

/** Whether an export tells keywords and sentiment: a research package does unless it shall not. */
export function hasFindings({ format, has_findings }: ExportDraft): boolean {
  return has_findings ?? format === "package";
}

function sheetsOf(draft: ExportDraft): string[] {
  const { format, has_comments } = draft;
  const isWorkbook = format === "xlsx";
  return [
    ...(isWorkbook ? ["summary"] : []),
    "posts",
    ...(has_comments ? ["comments"] : []),
    ...(isWorkbook || format === "package" ? ["subreddits"] : []),
    ...(hasFindings(draft) ? ["keywords", "sentiment"] : []),
  ];
}

function filtersOf({ scope, run }: ExportDraft, filter: PostFilter): StartExport["filters"] {
  if (scope === "run" && run) return { job: Number(run) };
  if (scope !== "selection") return {};
  const { sort: _sort, order: _order, ...filters } = filter;
  return Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== undefined));
}
