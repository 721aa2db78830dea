"""The OpenAPI document: what the views declare, and the routes that are not REST framework's."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiParameter
from drf_standardized_errors.openapi import AutoSchema
from rest_framework.serializers import ListSerializer

from common.api import ApiView

_SECURITY: list[dict[str, list[str]]] = [{"bearer": []}]
_ERROR = {
    "description": "Refused.",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["type", "errors"],
                "properties": {
                    "type": {"enum": ["validation_error", "client_error", "server_error"]},
                    "errors": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["code", "detail", "attr"],
                            "properties": {
                                "code": {"type": "string"},
                                "detail": {"type": "string"},
                                "attr": {"type": "string", "nullable": True},
                            },
                        },
                    },
                },
            }
        }
    },
}


class Schema(AutoSchema):
    """Reads the declarations of `common.api.ApiView`."""

    def get_override_parameters(self) -> list[Any]:
        """Return the query parameters that the view declares for GET."""
        view = self.view
        if self.method == "GET" and isinstance(view, ApiView) and view.query_class is not None:
            return [view.query_class]
        return []

    def _is_list_view(self, serializer: Any = None) -> bool:
        if self.method == "GET" and isinstance(self.view, ApiView):
            return self.view.is_list or isinstance(serializer, ListSerializer)
        return bool(super()._is_list_view(serializer))


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How `config.api.BearerAuthentication` appears in the document."""

    target_class = "config.api.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """Describe the header."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "access or tpn_ token"}


def stream(summary: str, *, path_parameters: tuple[str, ...]) -> dict[str, Any]:
    """Describe GET on a stream of server-sent events."""
    return _operation(
        summary,
        path_parameters,
        [
            OpenApiParameter("after", str, OpenApiParameter.QUERY),
            OpenApiParameter("Last-Event-ID", str, OpenApiParameter.HEADER),
        ],
        {
            "200": {
                "description": "Events from the cursor on.",
                "content": {"text/event-stream": {"schema": {"type": "string"}}},
            },
            "204": {"description": "The cursor is at the end."},
        },
    )


def download(summary: str, *, path_parameters: tuple[str, ...]) -> dict[str, Any]:
    """Describe GET on a file."""
    content = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    return _operation(
        summary, path_parameters, [], {"200": {"description": "The file.", "content": content}}
    )


def _operation(
    summary: str,
    path_parameters: tuple[str, ...],
    parameters: list[OpenApiParameter],
    responses: dict[str, Any],
) -> dict[str, Any]:
    described = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "integer"}}
        for name in path_parameters
    ] + [
        {"name": parameter.name, "in": parameter.location, "schema": {"type": "string"}}
        for parameter in parameters
    ]
    refusals = dict.fromkeys(("400", "401", "404", "429"), _ERROR)
    return {
        "summary": summary,
        "parameters": described,
        "security": _SECURITY,
        "responses": {**responses, **refusals},
    }


# The routes of plain Django views: path to (tag, operation id, operation of GET).
PLAIN_ROUTES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "/api/scraper/jobs/{job_id}/stream/": (
        "scraper",
        "scraper_jobs_stream_retrieve",
        stream("Follow a job.", path_parameters=("job_id",)),
    ),
    "/api/exports/{export_id}/stream/": (
        "exports",
        "exports_stream_retrieve",
        stream("Follow an export.", path_parameters=("export_id",)),
    ),
    "/api/exports/{export_id}/download/": (
        "exports",
        "exports_download_retrieve",
        download(
            "Download the file, or the part that Range asks for.", path_parameters=("export_id",)
        ),
    ),
}


_FINDING = {
    "type": "object",
    "required": ["name", "verdict", "detail", "status_code", "error_code"],
    "properties": {
        "name": {"type": "string"},
        "verdict": {"enum": ["passed", "failed", "unclear"]},
        "detail": {"type": "string"},
        "status_code": {"type": "integer", "nullable": True},
        "error_code": {"type": "string", "nullable": True},
    },
}
_FINDINGS = {
    "type": "object",
    "required": ["findings"],
    "properties": {"findings": {"type": "array", "items": _FINDING}},
}

# The same for POST, without a body.
PLAIN_POSTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "/api/webhooks/endpoints/{endpoint_id}/check-receiver/": (
        "webhooks",
        "webhooks_endpoints_check_receiver_create",
        _operation(
            "Send genuine and forged requests and report what the receiver did with them.",
            ("endpoint_id",),
            [],
            {
                "200": {
                    "description": "One finding per request.",
                    "content": {"application/json": {"schema": _FINDINGS}},
                }
            },
        ),
    ),
}


def add_plain_routes(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add the routes that REST framework does not know (a drf-spectacular hook)."""
    for method, routes in (("get", PLAIN_ROUTES), ("post", PLAIN_POSTS)):
        for path, (tag, operation_id, operation) in routes.items():
            known = {"operationId": operation_id, "tags": [tag], **operation}
            result["paths"].setdefault(path, {}).setdefault(method, known)
    result["paths"] = dict(sorted(result["paths"].items()))
    return result
