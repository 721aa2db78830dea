// What the form of an endpoint holds, and the request it becomes.
import type { Endpoint, EndpointBody, EndpointChange } from "@/api/webhooks";

// A type, not an interface: the form wants an index of its fields.
export type EndpointDraft = {
  url: string;
  event_types: string[];
  /** Empty: every project. */
  project: string;
  description: string;
  /** One `Name: value` per line. */
  headers: string;
  ordered: boolean;
  rate_per_second: number | string;
  /** Seconds with commas; empty: the usual schedule. */
  schedule_seconds: string;
};

/** What the API shows of a secret; sent back, it stands for the stored value. */
export const MASK = "********";

export const NEW_ENDPOINT: EndpointDraft = {
  url: "",
  event_types: ["scraping.*"],
  project: "",
  description: "",
  headers: "",
  ordered: false,
  rate_per_second: "",
  schedule_seconds: "",
};

export function draftOf(endpoint: Endpoint): EndpointDraft {
  return {
    url: endpoint.url,
    event_types: endpoint.event_types,
    project: endpoint.project === null ? "" : String(endpoint.project),
    description: endpoint.description,
    headers: Object.entries(endpoint.headers)
      .map(([name, value]) => `${name}: ${value}`)
      .join("\n"),
    ordered: endpoint.ordered,
    rate_per_second: endpoint.rate_per_second ?? "",
    schedule_seconds: endpoint.schedule_seconds?.join(", ") ?? "",
  };
}

/** Returns the headers of a text, or the first line that is none. */
export function readHeaders(text: string): Record<string, string> | { badLine: string } {
  const headers: Record<string, string> = {};
  for (const line of text.split("\n").filter((line) => line.trim() !== "")) {
    const colon = line.indexOf(":");
    if (colon < 1) return { badLine: line };
    headers[line.slice(0, colon).trim()] = line.slice(colon + 1).trim();
  }
  return headers;
}

/** Returns the gaps of a text in seconds; null where it says nothing, undefined where it is wrong. */
export function readSchedule(text: string): number[] | null | undefined {
  const words = text.split(/[\s,;]+/).filter(Boolean);
  if (words.length === 0) return null;
  const gaps = words.map(Number);
  return gaps.every((gap) => Number.isFinite(gap) && gap >= 1) ? gaps : undefined;
}

export const VALIDATE = {
  url: (url: string) =>
    /^https?:\/\/\S+$/i.test(url.trim()) ? null : "Should be an address with https:// or http://.",
  event_types: (types: string[]) => (types.length > 0 ? null : "Choose at least one event."),
  headers: (text: string) => {
    const read = readHeaders(text);
    return "badLine" in read && typeof read.badLine === "string"
      ? `“${read.badLine}” has no colon.`
      : null;
  },
  schedule_seconds: (text: string) =>
    readSchedule(text) === undefined
      ? "Should be seconds with commas, such as 60, 300, 900."
      : null,
};

/** Returns what differs: what was not touched is not sent, least of all its masks. */
export function changesOf(before: EndpointBody, after: EndpointBody): EndpointChange {
  const names = Object.keys(after) as (keyof EndpointBody)[];
  const isChanged = (name: keyof EndpointBody) =>
    JSON.stringify(before[name]) !== JSON.stringify(after[name]);
  return Object.fromEntries(names.filter(isChanged).map((name) => [name, after[name]]));
}

export function bodyOf(draft: EndpointDraft): EndpointBody {
  return {
    url: draft.url.trim(),
    event_types: draft.event_types,
    project: draft.project ? Number(draft.project) : null,
    description: draft.description,
    headers: readHeaders(draft.headers) as Record<string, string>,
    ordered: draft.ordered,
    rate_per_second: draft.rate_per_second === "" ? null : Number(draft.rate_per_second),
    schedule_seconds: readSchedule(draft.schedule_seconds) ?? null,
  };
}
