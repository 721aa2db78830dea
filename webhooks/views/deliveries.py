"""Deliveries: list, read, send again."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from common.api import ApiView
from common.pagination import Key, Order
from projects.idempotency import Made
from webhooks import selectors
from webhooks.models import WebhookDelivery
from webhooks.requests import shown_headers
from webhooks.serializers import (
    DeliveryDetailSerializer,
    DeliveryFilterSerializer,
    DeliverySerializer,
)
from webhooks.services.deliveries import retry_delivery
from webhooks.views.endpoints import IDEMPOTENCY_KEY, NoBody, answer, plain


class DeliveryListView(ApiView):
    """The caller's deliveries."""

    serializer_class = DeliverySerializer
    query_class = DeliveryFilterSerializer
    order = Order("deliveries", (Key("created_at"), Key("id")))

    @extend_schema(parameters=[DeliveryFilterSerializer], responses=DeliverySerializer(many=True))
    def get(self, request: Request) -> Response:
        """List deliveries, newest first."""
        found = self.paginate_queryset(selectors.deliveries_matching(self.caller, self.query))
        return self.get_paginated_response(selectors.deliveries_as_json(found or []))


class DeliveryView(ApiView):
    """One delivery."""

    serializer_class = DeliveryDetailSerializer

    def get(self, request: Request, delivery_id: int) -> Response:
        """Return the delivery with what is sent and every try."""
        delivery = selectors.delivery_of(self.caller, delivery_id)
        return Response(_detail(delivery))


class RetryView(ApiView):
    """One more try."""

    serializer_class = NoBody

    @extend_schema(
        request=None, parameters=[IDEMPOTENCY_KEY], responses={202: DeliveryDetailSerializer}
    )
    def post(self, request: Request, delivery_id: int) -> Response:
        """Try now; a delivery that still had tries left goes on with its schedule."""
        self.validated()
        delivery = selectors.delivery_of(self.caller, delivery_id)

        def make() -> Made:
            body = plain(_detail(retry_delivery(delivery)))
            return 202, body, {"Location": f"/api/webhooks/deliveries/{delivery.pk}/"}, body

        return answer(request, make)


def _detail(delivery: WebhookDelivery) -> dict[str, Any]:
    headers = shown_headers(delivery.endpoint, delivery.event_id)
    return {**selectors.delivery_detail(delivery), "request_headers": headers}
