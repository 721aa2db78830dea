"""Endpoints: list, create, read, change, delete, new secrets, tests, recoveries."""

from typing import Any

import orjson
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from common.api import ApiView, StrictSerializer
from common.frames import as_json
from common.pagination import Key, Order
from projects.idempotency import Made, answer_once, fingerprint_of
from projects.selectors import project_for_body
from webhooks import selectors
from webhooks.disabling import enable_endpoint
from webhooks.serializers import (
    CreatedEndpointSerializer,
    DeliverySerializer,
    EndpointAnswerSerializer,
    EndpointSerializer,
    HourSerializer,
    NewEndpointSerializer,
    RangeSerializer,
    RecoveryEstimateSerializer,
    RecoveryFilterSerializer,
    RecoveryRangeSerializer,
    RecoverySerializer,
    RotateSerializer,
    SecretSerializer,
    TestSerializer,
)
from webhooks.services import deliveries, endpoints

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key", location=OpenApiParameter.HEADER, required=False, type=str
)


class NoBody(StrictSerializer):
    """An empty body."""


def answer(request: Request, make: Any) -> Response:
    """Answer once per Idempotency-Key."""
    fingerprint = fingerprint_of(str(request.method), request.path, request.data)
    key = request.headers.get("Idempotency-Key")
    given = answer_once(request.user, key, fingerprint, make)  # type: ignore[arg-type]
    return Response(given.body, status=given.status, headers=dict(given.headers))


def plain(data: Any) -> Any:
    """Return data as JSON has it: what is remembered has to be."""
    return orjson.loads(as_json(data))


