// How old the screen is, and the button (and key) that asks again.
import { Button, Group, Text } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";
import { useKeySequences } from "@/hooks/use-key-sequences";
import { useSeconds } from "@/hooks/use-seconds";
import { formatDuration } from "@/lib/format";

interface UpdatedAgoProps {
  /** When the data came, in milliseconds; 0 when none has come yet. */
  at: number;
  isUpdating: boolean;
  onRefresh: () => void;
}

export function UpdatedAgo({ at, isUpdating, onRefresh }: UpdatedAgoProps) {
  useKeySequences({ r: onRefresh });
  return (
    <Group gap="xs" wrap="nowrap">
      {at > 0 && <Age at={at} />}
      <Button
        variant="default"
        size="xs"
        loading={isUpdating}
        leftSection={<IconRefresh size={14} aria-hidden="true" />}
        onClick={onRefresh}
      >
        Refresh
      </Button>
    </Group>
  );
}

function Age({ at }: { at: number }) {
  const now = useSeconds();
  const seconds = Math.max(0, Math.floor((now - at) / 1_000));
  return (
    <Text size="xs" c="dimmed" style={{ whiteSpace: "nowrap", fontVariantNumeric: "tabular-nums" }}>
      updated {seconds < 2 ? "just now" : `${formatDuration(seconds)} ago`}
    </Text>
  );
}
