// Statuses, reasons and faults of webhooks in words.
import type { Delivery, DeliveryStatus } from "@/api/webhooks";

export const DELIVERY_LOOKS: Record<DeliveryStatus, { color: string; note: string }> = {
  pending: { color: "gray", note: "Due now, or being sent." },
  failed: { color: "yellow", note: "Will be tried again by itself." },
  delivered: { color: "tetsu", note: "The receiver answered with success." },
  dead: { color: "red", note: "All tries are used up. It is sent again on your word only." },
  held: { color: "gray", note: "Kept back while the endpoint is disabled." },
};

const DISABLED: Record<string, string> = {
  by_owner: "You disabled it.",
  gone: "The receiver answered 410 Gone: it wants no more.",
  by_receiver: "The receiver asked for it in its answer.",
  failing: "Nothing arrived for five days.",
};

/** Returns why an endpoint is disabled, as a sentence. */
export function disabledSentence(reason: string | null): string {
  if (reason && Object.hasOwn(DISABLED, reason)) return DISABLED[reason] ?? "";
  return reason ? `Reason: ${reason}.` : "It hears nothing for now.";
}

const FAULTS: Record<string, string> = {
  http_status: "It answered, but not with success (2xx).",
  redirect: "It answered with a redirect, which is never followed. Enter the final address.",
  timeout: "It did not answer in time.",
  dns: "Its name could not be found.",
  connect: "Nothing listens there, or the connection was refused.",
  tls: "Its certificate is not valid for this address.",
  reset: "It cut the connection.",
  blocked_address: "The address leads into a network that is closed to webhooks.",
  invalid_response: "What it answered is not HTTP.",
};

/** Returns what a try's error code means. */
export function faultSentence(code: string, detail: string): string {
  const known = Object.hasOwn(FAULTS, code) ? FAULTS[code] : undefined;
  // Its detail is the status, which stands beside it.
  if (code === "http_status" && known) return known;
  return [known, detail].filter(Boolean).join(" ") || code;
}

/** Returns statuses as polling knows them: what will be tried again is still running. */
export function pollStatusOf({ status }: Pick<Delivery, "status">): string {
  return status === "failed" ? "running" : status;
}

const CHECKS: Record<string, string> = {
  genuine: "Genuine request",
  repeated: "The same request again",
  tampered: "Body changed after signing",
  tampered_id: "Id changed after signing",
  wrong_secret: "Signed with another secret",
  unsigned: "No signature",
  stale: "Signed ten minutes ago",
  from_the_future: "Signed for ten minutes from now",
};

/** Returns what a request of a check was. */
export function checkWords(name: string): string {
  return CHECKS[name] ?? name.replaceAll("_", " ");
}