class EndpointListView(ApiView):
    """The caller's endpoints; a new one."""

    serializer_class = NewEndpointSerializer
    order = Order("endpoints", (Key("created_at"), Key("id")))

    @extend_schema(responses=EndpointAnswerSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List the endpoints, newest first."""
        found = self.paginate_queryset(selectors.endpoints_of(self.caller))
        return self.get_paginated_response(selectors.endpoints_as_json(found or []))

    @extend_schema(parameters=[IDEMPOTENCY_KEY], responses={201: CreatedEndpointSerializer})
    def post(self, request: Request) -> Response:
        """Create an endpoint; its secret is in this answer and in no other."""
        fields = self.validated()

        def make() -> Made:
            project_id = fields.pop("project", None)
            project = project_id and project_for_body(self.caller, project_id)
            endpoint, secret = endpoints.create_endpoint(self.caller, project or None, **fields)
            body = plain(selectors.endpoints_as_json([endpoint])[0])
            location = {"Location": f"{request.path}{endpoint.pk}/"}
            return 201, {**body, "secret": secret}, location, body

        return answer(request, make)


class EndpointView(ApiView):
    """One endpoint."""

    serializer_class = EndpointSerializer

    @extend_schema(responses=EndpointAnswerSerializer)
    def get(self, request: Request, endpoint_id: int) -> Response:
        """Return the endpoint."""
        endpoint = selectors.endpoint_of(self.caller, endpoint_id)
        return Response(selectors.endpoints_as_json([endpoint])[0])

    @extend_schema(responses=EndpointAnswerSerializer)
    def patch(self, request: Request, endpoint_id: int) -> Response:
        """Change the fields that are given; masked values stay what they are."""
        endpoint = selectors.endpoint_of(self.caller, endpoint_id)
        changes = self.validated(partial=True)
        if changes.get("project") is not None:
            changes["project"] = project_for_body(self.caller, changes["project"])
        endpoints.update_endpoint(endpoint, changes)
        return self.get(request, endpoint_id)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, endpoint_id: int) -> Response:
        """Delete the endpoint with its deliveries."""
        endpoints.delete_endpoint(selectors.endpoint_of(self.caller, endpoint_id))
        return Response(status=204)


class EnableView(ApiView):
    """Hearing again."""

    serializer_class = NoBody

    @extend_schema(request=None, responses=EndpointAnswerSerializer)
    def post(self, request: Request, endpoint_id: int) -> Response:
        """Enable the endpoint; what was held stays held until it is recovered."""
        self.validated()
        endpoint = selectors.endpoint_of(self.caller, endpoint_id)
        enable_endpoint(endpoint)
        return Response(selectors.endpoints_as_json([endpoint])[0])


class RotateSecretView(ApiView):
    """Another secret."""

    serializer_class = RotateSerializer

    @extend_schema(responses=SecretSerializer)
    def post(self, request: Request, endpoint_id: int) -> Response:
        """Make or set another secret; the present one signs too until its grace is over."""
        endpoint = selectors.endpoint_of(self.caller, endpoint_id)
        return Response({"secret": endpoints.rotate_secret(endpoint, **self.validated())})


class TestView(ApiView):
    """A request to try things out with."""

    serializer_class = TestSerializer

    @extend_schema(responses={202: DeliverySerializer})
    def post(self, request: Request, endpoint_id: int) -> Response:
        """Send the example of an event type once, or data of the caller's own."""
        endpoint = selectors.endpoint_of(self.caller, endpoint_id)
        delivery = deliveries.send_test(endpoint, **self.validated())
        return Response(
            selectors.deliveries_as_json([delivery])[0],
            status=202,
            headers={"Location": f"/api/webhooks/deliveries/{delivery.pk}/"},
        )


class ActivityView(ApiView):
    """How an endpoint did lately."""

    serializer_class = HourSerializer
    pagination_class = None

    @extend_schema(responses=HourSerializer(many=True))
    def get(self, request: Request, endpoint_id: int) -> Response:
        """Return the tries of the last 24 hours by hour, oldest first."""
        return Response(selectors.activity_of(selectors.endpoint_of(self.caller, endpoint_id)))


class RecoverView(ApiView):
    """What was missed, once more."""

    serializer_class = RangeSerializer
    query_class = RecoveryRangeSerializer

    @extend_schema(parameters=[RecoveryRangeSerializer], responses=RecoveryEstimateSerializer)
    def get(self, request: Request, endpoint_id: int) -> Response:
        """Return how many deliveries a recovery of this time range would send."""
        endpoint = selectors.endpoint_of(self.caller, endpoint_id)
        since = self.query.get("since", endpoint.created_at)
        until = self.query.get("until", timezone.now())
        missed = deliveries.missed_deliveries(endpoint, since, until, self.query.get("status"))
        return Response({"total": missed.count()})

    @extend_schema(parameters=[IDEMPOTENCY_KEY], responses={202: RecoverySerializer})
    def post(self, request: Request, endpoint_id: int) -> Response:
        """Send again what was held or ran out of tries in a time range."""
        endpoint = selectors.endpoint_of(self.caller, endpoint_id)
        wish = self.validated()

        def make() -> Made:
            recovery = deliveries.start_recovery(endpoint, **wish)
            body = plain(selectors.recoveries_as_json([recovery])[0])
            return 202, body, {"Location": f"/api/webhooks/recoveries/{recovery.pk}/"}, body

        return answer(request, make)


class RecoveryListView(ApiView):
    """The caller's recoveries."""

    serializer_class = RecoverySerializer
    query_class = RecoveryFilterSerializer
    order = Order("recoveries", (Key("created_at"), Key("id")))

    @extend_schema(parameters=[RecoveryFilterSerializer], responses=RecoverySerializer(many=True))
    def get(self, request: Request) -> Response:
        """List recoveries, newest first."""
        found = self.paginate_queryset(selectors.recoveries_matching(self.caller, self.query))
        return self.get_paginated_response(selectors.recoveries_as_json(found or []))


class RecoveryView(ApiView):
    """One recovery."""

    serializer_class = RecoverySerializer

    def get(self, request: Request, recovery_id: int) -> Response:
        """Return how far the recovery is."""
        recovery = selectors.recovery_of(self.caller, recovery_id)
        return Response(selectors.recoveries_as_json([recovery])[0])


class CancelRecoveryView(ApiView):
    """The end of a recovery."""

    serializer_class = NoBody

    @extend_schema(request=None, responses={202: RecoverySerializer})
    def post(self, request: Request, recovery_id: int) -> Response:
        """Send no more of it; a finished one stays as it is."""
        self.validated()
        recovery = selectors.recovery_of(self.caller, recovery_id)
        deliveries.cancel_recovery(recovery)
        return Response(selectors.recoveries_as_json([recovery])[0], status=202)
