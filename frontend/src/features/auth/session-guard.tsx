// Watches the session, and asks for the password when it has ended over a page in use.
import { lazy, Suspense } from "react";
import { useSession } from "@/hooks/use-session";

const ExpiredSession = lazy(() => import("./expired-session"));

export function SessionGuard() {
  if (useSession() !== "expired") return null;
  return (
    <Suspense>
      <ExpiredSession />
    </Suspense>
  );
}
