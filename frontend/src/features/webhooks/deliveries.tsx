// Deliveries, filtered by the address, with the chosen one beside the list. Asks again for as long
// as one of them is on its way.
import { Button, NativeSelect, SegmentedControl, Text } from "@mantine/core";
import { IconFilterOff, IconInbox } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { type Delivery, deliveriesQuery, endpointsQuery, eventTypesQuery } from "@/api/webhooks";
import { EmptyState } from "@/components/empty-state";
import { ErrorPanel } from "@/components/error-panel";
import { LoadingRows } from "@/components/loading-rows";
import { Pager } from "@/components/pager";
import { RelativeTime } from "@/components/relative-time";
import tables from "@/components/table.module.css";
import { TypedInput } from "@/components/typed-input";
import { UpdatedAgo } from "@/components/updated-ago";
import { useKeySequences } from "@/hooks/use-key-sequences";
import { usePolledQuery } from "@/lib/polling";
import { Countdown } from "./countdown";
import { DeliveryBadge } from "./delivery-badge";
import { DeliveryPanel } from "./delivery-panel";
import { MomentFilter } from "./moment-input";
import { DELIVERY_STATUSES, type DeliverySearch } from "./webhook-search";
import { pollStatusOf } from "./webhook-words";
import classes from "./webhooks.module.css";

interface DeliveriesProps {
  /** The only endpoint whose deliveries are shown. */
  endpointId?: number;
  search: DeliverySearch;
  onSearch: (change: DeliverySearch) => void;
}

const NO_FILTERS = {
  status: undefined,
  event_type: undefined,
  endpoint: undefined,
  code: undefined,
};
const NO_RANGE = { since: undefined, until: undefined };

export function Deliveries({ endpointId, search, onSearch }: DeliveriesProps) {
  const { status, event_type, code, since, until, cursor } = search;
  const endpoint = endpointId ?? search.endpoint;
  const list = usePolledQuery(
    deliveriesQuery({ endpoint, status, event_type, code, since, until, cursor }),
    (page) => page.results.map(pollStatusOf),
  );
  const deliveries = list.data?.results ?? [];
  const endpoints = useQuery({ ...endpointsQuery(), enabled: endpointId === undefined });
  const urls = endpoints.data && new Map(endpoints.data.results.map(({ id, url }) => [id, url]));
  const refresh = () => void list.refetch();
  const narrow = (change: DeliverySearch) =>
    onSearch({ cursor: undefined, delivery: undefined, ...change });
  const isNarrowed = [status, event_type, code, since, until, cursor, search.endpoint].some(
    Boolean,
  );
  function step(by: number): void {
    const at = deliveries.findIndex(({ id }) => id === search.delivery);
    const next = deliveries[Math.min(deliveries.length - 1, Math.max(0, at + by))];
    if (next) onSearch({ delivery: next.id });
  }
  useKeySequences({ j: () => step(1), k: () => step(-1) });
  return (
    <>
      <Filters search={search} onSearch={narrow} urls={urls}>
        <UpdatedAgo at={list.dataUpdatedAt} isUpdating={list.isRefetching} onRefresh={refresh} />
      </Filters>
      {list.error && <ErrorPanel error={list.error} hasOlderData={!!list.data} onRetry={refresh} />}
      {list.isPending && <LoadingRows count={6} height={42} />}
      {list.data && deliveries.length === 0 && (
        <NoDeliveries
          isNarrowed={isNarrowed}
          onClear={() => narrow({ ...NO_FILTERS, ...NO_RANGE })}
        />
      )}
      <div className={classes.split}>
        {deliveries.length > 0 && (
          <div className={classes.list} aria-busy={list.isPlaceholderData}>
            <DeliveryTable
              deliveries={deliveries}
              urls={urls}
              selected={search.delivery}
              onSelect={(delivery) => onSearch({ delivery })}
            />
            <Pager
              page={list.data}
              cursor={cursor}
              onCursor={(next) => onSearch({ cursor: next })}
            />
          </div>
        )}
        {search.delivery !== undefined && (
          <DeliveryPanel
            key={search.delivery}
            deliveryId={search.delivery}
            onClose={() => onSearch({ delivery: undefined })}
          />
        )}
      </div>
    </>
  );
}

