// All endpoints: where they lead, what they hear, and how the last 24 hours went.
import { Button, Text } from "@mantine/core";
import { IconPlus, IconWebhook } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { type Endpoint, endpointsQuery } from "@/api/webhooks";
import { EmptyState } from "@/components/empty-state";
import { ErrorPanel } from "@/components/error-panel";
import { TextLink } from "@/components/link";
import { LoadingRows } from "@/components/loading-rows";
import { PageHeader } from "@/components/page-header";
import { Pager } from "@/components/pager";
import { RelativeTime } from "@/components/relative-time";
import tables from "@/components/table.module.css";
import { UpdatedAgo } from "@/components/updated-ago";
import { useKeySequences } from "@/hooks/use-key-sequences";
import { useRowKeys } from "@/hooks/use-row-keys";
import { formatCount } from "@/lib/format";
import { EndpointBadge } from "./endpoint-badge";
import { Sparkline } from "./sparkline";
import classes from "./webhooks.module.css";
import { WebhooksNav } from "./webhooks-nav";

const AddEndpoint = lazy(() => import("./add-endpoint"));

// Deliveries come and go while somebody looks.
const REFRESH_MILLISECONDS = 15_000;

interface EndpointsPageProps {
  cursor: string | undefined;
  onCursor: (cursor: string | undefined) => void;
  isAdding: boolean;
  onAdding: (isAdding: boolean) => void;
}

export function EndpointsPage({ cursor, onCursor, isAdding, onAdding }: EndpointsPageProps) {
  const list = useQuery({
    ...endpointsQuery(cursor),
    refetchInterval: REFRESH_MILLISECONDS,
    refetchIntervalInBackground: false,
  });
  const endpoints = list.data?.results ?? [];
  const refresh = () => void list.refetch();
  useKeySequences({ c: () => onAdding(true) });
  const rows = useRowKeys();
  return (
    <>
      <PageHeader
        title="Webhooks"
        subtitle="Other systems hear of a run the moment it ends: signed, retried, and every try on record."
      >
        <Button
          leftSection={<IconPlus size={16} aria-hidden="true" />}
          onClick={() => onAdding(true)}
        >
          Add endpoint
        </Button>
      </PageHeader>
      <WebhooksNav />
      {list.error && <ErrorPanel error={list.error} hasOlderData={!!list.data} onRetry={refresh} />}
      {list.isPending && <LoadingRows count={4} height={58} />}
      {list.data && endpoints.length === 0 && (
        <EmptyState icon={<IconWebhook size={22} />} title="Nobody listens yet">
          Add the address of your own server, or of a tool such as n8n, Zapier or Make. It gets a
          signed POST for every event you choose.
        </EmptyState>
      )}
      {endpoints.length > 0 && (
        <>
          <div className={classes.freshness}>
            <UpdatedAgo
              at={list.dataUpdatedAt}
              isUpdating={list.isRefetching}
              onRefresh={refresh}
            />
          </div>
          <div ref={rows}>
            <EndpointTable endpoints={endpoints} />
          </div>
        </>
      )}
      <Pager page={list.data} cursor={cursor} onCursor={onCursor} />
      {isAdding && (
        <Suspense>
          <AddEndpoint onClose={() => onAdding(false)} />
        </Suspense>
      )}
    </>
  );
}

function EndpointTable({ endpoints }: { endpoints: Endpoint[] }) {
  return (
    <table className={tables.table}>
      <thead>
        <tr>
          <th>Endpoint</th>
          <th>State</th>
          <th>Events</th>
          <th>Last 24 hours</th>
          <th>Last delivery</th>
        </tr>
      </thead>
      <tbody>
        {endpoints.map((endpoint) => (
          <EndpointRow key={endpoint.id} endpoint={endpoint} />
        ))}
      </tbody>
    </table>
  );
}

function EndpointRow({ endpoint }: { endpoint: Endpoint }) {
  const { delivered, failed, held, last_delivered_at } = endpoint.last_24_hours;
  return (
    <tr className={tables.row}>
      <td className={classes.address}>
        <TextLink
          to="/webhooks/$endpointId"
          params={{ endpointId: endpoint.id }}
          className={tables.main}
        >
          {endpoint.url}
        </TextLink>
        {endpoint.description && (
          <Text size="xs" c="dimmed" lineClamp={1}>
            {endpoint.description}
          </Text>
        )}
      </td>
      <td>
        <EndpointBadge endpoint={endpoint} />
      </td>
      <td className={classes.types}>{endpoint.event_types.join(", ")}</td>
      <td>
        <Sparkline endpointId={endpoint.id} />
        <Text size="xs" c="dimmed">
          {formatCount(delivered)} delivered
          {failed > 0 && `, ${formatCount(failed)} failed`}
          {held > 0 && `, ${formatCount(held)} held`}
        </Text>
      </td>
      <td data-label="Last delivery">
        <RelativeTime at={last_delivered_at} />
      </td>
    </tr>
  );
}
