// Sends requests as the signed-in person: bearer token, one shared refresh when it has expired, one
// retry. Streams use authorizedFetch and refreshAccess too; nothing else touches tokens.
import { errorOfResponse, errorOfSilence } from "./errors";
import { beginSession, currentAccess, endSession, sessionState } from "./session";

const REFRESH_PATH = "/api/auth/token/refresh/";
let refreshing: Promise<boolean> | null = null;

/** Sends a request; a 401 is answered by at most one refresh and one retry. Throws ApiError. */
export async function authorizedFetch(request: Request): Promise<Response> {
  const spare = request.clone();
  const token = currentAccess();
  const response = await send(request, token);
  if (response.status !== 401 || token === null) return response;
  const isRenewed = currentAccess() !== token && currentAccess() !== null;
  if (!isRenewed && !(await refreshAccess())) return response;
  return send(spare, currentAccess());
}

/**
 * Asks for a new access token; callers at the same time share one request.
 * Returns false when the session is over. Throws ApiError when the server did not say.
 */
export function refreshAccess(): Promise<boolean> {
  refreshing ??= requestAccess().finally(() => {
    refreshing = null;
  });
  return refreshing;
}

/** Makes sure that the state of the session is known; true when somebody is signed in. */
export async function openSession(): Promise<boolean> {
  if (sessionState() === "unknown") await refreshAccess();
  return sessionState() !== "anonymous";
}

async function requestAccess(): Promise<boolean> {
  const url = new URL(REFRESH_PATH, window.location.origin);
  const headers = { "Content-Type": "application/json" };
  const response = await send(new Request(url, { method: "POST", headers, body: "{}" }), null);
  if (response.ok) {
    const { access } = (await response.json()) as { access: string };
    beginSession(access);
    return true;
  }
  if (response.status >= 500 || response.status === 429) throw errorOfResponse(response, null);
  endSession(sessionState() === "unknown" ? "anonymous" : "expired");
  return false;
}

async function send(request: Request, token: string | null): Promise<Response> {
  if (token !== null) request.headers.set("Authorization", `Bearer ${token}`);
  try {
    return await globalThis.fetch(request);
  } catch (error) {
    if (request.signal.aborted) throw error;
    throw errorOfSilence();
  }
}
