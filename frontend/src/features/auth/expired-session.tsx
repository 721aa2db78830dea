// A session that ended while somebody worked: asks for the password above the page, and keeps it.
import { Modal, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { meQuery, signIn } from "@/api/accounts";
import { api, unwrap } from "@/api/client";
import { CredentialsForm } from "./credentials-form";

export default function ExpiredSession() {
  const client = useQueryClient();
  async function resume(credentials: { username: string; password: string }): Promise<void> {
    const before = client.getQueryData(meQuery.queryKey);
    await signIn(credentials);
    const now = await unwrap(api.GET("/api/auth/me/"));
    // What is on screen belongs to the person before: somebody else starts afresh.
    if (before && before.id !== now.id) window.location.assign("/");
    client.setQueryData(meQuery.queryKey, now);
    await client.invalidateQueries();
  }
  return (
    <Modal
      opened
      onClose={() => {}}
      withCloseButton={false}
      closeOnEscape={false}
      closeOnClickOutside={false}
      title="Your session has ended"
      size="sm"
      zIndex={400}
    >
      <Text size="sm" c="dimmed" mb="md">
        Sign in again and go on where you were; nothing on this page is lost.
      </Text>
      <CredentialsForm action="Sign in" onSubmit={resume} />
    </Modal>
  );
}
