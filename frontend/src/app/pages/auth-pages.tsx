// Signing in and the first account, and where each leads.
import { useNavigate, useRouter, useSearch } from "@tanstack/react-router";
import { SetUp } from "@/features/auth/set-up";
import { SignIn } from "@/features/auth/sign-in";
import { queryClient } from "../query-client";

export function LoginPage() {
  const router = useRouter();
  const { next } = useSearch({ from: "/login" });
  return (
    <SignIn
      onDone={() => {
        queryClient.clear();
        // Only a path of this dashboard: an address from outside must not lead away from it.
        router.history.push(next?.startsWith("/") && !next.startsWith("//") ? next : "/projects");
      }}
    />
  );
}

export function SetupPage() {
  const navigate = useNavigate();
  return (
    <SetUp
      onDone={() => {
        queryClient.clear();
        void navigate({ to: "/projects" });
      }}
    />
  );
}
