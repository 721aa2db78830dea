// What can be done with an export in its present state.
import { Button, Group, Text } from "@mantine/core";
import { IconDownload, IconPlayerStop, IconRotate } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { ApiError } from "@/api/errors";
import { cancelExport, downloadAddress, startExport } from "@/api/exports";
import { type Export, isTerminal } from "@/api/types";
import { randomId } from "@/lib/random-id";
import { requestOf } from "./export-draft";

export function ExportActions({ one }: { one: Export }) {
  const client = useQueryClient();
  const refresh = () => client.invalidateQueries({ queryKey: ["exports", "list"] });
  const cancel = useMutation({ mutationFn: () => cancelExport(one.id), onSuccess: refresh });
  const again = useMutation({
    mutationFn: () => startExport(requestOf(one), randomId()),
    onSuccess: refresh,
  });
  const download = useMutation({
    mutationFn: () => downloadAddress(one.id),
    // The answer is an attachment: the browser saves it and stays where it is.
    onSuccess: (address) => window.location.assign(address),
    onError: refresh,
  });
  const error = download.error ?? again.error ?? cancel.error;
  const hasFile = one.status === "completed" && !one.is_expired;
  return (
    <>
      <Group gap={6} wrap="nowrap" justify="flex-end">
        {hasFile && (
          <Button
            size="xs"
            leftSection={<IconDownload size={14} aria-hidden="true" />}
            loading={download.isPending}
            onClick={() => download.mutate()}
            aria-label={`Download export ${one.id}`}
          >
            Download
          </Button>
        )}
        {isTerminal(one.status) ? (
          <Button
            size="xs"
            variant={hasFile ? "default" : "filled"}
            leftSection={<IconRotate size={14} aria-hidden="true" />}
            loading={again.isPending}
            onClick={() => again.mutate()}
            aria-label={`Run export ${one.id} again`}
          >
            Run again
          </Button>
        ) : (
          <Button
            size="xs"
            color="red"
            variant="light"
            leftSection={<IconPlayerStop size={14} aria-hidden="true" />}
            loading={cancel.isPending}
            disabled={one.cancel_requested}
            onClick={() => cancel.mutate()}
            aria-label={`Cancel export ${one.id}`}
          >
            {one.cancel_requested ? "Cancelling" : "Cancel"}
          </Button>
        )}
      </Group>
      {error && (
        <Text role="alert" size="xs" c="red" mt={4}>
          {error instanceof ApiError ? error.message : "That did not work."}
        </Text>
      )}
    </>
  );
}
