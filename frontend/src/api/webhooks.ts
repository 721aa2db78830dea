// Webhooks: endpoints, deliveries, and what a receiver's author needs.
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "./client";
import type { components } from "./schema";

type Schemas = components["schemas"];
export type Endpoint = Schemas["EndpointAnswer"];
export type CreatedEndpoint = Schemas["CreatedEndpoint"];
export type EndpointBody = Schemas["NewEndpointRequest"];
export type EndpointChange = Schemas["PatchedEndpointRequest"];
export type Delivery = Schemas["Delivery"];
export type DeliveryDetail = Schemas["DeliveryDetail"];
export type DeliveryStatus = Delivery["status"];
export type Attempt = Schemas["Attempt"];
export type Recovery = Schemas["Recovery"];
export type EventType = Schemas["EventType"];
export type Hour = Schemas["Hour"];

/** What a receiver did with one request of a check. */
export interface Finding {
  name: string;
  verdict: "passed" | "failed" | "unclear";
  detail: string;
  status_code: number | null;
  error_code: string | null;
}

export interface DeliveryFilter {
  endpoint?: number;
  status?: DeliveryStatus;
  event_type?: string;
  /** An HTTP status that one of the tries got. */
  code?: number;
  since?: string;
  until?: string;
  cursor?: string;
}

export interface TimeRange {
  since: string;
  until: string;
  /** Only what was held, or only what ran out of tries. */
  status?: "held" | "dead";
}

/** Everything below this key is asked again after every action. */
export const WEBHOOKS_KEY = ["webhooks"] as const;
const DELIVERIES_PER_PAGE = 50;
const LATEST_RECOVERIES = 10;

export function endpointsQuery(cursor?: string) {
  return queryOptions({
    queryKey: [...WEBHOOKS_KEY, "endpoints", cursor],
    queryFn: () => unwrap(api.GET("/api/webhooks/endpoints/", { params: { query: { cursor } } })),
  });
}

export function endpointQuery(endpointId: number) {
  return queryOptions({
    queryKey: [...WEBHOOKS_KEY, "endpoint", endpointId],
    queryFn: () =>
      unwrap(
        api.GET("/api/webhooks/endpoints/{endpoint_id}/", {
          params: { path: { endpoint_id: endpointId } },
        }),
      ),
  });
}

export function activityQuery(endpointId: number) {
  return queryOptions({
    queryKey: [...WEBHOOKS_KEY, "activity", endpointId],
    queryFn: () =>
      unwrap(
        api.GET("/api/webhooks/endpoints/{endpoint_id}/activity/", {
          params: { path: { endpoint_id: endpointId } },
        }),
      ),
    staleTime: 30_000,
  });
}

export function deliveriesQuery(filter: DeliveryFilter) {
  return queryOptions({
    queryKey: [...WEBHOOKS_KEY, "deliveries", filter],
    queryFn: () =>
      unwrap(
        api.GET("/api/webhooks/deliveries/", {
          params: { query: { ...filter, page_size: DELIVERIES_PER_PAGE } },
        }),
      ),
    placeholderData: keepPreviousData,
  });
}

export function deliveryQuery(deliveryId: number) {
  return queryOptions({
    queryKey: [...WEBHOOKS_KEY, "delivery", deliveryId],
    queryFn: () =>
      unwrap(
        api.GET("/api/webhooks/deliveries/{delivery_id}/", {
          params: { path: { delivery_id: deliveryId } },
        }),
      ),
  });
}

export function recoveryQuery(recoveryId: number) {
  return queryOptions({
    queryKey: [...WEBHOOKS_KEY, "recovery", recoveryId],
    queryFn: () =>
      unwrap(
        api.GET("/api/webhooks/recoveries/{recovery_id}/", {
          params: { path: { recovery_id: recoveryId } },
        }),
      ),
  });
}

/** The latest recoveries of an endpoint, newest first. */
export function recoveriesQuery(endpointId: number) {
  return queryOptions({
    queryKey: [...WEBHOOKS_KEY, "recoveries", endpointId],
    queryFn: () =>
      unwrap(
        api.GET("/api/webhooks/recoveries/", {
          params: { query: { endpoint: endpointId, page_size: LATEST_RECOVERIES } },
        }),
      ),
  });
}

