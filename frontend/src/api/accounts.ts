// Accounts and sessions.
import { queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "./client";
import { errorOfResponse } from "./errors";
import { beginSession, endSession } from "./session";

export interface Credentials {
  username: string;
  password: string;
}

export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: () => unwrap(api.GET("/api/auth/me/")),
  staleTime: Number.POSITIVE_INFINITY,
});

/** Whether a new account may register itself, and whether it would be the first. */
export const registrationQuery = queryOptions({
  queryKey: ["registration"],
  queryFn: async () => {
    const response = await fetch("/api/auth/register/");
    if (!response.ok) throw errorOfResponse(response, null);
    return (await response.json()) as { open: boolean; first: boolean };
  },
  staleTime: 60_000,
});

export async function signIn(credentials: Credentials): Promise<void> {
  const { access } = await unwrap(api.POST("/api/auth/token/", { body: credentials }));
  beginSession(access);
}

/** Creates an account and opens its session. */
export async function createAccount(credentials: Credentials): Promise<void> {
  await unwrap(api.POST("/api/auth/register/", { body: credentials }));
  await signIn(credentials);
}

export async function signOut(): Promise<void> {
  try {
    await unwrap(api.POST("/api/auth/logout/", { body: {} }));
  } finally {
    endSession("anonymous");
  }
}
