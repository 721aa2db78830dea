"""Long-lived tokens for scripts."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from common.api import ApiView
from projects.selectors import NEWEST_FIRST, api_tokens_of
from projects.serializers import ApiTokenSerializer, NewApiTokenSerializer
from projects.services import accounts


class ApiTokenListView(ApiView):
    """The caller's API tokens."""

    serializer_class = ApiTokenSerializer
    order = NEWEST_FIRST

    @extend_schema(responses={200: ApiTokenSerializer(many=True)})
    def get(self, request: Request) -> Response:
        """List the tokens, newest first, without their secrets."""
        return self.page(api_tokens_of(self.caller))

    @extend_schema(responses={201: NewApiTokenSerializer})
    def post(self, request: Request) -> Response:
        """Create a token; it is shown in this answer only."""
        row, token = accounts.create_api_token(self.caller, self.validated()["name"])
        return Response({**ApiTokenSerializer(row).data, "token": token}, status=201)


class ApiTokenView(ApiView):
    """One API token."""

    serializer_class = ApiTokenSerializer

    @extend_schema(responses={204: None})
    def delete(self, request: Request, token_id: int) -> Response:
        """Delete a token; it is refused from the next request on."""
        accounts.delete_api_token(self.caller, token_id)
        return Response(status=204)
