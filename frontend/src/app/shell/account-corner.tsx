// Who is signed in, and the way out.
import { ActionIcon, Text, Tooltip } from "@mantine/core";
import { IconLogout } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { meQuery, signOut } from "@/api/accounts";
import classes from "./shell.module.css";

export function AccountCorner() {
  const me = useQuery(meQuery);
  const client = useQueryClient();
  const navigate = useNavigate();
  async function leave(): Promise<void> {
    await signOut();
    client.clear();
    await navigate({ to: "/login" });
  }
  return (
    <section className={classes.account} aria-label="Account">
      <Text size="sm" truncate flex={1}>
        {me.data?.username}
      </Text>
      <Tooltip label="Sign out">
        <ActionIcon aria-label="Sign out" onClick={() => void leave()}>
          <IconLogout size={17} />
        </ActionIcon>
      </Tooltip>
    </section>
  );
}
