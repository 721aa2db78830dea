// Signing in, and the link to the first account while none exists.

import { useQuery } from "@tanstack/react-query";
import { registrationQuery, signIn } from "@/api/accounts";
import { TextLink } from "@/components/link";
import { AuthPage } from "./auth-page";
import { CredentialsForm } from "./credentials-form";

export function SignIn({ onDone }: { onDone: () => void }) {
  const registration = useQuery(registrationQuery);
  return (
    <AuthPage
      title="Sign in"
      intro="Your research, on your own machine."
      footer={
        registration.data?.open !== false && (
          <>
            No account yet?{" "}
            <TextLink to="/setup" inherit underline="always">
              Create one
            </TextLink>
          </>
        )
      }
    >
      <CredentialsForm
        action="Sign in"
        onSubmit={(credentials) => signIn(credentials).then(onDone)}
      />
    </AuthPage>
  );
}
