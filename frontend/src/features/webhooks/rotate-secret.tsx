// Another secret for an endpoint, with a time in which the old one signs too.
import { Button, Group, Modal, NativeSelect, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type Endpoint, rotateSecret, WEBHOOKS_KEY } from "@/api/webhooks";
import { ErrorPanel } from "@/components/error-panel";
import { SecretReveal } from "./secret-reveal";

const GRACES = [
  { value: "86400", label: "one day" },
  { value: "3600", label: "one hour" },
  { value: "604800", label: "one week" },
  { value: "0", label: "not at all: the old one leaked" },
];

export default function RotateSecret({
  endpoint,
  onClose,
}: {
  endpoint: Endpoint;
  onClose: () => void;
}) {
  const client = useQueryClient();
  const [grace, setGrace] = useState("86400");
  const rotation = useMutation({
    mutationFn: () => rotateSecret(endpoint.id, Number(grace)),
    onSuccess: () => client.invalidateQueries({ queryKey: WEBHOOKS_KEY }),
  });
  if (rotation.data) {
    return (
      <SecretReveal title="Keep the new secret" secret={rotation.data.secret} onDone={onClose} />
    );
  }
  return (
    <Modal opened onClose={onClose} title="Rotate the secret">
      <Text size="sm" mb="sm">
        Requests are signed with the new secret at once. During the overlap they carry both
        signatures, so a receiver that still knows the old one only goes on working.
      </Text>
      <NativeSelect
        label="The old secret goes on signing for"
        data={GRACES}
        value={grace}
        onChange={({ currentTarget }) => setGrace(currentTarget.value)}
        data-autofocus
      />
      {rotation.error && <ErrorPanel error={rotation.error} />}
      <Group justify="flex-end" mt="md" gap="xs">
        <Button variant="default" onClick={onClose}>
          Keep the old one
        </Button>
        <Button loading={rotation.isPending} onClick={() => rotation.mutate()}>
          Rotate
        </Button>
      </Group>
    </Modal>
  );
}
