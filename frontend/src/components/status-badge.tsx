// A run's status with the API's own word, a shape and a colour: colour never speaks alone.
import { Badge } from "@mantine/core";
import {
  IconAlertTriangle,
  IconBan,
  IconCircleCheck,
  IconClock,
  IconFlame,
  IconX,
} from "@tabler/icons-react";
import type { RunStatus } from "@/api/types";

const LOOKS: Record<RunStatus, { color: string; icon: typeof IconX }> = {
  pending: { color: "gray", icon: IconClock },
  running: { color: "ember", icon: IconFlame },
  completed: { color: "tetsu", icon: IconCircleCheck },
  partial: { color: "yellow", icon: IconAlertTriangle },
  failed: { color: "red", icon: IconX },
  cancelled: { color: "gray", icon: IconBan },
};

interface StatusBadgeProps {
  status: RunStatus;
  /** The one badge that tells the state of the run that the screen is about. */
  isMain?: boolean;
}

export function StatusBadge({ status, isMain = false }: StatusBadgeProps) {
  const { color, icon: Icon } = LOOKS[status] ?? LOOKS.pending;
  return (
    <Badge
      variant="light"
      color={color}
      tt="none"
      radius="sm"
      fw={600}
      size={isMain ? "lg" : "md"}
      leftSection={<Icon size={13} aria-hidden="true" />}
    >
      <span data-testid={isMain ? "run-status" : undefined}>{status}</span>
    </Badge>
  );
}
