// The session's state, for whoever draws by it.
import { useSyncExternalStore } from "react";
import { type SessionState, sessionState, subscribeToSession } from "@/api/session";

export function useSession(): SessionState {
  return useSyncExternalStore(subscribeToSession, sessionState);
}
