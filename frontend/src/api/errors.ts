// What the API says when it refuses: one type for every failed call, with what a form or a person
// needs. Knows the wire shape; leaves wording on screen to components/error-panel.

export interface ApiErrorDetail {
  code: string;
  detail: string;
  attr: string | null;
}

/** Status of an error that never reached the server: no network, or the connection was cut. */
export const NO_RESPONSE = 0;

const WORDS: Record<number, ApiErrorDetail> = {
  [NO_RESPONSE]: { code: "network", detail: "The server could not be reached.", attr: null },
  413: { code: "too_large", detail: "That is more than the server accepts.", attr: null },
  502: { code: "bad_gateway", detail: "The server is not answering.", attr: null },
  503: { code: "unavailable", detail: "The server is not ready.", attr: null },
  504: { code: "gateway_timeout", detail: "The server took too long to answer.", attr: null },
};

export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    readonly status: number,
    readonly errors: ApiErrorDetail[],
    readonly requestId: string | null = null,
    readonly retryAfterSeconds: number | null = null,
  ) {
    super(errors.map((error) => error.detail).join(" "));
  }

  get code(): string {
    return this.errors[0]?.code ?? "unknown";
  }

  /** Whether the same call may succeed later without anybody changing anything. */
  get isTransient(): boolean {
    return this.status === NO_RESPONSE || this.status === 429 || this.status >= 500;
  }
}

/** Builds the error of an answer that is not ok; body is the parsed JSON, or whatever came. */
export function errorOfResponse(response: Response, body: unknown): ApiError {
  const retryAfter = Number(response.headers.get("Retry-After") ?? Number.NaN);
  return new ApiError(
    response.status,
    detailsOf(body) ?? [wordsFor(response.status)],
    response.headers.get("X-Request-ID"),
    Number.isFinite(retryAfter) ? retryAfter : null,
  );
}

/** Builds the error of a call that got no answer. */
export function errorOfSilence(): ApiError {
  return new ApiError(NO_RESPONSE, [wordsFor(NO_RESPONSE)]);
}

function wordsFor(status: number): ApiErrorDetail {
  return WORDS[status] ?? { code: "unknown", detail: `The server answered ${status}.`, attr: null };
}

function detailsOf(body: unknown): ApiErrorDetail[] | null {
  if (typeof body !== "object" || body === null || !("errors" in body)) return null;
  const { errors } = body;
  if (!Array.isArray(errors)) return null;
  const details = errors.filter(isDetail);
  return details.length > 0 ? details : null;
}

function isDetail(value: unknown): value is ApiErrorDetail {
  return (
    typeof value === "object" &&
    value !== null &&
    typeof (value as ApiErrorDetail).code === "string" &&
    typeof (value as ApiErrorDetail).detail === "string"
  );
}
