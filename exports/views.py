"""REST of exports; the file itself and the stream are in `streaming_views`."""

from typing import Any

import orjson
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from common.api import ApiView, StrictSerializer
from common.frames import as_json
from common.pagination import Key, Order
from exports import links, selectors, services
from exports.serializers import (
    DownloadLinkSerializer,
    EstimateSerializer,
    ExportListFilterSerializer,
    ExportSerializer,
    FormatSerializer,
    WishSerializer,
)
from exports.wishes import Wish
from projects.idempotency import answer_once, fingerprint_of
from projects.selectors import Principal, project_for_body

_IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key", location=OpenApiParameter.HEADER, required=False, type=str
)


class _NoBody(StrictSerializer):
    """An empty body."""


class ExportListView(ApiView):
    """Exports of the caller; a new one."""

    serializer_class = WishSerializer
    query_class = ExportListFilterSerializer
    order = Order("exports", (Key("created_at"), Key("id")))

    @extend_schema(parameters=[ExportListFilterSerializer], responses=ExportSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List exports, newest first."""
        found = self.paginate_queryset(selectors.exports_matching(self.caller, self.query))
        return self.get_paginated_response([selectors.export_as_json(one) for one in found or []])

    @extend_schema(parameters=[_IDEMPOTENCY_KEY], responses={202: ExportSerializer})
    def post(self, request: Request) -> Response:
        """Start an export; with an Idempotency-Key the same request starts it once."""
        wish = self.validated()

        def make() -> Any:
            project = project_for_body(self.caller, wish.pop("project"))
            origin = "web" if _principal(request).kind == "session" else "api"
            export = services.start_export(self.caller, project, Wish(**wish), origin=origin)
            body = orjson.loads(as_json(selectors.export_as_json(export)))
            return 202, body, {"Location": f"/api/exports/{export.pk}/"}, body

        answer = answer_once(
            self.caller,
            request.headers.get("Idempotency-Key"),
            fingerprint_of(str(request.method), request.path, request.data),
            make,
        )
        return Response(answer.body, status=answer.status, headers=dict(answer.headers))


class EstimateView(ApiView):
    """What an export would hold."""

    serializer_class = WishSerializer

    @extend_schema(responses={200: EstimateSerializer})
    def post(self, request: Request) -> Response:
        """Count the posts and comments of an export, and estimate its size, without making it."""
        wish = self.validated()
        project = project_for_body(self.caller, wish.pop("project"))
        return Response(services.estimate_export(project, Wish(**wish)))


class FormatListView(ApiView):
    """The formats of this installation."""

    serializer_class = FormatSerializer
    pagination_class = None

    @extend_schema(responses=FormatSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List the formats, and the sheets and columns that can be chosen."""
        return Response(selectors.formats_as_json())


class ExportView(ApiView):
    """One export."""

    serializer_class = ExportSerializer

    def get(self, request: Request, export_id: int) -> Response:
        """Return the export as it is now."""
        return Response(selectors.export_as_json(selectors.export_of(self.caller, export_id)))


class CancelView(ApiView):
    """The end of an export."""

    serializer_class = _NoBody

    @extend_schema(request=None, responses={202: ExportSerializer})
    def post(self, request: Request, export_id: int) -> Response:
        """Ask for the export's end; a finished one stays as it is."""
        self.validated()
        export = services.cancel_export(selectors.export_of(self.caller, export_id))
        return Response(selectors.export_as_json(export), status=202)


class DownloadLinkView(ApiView):
    """An address for programs that send no header."""

    serializer_class = _NoBody

    @extend_schema(request=None, responses={200: DownloadLinkSerializer})
    def post(self, request: Request, export_id: int) -> Response:
        """Return a link that works for five minutes, as long as who asked for it may download."""
        self.validated()
        export = selectors.export_of(self.caller, export_id)
        selectors.require_file(export)
        token, expires_at = links.make_link(_principal(request), export.pk)
        path = f"/api/exports/{export.pk}/download/?token={token}"
        return Response({"url": request.build_absolute_uri(path), "expires_at": expires_at})


def _principal(request: Request) -> Principal:
    principal: Principal = request.auth  # type: ignore[assignment]
    return principal
