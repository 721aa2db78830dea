// The screens of webhooks; their whole state is the address.
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { PageHeader } from "@/components/page-header";
import { Deliveries } from "@/features/webhooks/deliveries";
import { EndpointPage } from "@/features/webhooks/endpoint-page";
import { EndpointsPage } from "@/features/webhooks/endpoints-page";
import { EventsPage } from "@/features/webhooks/events-page";
import { WebhooksNav } from "@/features/webhooks/webhooks-nav";

export function EndpointsRoute() {
  const search = useSearch({ from: "/house/webhooks" });
  const navigate = useNavigate({ from: "/webhooks" });
  return (
    <EndpointsPage
      cursor={search.cursor}
      onCursor={(cursor) => void navigate({ search: { cursor } })}
      isAdding={search.new === "endpoint"}
      onAdding={(isAdding) =>
        void navigate({
          search: { ...search, new: isAdding ? "endpoint" : undefined },
          replace: true,
        })
      }
    />
  );
}

export function DeliveriesRoute() {
  const search = useSearch({ from: "/house/webhooks/deliveries" });
  const navigate = useNavigate({ from: "/webhooks/deliveries" });
  return (
    <>
      <PageHeader title="Deliveries" subtitle="Of every endpoint, newest first." />
      <WebhooksNav />
      <Deliveries
        search={search}
        onSearch={(change) => void navigate({ search: { ...search, ...change } })}
      />
    </>
  );
}

export function EndpointRoute() {
  const { endpointId } = useParams({ from: "/house/webhooks/$endpointId" });
  const search = useSearch({ from: "/house/webhooks/$endpointId" });
  const navigate = useNavigate({ from: "/webhooks/$endpointId" });
  return (
    <EndpointPage
      key={endpointId}
      endpointId={endpointId}
      search={search}
      onSearch={(next) => void navigate({ search: next })}
    />
  );
}

export function EventsRoute() {
  const { type } = useSearch({ from: "/house/webhooks/events" });
  const navigate = useNavigate({ from: "/webhooks/events" });
  return (
    <EventsPage
      type={type}
      onType={(next) => void navigate({ search: { type: next }, replace: true })}
    />
  );
}
