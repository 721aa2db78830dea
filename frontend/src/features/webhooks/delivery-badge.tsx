// A delivery's status with the API's own word, a shape and a colour.
import { Badge } from "@mantine/core";
import {
  IconCircleCheck,
  IconClock,
  IconPlayerPause,
  IconRotateClockwise,
  IconX,
} from "@tabler/icons-react";
import type { DeliveryStatus } from "@/api/webhooks";
import { DELIVERY_LOOKS } from "./webhook-words";

const ICONS: Record<DeliveryStatus, typeof IconX> = {
  pending: IconClock,
  failed: IconRotateClockwise,
  delivered: IconCircleCheck,
  dead: IconX,
  held: IconPlayerPause,
};

export function DeliveryBadge({ status }: { status: DeliveryStatus }) {
  const Icon = ICONS[status] ?? IconClock;
  const { color, note } = DELIVERY_LOOKS[status] ?? DELIVERY_LOOKS.pending;
  return (
    <Badge
      variant="light"
      color={color}
      radius="sm"
      fw={600}
      title={note}
      miw="max-content"
      leftSection={<Icon size={13} aria-hidden="true" />}
    >
      {status}
    </Badge>
  );
}
