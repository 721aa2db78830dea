// The first account of a fresh installation.

import { Alert } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { createAccount, registrationQuery } from "@/api/accounts";
import { TextLink } from "@/components/link";
import { AuthPage } from "./auth-page";
import { CredentialsForm } from "./credentials-form";

export function SetUp({ onDone }: { onDone: () => void }) {
  const registration = useQuery(registrationQuery);
  return (
    <AuthPage
      title="Create your account"
      intro="It lives on this server only. Everything you collect belongs to it."
      footer={
        <>
          Have one already?{" "}
          <TextLink to="/login" inherit underline="always">
            Sign in
          </TextLink>
        </>
      }
    >
      {registration.data?.open === false && (
        <Alert color="yellow" mb="md" title="This server has its accounts">
          New ones are not accepted here unless its operator allows them.
        </Alert>
      )}
      <CredentialsForm
        isNewAccount
        action="Create account"
        onSubmit={(credentials) => createAccount(credentials).then(onDone)}
      />
    </AuthPage>
  );
}