export const eventTypesQuery = queryOptions({
  queryKey: ["event-types"],
  queryFn: () => unwrap(api.GET("/api/webhooks/event-types/")),
  staleTime: Number.POSITIVE_INFINITY,
});

export const snippetsQuery = queryOptions({
  queryKey: ["snippets"],
  queryFn: () => unwrap(api.GET("/api/webhooks/snippets/")),
  staleTime: Number.POSITIVE_INFINITY,
});

/** Creates an endpoint; its secret is in this answer and in no other. */
export function createEndpoint(body: EndpointBody, idempotencyKey: string) {
  const headers = { "Idempotency-Key": idempotencyKey };
  return unwrap(api.POST("/api/webhooks/endpoints/", { body, headers }));
}

export function changeEndpoint(endpointId: number, body: EndpointChange) {
  const params = { path: { endpoint_id: endpointId } };
  return unwrap(api.PATCH("/api/webhooks/endpoints/{endpoint_id}/", { params, body }));
}

export function deleteEndpoint(endpointId: number) {
  const params = { path: { endpoint_id: endpointId } };
  return unwrap(api.DELETE("/api/webhooks/endpoints/{endpoint_id}/", { params }));
}

export function enableEndpoint(endpointId: number) {
  const params = { path: { endpoint_id: endpointId } };
  return unwrap(api.POST("/api/webhooks/endpoints/{endpoint_id}/enable/", { params }));
}

/** Makes another secret; the present one signs too for the seconds given. */
export function rotateSecret(endpointId: number, graceSeconds: number) {
  const params = { path: { endpoint_id: endpointId } };
  const body = { grace_seconds: graceSeconds };
  return unwrap(api.POST("/api/webhooks/endpoints/{endpoint_id}/rotate-secret/", { params, body }));
}

/** Sends an event once: the example of its type, or other data. */
export function sendTest(endpointId: number, eventType: string, data?: Record<string, unknown>) {
  const params = { path: { endpoint_id: endpointId } };
  const body = { event_type: eventType, data };
  return unwrap(api.POST("/api/webhooks/endpoints/{endpoint_id}/test/", { params, body }));
}

/** Sends genuine and forged requests; takes up to half a minute. */
export async function checkReceiver(endpointId: number): Promise<Finding[]> {
  const params = { path: { endpoint_id: endpointId } };
  const call = api.POST("/api/webhooks/endpoints/{endpoint_id}/check-receiver/", { params });
  const { findings } = (await unwrap(call as never)) as { findings: Finding[] };
  return findings;
}

/** How many deliveries a recovery of this range would send. */
export function estimateQuery(endpointId: number, range: TimeRange) {
  return queryOptions({
    queryKey: [...WEBHOOKS_KEY, "estimate", endpointId, range],
    queryFn: () =>
      unwrap(
        api.GET("/api/webhooks/endpoints/{endpoint_id}/recover/", {
          params: { path: { endpoint_id: endpointId }, query: range },
        }),
      ),
  });
}

export function startRecovery(endpointId: number, range: TimeRange, idempotencyKey: string) {
  return unwrap(
    api.POST("/api/webhooks/endpoints/{endpoint_id}/recover/", {
      params: { path: { endpoint_id: endpointId } },
      body: range,
      headers: { "Idempotency-Key": idempotencyKey },
    }),
  );
}

export function cancelRecovery(recoveryId: number) {
  const params = { path: { recovery_id: recoveryId } };
  return unwrap(api.POST("/api/webhooks/recoveries/{recovery_id}/cancel/", { params }));
}

/** Tries a delivery once, now. */
export function retryDelivery(deliveryId: number, idempotencyKey: string) {
  return unwrap(
    api.POST("/api/webhooks/deliveries/{delivery_id}/retry/", {
      params: { path: { delivery_id: deliveryId } },
      headers: { "Idempotency-Key": idempotencyKey },
    }),
  );
}
