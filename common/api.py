"""What the views and serializers of every application are made of: strict in what they accept.

`config.api` supplies the installation's authentication, parser, renderer and error answers.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.utils.urls import remove_query_param, replace_query_param

from common.errors import NotFound
from common.pagination import MAX_PAGE_SIZE, Order, page_of, read_page_size

_PAGE_PARAMETERS = ("cursor", "page_size")


class StrictSerializer(Serializer[Any]):
    """Refuses fields that it does not know: a misspelt option must not be ignored in silence."""

    def to_internal_value(self, data: Any) -> Any:
        """Validate as usual, after refusing what is not a writable field."""
        if isinstance(data, dict):
            writable = {name for name, field in self.fields.items() if not field.read_only}
            _refuse_unknown(set(data) - writable, "This field is not known.")
        return super().to_internal_value(data)


class KeysetPagination(BasePagination):
    """`{next, previous, results}` in the order that the view's `get_order` names."""

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """Read the page that `cursor` and `page_size` ask for."""
        parameters = request.query_params
        size = read_page_size(parameters.get("page_size"))
        order: Order = view.get_order()
        page = page_of(queryset, order, cursor=parameters.get("cursor"), size=size)
        address = remove_query_param(request.build_absolute_uri(), "cursor")
        self._links = {
            name: cursor and replace_query_param(address, "cursor", cursor)
            for name, cursor in (("next", page.next), ("previous", page.previous))
        }
        return page.rows

    def get_paginated_response(self, data: Any) -> Response:
        """Wrap the rendered rows."""
        return Response({**self._links, "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Describe the answer for the OpenAPI document."""
        link = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "results": schema},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Describe the two parameters for the OpenAPI document."""
        number = {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE}
        return [
            {"name": "cursor", "in": "query", "required": False, "schema": {"type": "string"}},
            {"name": "page_size", "in": "query", "required": False, "schema": number},
        ]


class ApiView(GenericAPIView[Any]):
    """Base of all views: declared query parameters only, validated into `self.query`.

    `query_class` declares the parameters of GET; the other methods take none. A list sets `order`
    (or overrides `get_order`) and answers with `self.page(queryset)`.
    """

    query_class: ClassVar[type[StrictSerializer] | None] = None
    order: ClassVar[Order | None] = None
    pagination_class: type[BasePagination] | None = KeysetPagination
    filter_backends = ()
    query: dict[str, Any]

    @property
    def caller(self) -> Any:
        """Return the signed-in user."""
        return self.request.user

    @property
    def is_list(self) -> bool:
        """Whether GET takes the parameters of a page."""
        return self.order is not None or type(self).get_order is not ApiView.get_order

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check caller and limits as usual, then the address itself."""
        super().initial(request, *args, **kwargs)
        if any("\x00" in value for value in kwargs.values() if isinstance(value, str)):
            raise NotFound
        self.query = self._read_query(request)

    def initialize_request(self, request: Any, *args: Any, **kwargs: Any) -> Request:
        """Measure a body that came in chunks: without a length it would be taken for empty."""
        if "HTTP_TRANSFER_ENCODING" in request.META and not request.META.get("CONTENT_LENGTH"):
            request.META["CONTENT_LENGTH"] = str(len(request.body))
        return super().initialize_request(request, *args, **kwargs)

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        """Name the methods; the OpenAPI document describes them."""
        return Response(status=204, headers={"Allow": ", ".join(self.allowed_methods)})

    def get_order(self) -> Order:
        """Return the order of the list, which may depend on `self.query`."""
        assert self.order is not None, f"{type(self).__name__} is not a list"  # noqa: S101 -- a bug
        return self.order

    def page(self, rows: QuerySet[Any, Any]) -> Response:
        """Answer with one page of rows, rendered by the view's serializer."""
        found = self.paginate_queryset(rows)
        return self.get_paginated_response(self.get_serializer(found, many=True).data)

    def validated(self, **options: Any) -> dict[str, Any]:
        """Return the body as the view's serializer understands it; raises what is wrong with it."""
        serializer = self.get_serializer(data=self.request.data, **options)
        serializer.is_valid(raise_exception=True)
        data: dict[str, Any] = serializer.validated_data
        return data

    def _read_query(self, request: Request) -> dict[str, Any]:
        is_read = request.method in {"GET", "HEAD"}
        own = _PAGE_PARAMETERS if is_read and self.is_list else ()
        given = request.query_params.copy()
        for name in own:
            given.pop(name, None)
        if not is_read or self.query_class is None:
            _refuse_unknown(given, "This parameter is not known.")
            return {}
        reader = _reader_of(self.query_class)
        _refuse_unknown(set(given) - set(reader.fields), "This parameter is not known.")
        query: dict[str, Any] = reader.run_validation(given)
        return query


@cache
def _reader_of(query_class: type[StrictSerializer]) -> StrictSerializer:
    """Return the one that reads all queries: to copy its fields for each took longer than to read.

    It keeps nothing of what it reads.
    """
    return query_class()


def _refuse_unknown(names: Sequence[str] | set[str] | Any, sentence: str) -> None:
    if names:
        raise ValidationError(
            {str(name): [ErrorDetail(sentence, code="unknown")] for name in sorted(names)}
        )
