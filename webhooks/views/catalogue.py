"""What a receiver's author needs to know; public, since nothing in it is anybody's."""

from dataclasses import asdict

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from common.api import ApiView
from webhooks.catalogue import EVENT_TYPES
from webhooks.serializers import EventTypeSerializer, SnippetSerializer
from webhooks.snippets import SNIPPETS


class EventTypeListView(ApiView):
    """The kinds of events."""

    permission_classes = (AllowAny,)
    authentication_classes = ()
    serializer_class = EventTypeSerializer
    pagination_class = None

    @extend_schema(responses=EventTypeSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List the event types with JSON Schema and example of the body."""
        return Response([asdict(event_type) for event_type in EVENT_TYPES.values()])


class SnippetListView(ApiView):
    """How to verify a request."""

    permission_classes = (AllowAny,)
    authentication_classes = ()
    serializer_class = SnippetSerializer
    pagination_class = None

    @extend_schema(responses=SnippetSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List the code that verifies our requests, by language."""
        return Response([asdict(snippet) for snippet in SNIPPETS])