interface FiltersProps extends Pick<DeliveriesProps, "search" | "onSearch"> {
  /** The endpoints to choose from, where there is a choice. */
  urls: Map<number, string> | undefined;
  children: React.ReactNode;
}

function Filters({ search, onSearch, urls, children }: FiltersProps) {
  const { data: types = [] } = useQuery(eventTypesQuery);
  return (
    <search className={classes.filters}>
      <div className={classes.statuses}>
        <SegmentedControl
          aria-label="Status"
          size="xs"
          data={[{ value: "", label: "all" }, ...DELIVERY_STATUSES]}
          value={search.status ?? ""}
          onChange={(value) =>
            onSearch({ status: (value || undefined) as DeliverySearch["status"] })
          }
        />
      </div>
      <NativeSelect
        aria-label="Event"
        size="xs"
        data={[{ value: "", label: "Any event" }, ...types.map(({ name }) => name)]}
        value={search.event_type ?? ""}
        onChange={({ currentTarget }) => onSearch({ event_type: currentTarget.value || undefined })}
      />
      <TypedInput
        aria-label="HTTP status of a try"
        placeholder="HTTP status"
        size="xs"
        w={96}
        inputMode="numeric"
        maxLength={3}
        value={search.code?.toString()}
        onCommit={(text = "") => {
          if (text === "" || /^[1-9]\d\d$/.test(text)) {
            onSearch({ code: text ? Number(text) : undefined });
          }
        }}
      />
      <MomentFilter label="From" at={search.since} onAt={(since) => onSearch({ since })} />
      <MomentFilter label="To" at={search.until} onAt={(until) => onSearch({ until })} />
      {urls && (
        <NativeSelect
          aria-label="Endpoint"
          size="xs"
          w={220}
          data={[
            { value: "", label: "Any endpoint" },
            ...[...urls].map(([id, url]) => ({ value: String(id), label: url })),
          ]}
          value={String(search.endpoint ?? "")}
          onChange={({ currentTarget }) =>
            onSearch({ endpoint: currentTarget.value ? Number(currentTarget.value) : undefined })
          }
        />
      )}
      <div className={classes.freshness}>{children}</div>
    </search>
  );
}

interface DeliveryTableProps {
  deliveries: Delivery[];
  urls: Map<number, string> | undefined;
  selected: number | undefined;
  onSelect: (deliveryId: number) => void;
}

function DeliveryTable({ deliveries, urls, selected, onSelect }: DeliveryTableProps) {
  return (
    <table className={tables.table}>
      <thead>
        <tr>
          <th>Event</th>
          <th>Status</th>
          <th className={tables.number}>Tries</th>
          <th>Next</th>
          <th>Since</th>
        </tr>
      </thead>
      <tbody>
        {deliveries.map((delivery) => (
          <tr
            key={delivery.id}
            className={`${tables.row} ${classes.delivery}`}
            aria-current={delivery.id === selected || undefined}
          >
            <td>
              <button type="button" className={classes.open} onClick={() => onSelect(delivery.id)}>
                {delivery.event_type}
              </button>
              {delivery.is_test && (
                <Text component="span" size="xs" c="dimmed">
                  {" "}
                  test
                </Text>
              )}
              {urls && (
                <Text size="xs" c="dimmed" className={classes.url}>
                  {urls.get(delivery.endpoint) ?? `endpoint ${delivery.endpoint}`}
                </Text>
              )}
            </td>
            <td>
              <DeliveryBadge status={delivery.status} />
            </td>
            <td className={tables.number} data-label="Tries">
              {delivery.attempt_count}
            </td>
            <td>{delivery.next_retry_at ? <Countdown until={delivery.next_retry_at} /> : "–"}</td>
            <td>
              <RelativeTime at={delivery.created_at} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function NoDeliveries({ isNarrowed, onClear }: { isNarrowed: boolean; onClear: () => void }) {
  if (!isNarrowed) {
    return (
      <EmptyState icon={<IconInbox size={22} />} title="No deliveries yet">
        The next run that ends makes the first one. A test makes one now.
      </EmptyState>
    );
  }
  return (
    <EmptyState
      icon={<IconFilterOff size={22} />}
      title="Nothing matches"
      action={
        <Button variant="default" onClick={onClear}>
          Clear filters
        </Button>
      }
    />
  );
}
