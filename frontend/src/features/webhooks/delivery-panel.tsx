// One delivery beside the list: what it waits for, every try, what was sent, and one more try.
import { ActionIcon, Button, Group, Text } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { IconRotate, IconX } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import {
  type DeliveryDetail,
  deliveryQuery,
  endpointQuery,
  retryDelivery,
  WEBHOOKS_KEY,
} from "@/api/webhooks";
import { CopyButton } from "@/components/copy-button";
import { ErrorPanel } from "@/components/error-panel";
import { LoadingRows } from "@/components/loading-rows";
import { postAsCurl } from "@/lib/curl";
import { usePolledQuery } from "@/lib/polling";
import { randomId } from "@/lib/random-id";
import { AttemptList } from "./attempt-list";
import { Countdown } from "./countdown";
import { DeliveryBadge } from "./delivery-badge";
import { DELIVERY_LOOKS, pollStatusOf } from "./webhook-words";
import classes from "./webhooks.module.css";

interface DeliveryPanelProps {
  deliveryId: number;
  onClose: () => void;
}

export function DeliveryPanel({ deliveryId, onClose }: DeliveryPanelProps) {
  const panel = useRef<HTMLElement>(null);
  useEffect(() => panel.current?.focus({ preventScroll: true }), []);
  useHotkeys([["Escape", onClose]]);
  return (
    <aside ref={panel} className={classes.panel} aria-label="Delivery" tabIndex={-1}>
      <ActionIcon aria-label="Close delivery" className={classes.close} onClick={onClose}>
        <IconX size={17} />
      </ActionIcon>
      <DeliveryView deliveryId={deliveryId} />
    </aside>
  );
}

/** A delivery as it is now, asked again until it is over. */
export function DeliveryView({ deliveryId }: { deliveryId: number }) {
  const found = usePolledQuery(deliveryQuery(deliveryId), (delivery) => [pollStatusOf(delivery)]);
  const delivery = found.data;
  useNewsOfEndpoint(delivery);
  return (
    <>
      {found.error && (
        <ErrorPanel
          error={found.error}
          hasOlderData={!!delivery}
          onRetry={() => void found.refetch()}
        />
      )}
      {found.isPending && <LoadingRows count={5} height={40} />}
      {delivery && <DeliveryFacts delivery={delivery} />}
    </>
  );
}

/** Asks for the endpoint again after each try: it may have been disabled by the answer. */
function useNewsOfEndpoint(delivery: DeliveryDetail | undefined): void {
  const client = useQueryClient();
  const { endpoint, attempt_count: tries } = delivery ?? {};
  useEffect(() => {
    if (!endpoint || !tries) return;
    void client.invalidateQueries({ queryKey: endpointQuery(endpoint).queryKey });
  }, [client, endpoint, tries]);
}

function DeliveryFacts({ delivery }: { delivery: DeliveryDetail }) {
  return (
    <>
      <Group gap="xs" mb={4} pe={36}>
        <h2 className={classes.panelTitle}>{delivery.event_type}</h2>
        <span data-testid="delivery-status">
          <DeliveryBadge status={delivery.status} />
        </span>
      </Group>
      <Group gap={6} mb="sm">
        <Text size="xs" c="dimmed" className={classes.mono}>
          {delivery.event_id}
        </Text>
        <CopyButton text={delivery.event_id} label="Copy webhook id" />
        <Text size="xs" c="dimmed">
          number {delivery.sequence}
          {delivery.is_test && " · test"}
        </Text>
      </Group>
      <Waiting delivery={delivery} />
      {delivery.reduced && (
        <Text size="sm" mb="sm">
          The event was too large to send: the body carries a link to it instead.
        </Text>
      )}
      <RetryNow delivery={delivery} />
      <AttemptList attempts={delivery.attempts} />
      <SentRequest delivery={delivery} />
      {delivery.payload !== null && <Payload text={delivery.payload} />}
    </>
  );
}

function Waiting({ delivery }: { delivery: DeliveryDetail }) {
  const { waiting_for: wait, status } = delivery;
  return (
    <Text size="sm" mb="sm" component="div">
      {wait?.code === "schedule" ? "Next try" : (wait?.detail ?? DELIVERY_LOOKS[status]?.note)}{" "}
      {wait?.until && (
        <strong>
          <Countdown until={wait.until} />
        </strong>
      )}
    </Text>
  );
}

function RetryNow({ delivery }: { delivery: DeliveryDetail }) {
  const client = useQueryClient();
  const retry = useMutation({
    mutationFn: () => retryDelivery(delivery.id, randomId()),
    onSuccess: (changed) => {
      client.setQueryData(deliveryQuery(delivery.id).queryKey, changed);
      return client.invalidateQueries({ queryKey: WEBHOOKS_KEY });
    },
  });
  const isUnderWay = delivery.waiting_for?.code === "answer";
  return (
    <div className={classes.retry}>
      <Button
        size="xs"
        variant={delivery.status === "delivered" ? "default" : "filled"}
        loading={retry.isPending}
        disabled={isUnderWay}
        leftSection={<IconRotate size={14} aria-hidden="true" />}
        onClick={() => retry.mutate()}
      >
        {delivery.status === "delivered" ? "Send again" : "Retry now"}
      </Button>
      {retry.error && <ErrorPanel error={retry.error} />}
    </div>
  );
}

/** The headers of the request, and the whole of it as a command. */
function SentRequest({ delivery }: { delivery: DeliveryDetail }) {
  const { data: endpoint } = useQuery(endpointQuery(delivery.endpoint));
  const { request_headers: headers, payload } = delivery;
  return (
    <section aria-label="Request">
      <Group justify="space-between" mt="md" mb={4}>
        <h3 className={classes.part}>Request</h3>
        {endpoint && payload !== null && (
          <CopyButton text={postAsCurl(endpoint.url, headers, payload)} label="Copy as curl" />
        )}
      </Group>
      <dl className={classes.headers}>
        {Object.entries(headers).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <Text size="xs" c="dimmed" mt={4}>
        Each try has a webhook-timestamp and a webhook-signature of its own. Secrets are masked, in
        the command too.
      </Text>
    </section>
  );
}

function Payload({ text }: { text: string }) {
  return (
    <section aria-label="Body">
      <Group justify="space-between" mt="md" mb={4}>
        <h3 className={classes.part}>Body</h3>
        <CopyButton text={text} label="Copy body" />
      </Group>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller has to be reachable by keyboard */}
      <pre className={classes.code} tabIndex={0}>
        {indented(text)}
      </pre>
    </section>
  );
}

function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
