// Whether an endpoint hears, and whether it answers.
import { Badge } from "@mantine/core";
import type { Endpoint } from "@/api/webhooks";

export function EndpointBadge({ endpoint }: { endpoint: Endpoint }) {
  if (endpoint.status === "disabled") {
    return (
      <Badge variant="light" color="red" radius="sm">
        disabled
      </Badge>
    );
  }
  return endpoint.failing_since ? (
    <Badge variant="light" color="yellow" radius="sm">
      failing
    </Badge>
  ) : (
    <Badge variant="light" radius="sm">
      enabled
    </Badge>
  );
}
