// What the addresses of the webhook screens say.
import { choiceParam, numberParam, searchReader, textParam } from "@/lib/search-params";

export const DELIVERY_STATUSES = ["pending", "failed", "delivered", "dead", "held"] as const;
export const ENDPOINT_TABS = ["testing", "recover", "settings"] as const;

const deliveryReaders = {
  status: choiceParam(DELIVERY_STATUSES),
  event_type: textParam(64),
  code: numberParam,
  since: textParam(40),
  until: textParam(40),
  cursor: textParam(500),
  delivery: numberParam,
};

export const readDeliverySearch = searchReader({ ...deliveryReaders, endpoint: numberParam });

export const readEndpointSearch = searchReader({
  ...deliveryReaders,
  tab: choiceParam(ENDPOINT_TABS),
});

export type DeliverySearch = ReturnType<typeof readDeliverySearch>;
export type EndpointTab = (typeof ENDPOINT_TABS)[number];
