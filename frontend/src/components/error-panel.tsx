// What went wrong, in a sentence, with what support needs (the request id) and a way on.
import { Alert, Button, Code, Group, Text } from "@mantine/core";
import { IconAlertTriangle, IconCloudOff } from "@tabler/icons-react";
import { ApiError, NO_RESPONSE } from "@/api/errors";
import { CopyButton } from "./copy-button";

interface ErrorPanelProps {
  error: unknown;
  onRetry?: () => void;
  /** Whether older data stays visible below. */
  hasOlderData?: boolean;
}

export function ErrorPanel({ error, onRetry, hasOlderData = false }: ErrorPanelProps) {
  const isOffline = error instanceof ApiError && error.status === NO_RESPONSE;
  const Icon = isOffline ? IconCloudOff : IconAlertTriangle;
  return (
    <Alert
      role="alert"
      color={isOffline ? "gray" : "red"}
      icon={<Icon size={18} aria-hidden="true" />}
      title={titleOf(error, hasOlderData)}
      mb="md"
    >
      <Text size="sm">{sentenceOf(error)}</Text>
      <Group gap="xs" mt="xs">
        {onRetry && (
          <Button size="xs" variant="default" onClick={onRetry}>
            Retry
          </Button>
        )}
        {error instanceof ApiError && error.requestId && <RequestId id={error.requestId} />}
      </Group>
    </Alert>
  );
}

function RequestId({ id }: { id: string }) {
  return (
    <Group gap={4}>
      <Text size="xs" c="dimmed">
        Request
      </Text>
      <Code>{id}</Code>
      <CopyButton text={id} label="Copy request id" />
    </Group>
  );
}

function titleOf(error: unknown, hasOlderData: boolean): string {
  if (hasOlderData) return "Could not update; this is what was last known";
  if (error instanceof ApiError && error.status === 404) return "Not found";
  return "That did not work";
}

function sentenceOf(error: unknown): string {
  if (error instanceof ApiError) return error.message;
  return error instanceof Error ? error.message : "An unexpected error occurred.";
}
