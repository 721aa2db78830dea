// One endpoint: whether it hears, its deliveries, its tests, what it missed, its settings.
import { Alert, Button, Tabs, Text } from "@mantine/core";
import { IconAlertTriangle, IconSend } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { type Endpoint, enableEndpoint, endpointQuery, WEBHOOKS_KEY } from "@/api/webhooks";
import { CopyButton } from "@/components/copy-button";
import { ErrorPanel } from "@/components/error-panel";
import { TextLink } from "@/components/link";
import { LoadingRows } from "@/components/loading-rows";
import { PageHeader } from "@/components/page-header";
import { RelativeTime } from "@/components/relative-time";
import { Deliveries } from "./deliveries";
import { EndpointBadge } from "./endpoint-badge";
import { type DeliverySearch, ENDPOINT_TABS, type EndpointTab } from "./webhook-search";
import { disabledSentence } from "./webhook-words";
import classes from "./webhooks.module.css";

const Testing = lazy(() => import("./testing"));
const Recover = lazy(() => import("./recover"));
const EndpointSettings = lazy(() => import("./endpoint-settings"));

export interface EndpointSearch extends Omit<DeliverySearch, "endpoint"> {
  tab?: EndpointTab;
}

interface EndpointPageProps {
  endpointId: number;
  search: EndpointSearch;
  onSearch: (change: EndpointSearch) => void;
}

export function EndpointPage({ endpointId, search, onSearch }: EndpointPageProps) {
  const { data: endpoint, error, isPending, refetch } = useQuery(endpointQuery(endpointId));
  return (
    <>
      <nav className={classes.back} aria-label="Way back">
        <TextLink to="/webhooks" size="sm">
          ← All endpoints
        </TextLink>
      </nav>
      {error && (
        <ErrorPanel error={error} hasOlderData={!!endpoint} onRetry={() => void refetch()} />
      )}
      {isPending && <LoadingRows count={4} height={64} />}
      {endpoint && (
        <>
          <PageHeader
            title={endpoint.url}
            badge={<EndpointBadge endpoint={endpoint} />}
            subtitle={endpoint.description || `Hears ${endpoint.event_types.join(", ")}`}
          >
            <CopyButton text={String(endpoint.id)} label="Copy endpoint id" />
            <Button
              variant="default"
              leftSection={<IconSend size={15} aria-hidden="true" />}
              onClick={() => onSearch({ tab: "testing" })}
            >
              Test
            </Button>
          </PageHeader>
          <Trouble endpoint={endpoint} onRecover={() => onSearch({ tab: "recover" })} />
          <EndpointTabs endpoint={endpoint} search={search} onSearch={onSearch} />
        </>
      )}
    </>
  );
}

function EndpointTabs(props: Omit<EndpointPageProps, "endpointId"> & { endpoint: Endpoint }) {
  const { endpoint, search, onSearch } = props;
  return (
    <Tabs
      value={search.tab ?? "deliveries"}
      onChange={(next) => onSearch({ tab: ENDPOINT_TABS.find((tab) => tab === next) })}
      keepMounted={false}
    >
      <Tabs.List mb="md">
        <Tabs.Tab value="deliveries">Deliveries</Tabs.Tab>
        <Tabs.Tab value="testing">Testing</Tabs.Tab>
        <Tabs.Tab value="recover">Recover</Tabs.Tab>
        <Tabs.Tab value="settings">Settings</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="deliveries">
        <Deliveries
          endpointId={endpoint.id}
          search={search}
          onSearch={(change) => onSearch({ ...search, ...change })}
        />
      </Tabs.Panel>
      <Suspense fallback={<LoadingRows count={5} height={48} />}>
        <Tabs.Panel value="testing">
          <Testing endpoint={endpoint} />
        </Tabs.Panel>
        <Tabs.Panel value="recover">
          <Recover endpoint={endpoint} />
        </Tabs.Panel>
        <Tabs.Panel value="settings">
          <EndpointSettings endpoint={endpoint} />
        </Tabs.Panel>
      </Suspense>
    </Tabs>
  );
}

function Trouble({ endpoint, onRecover }: { endpoint: Endpoint; onRecover: () => void }) {
  const client = useQueryClient();
  const enabling = useMutation({
    mutationFn: () => enableEndpoint(endpoint.id),
    onSuccess: () => client.invalidateQueries({ queryKey: WEBHOOKS_KEY }),
  });
  if (endpoint.status === "disabled") {
    return (
      <Alert
        color="red"
        mb="md"
        icon={<IconAlertTriangle size={18} aria-hidden="true" />}
        title="This endpoint is disabled"
        data-testid="disabled"
      >
        <Text size="sm" mb="xs">
          {disabledSentence(endpoint.disabled_reason)} Its events are held meanwhile; once it is
          enabled you can recover them.
        </Text>
        <Button size="xs" loading={enabling.isPending} onClick={() => enabling.mutate()}>
          Enable
        </Button>
        {enabling.error && <ErrorPanel error={enabling.error} />}
      </Alert>
    );
  }
  if (endpoint.failing_since === null) {
    return endpoint.last_24_hours.held > 0 ? (
      <Alert color="gray" mb="md" title="Some events are held">
        <Text size="sm" mb="xs">
          They came while the endpoint was disabled.
        </Text>
        <Button size="xs" variant="default" onClick={onRecover}>
          Recover them
        </Button>
      </Alert>
    ) : null;
  }
  return (
    <Alert
      color="yellow"
      mb="md"
      icon={<IconAlertTriangle size={18} aria-hidden="true" />}
      title="Nothing arrives"
    >
      <Text size="sm">
        Since <RelativeTime at={endpoint.failing_since} />. After five days without a success it is
        disabled, and its events are held.
      </Text>
    </Alert>
  );
}
