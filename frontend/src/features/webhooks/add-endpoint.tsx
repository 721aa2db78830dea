// The dialog that adds an endpoint, then shows its secret this once and leads to its tests.
import { Modal } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useRef, useState } from "react";
import {
  type CreatedEndpoint,
  createEndpoint,
  type EndpointBody,
  WEBHOOKS_KEY,
} from "@/api/webhooks";
import { randomId } from "@/lib/random-id";
import { EndpointForm } from "./endpoint-form";
import { SecretReveal } from "./secret-reveal";

export default function AddEndpoint({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [created, setCreated] = useState<CreatedEndpoint | null>(null);
  const sent = useRef({ request: "", key: "" });
  async function create(body: EndpointBody): Promise<void> {
    const request = JSON.stringify(body);
    if (sent.current.request !== request) sent.current = { request, key: randomId() };
    setCreated(await createEndpoint(body, sent.current.key));
    void client.invalidateQueries({ queryKey: WEBHOOKS_KEY });
  }
  if (created) {
    return (
      <SecretReveal
        secret={created.secret}
        title="Keep this secret"
        onDone={() =>
          void navigate({
            to: "/webhooks/$endpointId",
            params: { endpointId: created.id },
            search: { tab: "testing" },
          })
        }
      />
    );
  }
  return (
    <Modal opened onClose={onClose} title="Add endpoint" size="lg">
      <EndpointForm action="Create" onSubmit={create} />
    </Modal>
  );
}
