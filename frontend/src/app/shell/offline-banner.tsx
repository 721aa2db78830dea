// Says that the browser has lost its network; what is on screen stays.
import { Alert } from "@mantine/core";
import { useNetwork } from "@mantine/hooks";
import { IconCloudOff } from "@tabler/icons-react";

export function OfflineBanner() {
  const { online } = useNetwork();
  if (online) return null;
  return (
    <Alert
      color="yellow"
      role="status"
      mb="md"
      icon={<IconCloudOff size={18} aria-hidden="true" />}
      title="You are offline"
    >
      What you see is what was last known. Runs go on by themselves on the server.
    </Alert>
  );
}
