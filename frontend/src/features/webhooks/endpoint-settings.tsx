// Changing an endpoint, its secret, and its end.
import { Button, Divider, Group, Text, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { changeEndpoint, deleteEndpoint, type Endpoint, WEBHOOKS_KEY } from "@/api/webhooks";
import { ConfirmByName } from "@/components/confirm-by-name";
import { ErrorPanel } from "@/components/error-panel";
import { Countdown } from "./countdown";
import { bodyOf, changesOf, draftOf } from "./endpoint-draft";
import { EndpointForm } from "./endpoint-form";
import classes from "./webhooks.module.css";

const RotateSecret = lazy(() => import("./rotate-secret"));

export default function EndpointSettings({ endpoint }: { endpoint: Endpoint }) {
  const client = useQueryClient();
  return (
    <div className={classes.narrow}>
      <EndpointForm
        key={endpoint.updated_at}
        initial={draftOf(endpoint)}
        action="Save"
        onSubmit={async (body) => {
          await changeEndpoint(endpoint.id, changesOf(bodyOf(draftOf(endpoint)), body));
          await client.invalidateQueries({ queryKey: WEBHOOKS_KEY });
          notifications.show({ message: "Endpoint saved." });
        }}
      />
      <Divider my="lg" />
      <Secret endpoint={endpoint} />
      <Divider my="lg" />
      <Ending endpoint={endpoint} />
    </div>
  );
}

function Secret({ endpoint }: { endpoint: Endpoint }) {
  const [isRotating, setRotating] = useState(false);
  return (
    <section aria-labelledby="secret">
      <Title order={2} id="secret">
        Secret
      </Title>
      <Text size="sm" c="dimmed" mt={4} mb="sm">
        <code>whsec_••••••••</code>, stored encrypted and not shown again.
      </Text>
      {endpoint.former_secrets_until.map((until) => (
        <Text size="sm" mb="sm" key={until}>
          A former secret signs too; that ends <Countdown until={until} />.
        </Text>
      ))}
      <Button variant="default" onClick={() => setRotating(true)}>
        Rotate secret
      </Button>
      {isRotating && (
        <Suspense>
          <RotateSecret endpoint={endpoint} onClose={() => setRotating(false)} />
        </Suspense>
      )}
    </section>
  );
}

function Ending({ endpoint }: { endpoint: Endpoint }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [isAsking, setAsking] = useState(false);
  const disabling = useMutation({
    mutationFn: () => changeEndpoint(endpoint.id, { status: "disabled" }),
    onSuccess: () => client.invalidateQueries({ queryKey: WEBHOOKS_KEY }),
  });
  const removal = useMutation({
    mutationFn: () => deleteEndpoint(endpoint.id),
    onSuccess: async () => {
      await navigate({ to: "/webhooks" });
      await client.invalidateQueries({ queryKey: WEBHOOKS_KEY });
    },
  });
  return (
    <section aria-labelledby="ending">
      <Title order={2} id="ending">
        Pause or end
      </Title>
      <Text size="sm" c="dimmed" mt={4} mb="sm">
        While disabled, events are held and can be recovered. Deleting takes the deliveries with it.
      </Text>
      <Group gap="xs">
        {endpoint.status === "enabled" && (
          <Button
            variant="default"
            loading={disabling.isPending}
            onClick={() => disabling.mutate()}
          >
            Disable
          </Button>
        )}
        <Button variant="light" color="red" onClick={() => setAsking(true)}>
          Delete endpoint
        </Button>
      </Group>
      {disabling.error && <ErrorPanel error={disabling.error} />}
      {isAsking && (
        <ConfirmByName
          title="Delete this endpoint?"
          name={String(endpoint.id)}
          action="Delete for good"
          isBusy={removal.isPending}
          error={removal.error}
          onConfirm={() => removal.mutate()}
          onClose={() => setAsking(false)}
        >
          Endpoint {endpoint.id}, {endpoint.url}, with all its deliveries and their tries. This
          cannot be undone.
        </ConfirmByName>
      )}
    </section>
  );
}
