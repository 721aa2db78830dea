"""Accounts: registration, sign-in by token and cookie, password, deletion."""

from typing import Any

from drf_spectacular.utils import extend_schema
from drf_standardized_errors.openapi_serializers import (
    ErrorResponse401Serializer,
    ErrorResponse403Serializer,
)
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from common.api import ApiView
from common.errors import Unauthenticated
from projects.selectors import Principal
from projects.serializers import (
    AccessSerializer,
    AccountSerializer,
    ConfirmationSerializer,
    CredentialsSerializer,
    EmptySerializer,
    LogoutSerializer,
    MeSerializer,
    PasswordChangeSerializer,
    RegistrationSerializer,
    RegistrationStateSerializer,
)
from projects.services import accounts, sessions
from projects.services.sessions import SignedIn
from projects.tokens import Claims
from projects.views.cookies import (
    clear_refresh_cookie,
    refresh_cookie_of,
    refuse_other_sites,
    set_refresh_cookie,
)


def source_of(request: Request) -> str:
    """Return the address that the limits count by: the connection's, never a header's.

    A trusted proxy's word is taken by the web server before Django sees the request.
    """
    address: str = request.META.get("REMOTE_ADDR", "")
    return address


class RegisterView(ApiView):
    """Create an account; it does not sign in."""

    permission_classes = (AllowAny,)
    authentication_classes = ()
    serializer_class = RegistrationSerializer

    @extend_schema(responses=RegistrationStateSerializer)
    def get(self, request: Request) -> Response:
        """Tell whether anyone may register now."""
        state = {
            "open": accounts.registration_is_open(),
            "first": accounts.has_no_accounts(),
        }
        return Response(state)

    @extend_schema(responses={201: AccountSerializer, 403: ErrorResponse403Serializer})
    def post(self, request: Request) -> Response:
        """Create an account."""
        user = accounts.register_account(**self.validated())
        return Response(AccountSerializer(user).data, status=201)


class TokenView(ApiView):
    """Sign in; limited by `projects.services.login_limits` instead of the general rates."""

    permission_classes = (AllowAny,)
    authentication_classes = ()
    throttle_classes = ()
    serializer_class = CredentialsSerializer

    @extend_schema(responses={200: AccessSerializer, 401: ErrorResponse401Serializer})
    def post(self, request: Request) -> Response:
        """Exchange name and password for an access token, and a refresh token in a cookie."""
        cookie = refresh_cookie_of(request)
        signed_in = accounts.sign_in(**self.validated(), source=source_of(request), cookie=cookie)
        return _answer(signed_in)


class RefreshView(ApiView):
    """Continue a session."""

    permission_classes = (AllowAny,)
    authentication_classes = ()
    serializer_class = EmptySerializer

    @extend_schema(
        request=None,
        responses={
            200: AccessSerializer,
            401: ErrorResponse401Serializer,
            403: ErrorResponse403Serializer,
        },
    )
    def post(self, request: Request) -> Response:
        """Exchange the cookie's refresh token for an access token and the next refresh token."""
        refuse_other_sites(request)
        self.validated()
        cookie = refresh_cookie_of(request)
        if cookie is None:
            raise Unauthenticated("There is no session to continue.")
        return _answer(sessions.rotate_session(cookie))


class LogoutView(ApiView):
    """End sessions."""

    permission_classes = (AllowAny,)
    serializer_class = LogoutSerializer

    @extend_schema(responses={204: None, 403: ErrorResponse403Serializer})
    def post(self, request: Request) -> Response:
        """End the cookie's session, or the access token's; with `all` every session.

        A cookie that counts no more is only taken away.
        """
        refuse_other_sites(request)
        is_all = self.validated()["all"]
        ending = _session_to_end(request, is_all=is_all)
        if ending is not None and is_all:
            sessions.end_sessions(ending.user_id)
        elif ending is not None and ending.session_id is not None:
            sessions.end_session(ending.session_id)
        response = Response(status=204)
        clear_refresh_cookie(response)
        return response


class PasswordView(ApiView):
    """The password."""

    serializer_class = PasswordChangeSerializer

    @extend_schema(responses={204: None})
    def post(self, request: Request) -> Response:
        """Set another password; every other session ends, API tokens stay."""
        body = self.validated()
        accounts.change_password(
            _principal(request),
            body["current_password"],
            body["new_password"],
            source=source_of(request),
        )
        return Response(status=204)


class MeView(ApiView):
    """The caller's own account."""

    serializer_class = ConfirmationSerializer

    @extend_schema(responses={200: MeSerializer})
    def get(self, request: Request) -> Response:
        """Return the account."""
        return Response(MeSerializer(request.user).data)

    @extend_schema(request=ConfirmationSerializer, responses={204: None})
    def delete(self, request: Request) -> Response:
        """Delete the account with everything in it; the password is asked for again."""
        password = self.validated()["password"]
        accounts.delete_account(_principal(request).user, password, source=source_of(request))
        response = Response(status=204)
        clear_refresh_cookie(response)
        return response


def _answer(signed_in: SignedIn) -> Response:
    response = Response({"access": signed_in.access})
    set_refresh_cookie(response, signed_in.refresh)
    return response


def _principal(request: Request) -> Principal:
    principal: Any = request.auth
    assert isinstance(principal, Principal)  # noqa: S101 -- IsAuthenticated was checked
    return principal


def _session_to_end(request: Request, *, is_all: bool) -> Claims | Principal | None:
    cookie = refresh_cookie_of(request)
    if cookie and (claims := sessions.session_to_end(cookie, is_all=is_all)):
        return claims
    if isinstance(request.auth, Principal):
        return request.auth
    if cookie is None:
        raise Unauthenticated("There is no session to end.")
    return None
