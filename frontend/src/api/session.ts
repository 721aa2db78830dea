// Who is signed in, as far as this tab knows. The access token lives in this module's memory and
// nowhere else; the refresh token is an HttpOnly cookie that no script can see.

/** `expired` keeps the page: a session that was open has ended, and signing in again resumes it. */
export type SessionState = "unknown" | "anonymous" | "active" | "expired";

let accessToken: string | null = null;
let state: SessionState = "unknown";
const listeners = new Set<() => void>();

export function currentAccess(): string | null {
  return accessToken;
}

export function sessionState(): SessionState {
  return state;
}

export function beginSession(access: string): void {
  accessToken = access;
  become("active");
}

/** Ends the session: `expired` over a page in use, `anonymous` when there was none or on sign-out. */
export function endSession(reason: "expired" | "anonymous"): void {
  accessToken = null;
  become(reason);
}

/** Back to the start of a visit; for tests. */
export function forgetSession(): void {
  accessToken = null;
  become("unknown");
}

export function subscribeToSession(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function become(next: SessionState): void {
  if (state === next) return;
  state = next;
  for (const listener of listeners) listener();
}
