"""People who call the API, with clients that are signed in as them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from projects.models import User
from projects.services.sessions import open_session

PASSWORD = "correct horse battery staple"

MakeUser = Callable[[str], User]


@dataclass
class Caller:
    """Somebody, or nobody, in front of the API."""

    client: Client
    user: User | None = None

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """Send a request; dicts and lists as JSON, bytes and strings as they are."""
        data = json.dumps(body) if isinstance(body, dict | list) else body or ""
        content_type = options.pop("content_type", "application/json")
        if content_type:
            options["CONTENT_TYPE"] = content_type
        return self.client.generic(method, path, data, content_type, **options)

    def get(self, path: str, **options: Any) -> Any:
        return self.call("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        return self.call("POST", path, {} if body is None else body, **options)


def signed_in(user: User) -> Caller:
    """Return a caller with an access token of a new session."""
    return Caller(with_token(open_session(user).access), user)


def with_token(token: str) -> Client:
    headers = {"authorization": f"Bearer {token}"}
    return Client(raise_request_exception=False, enforce_csrf_checks=True, headers=headers)


@pytest.fixture(autouse=True)
def quick_and_unlimited(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.TEPPAN = {**settings.TEPPAN, "THROTTLE": False, "REGISTRATION": "open"}


@pytest.fixture
def make_user(db: None) -> MakeUser:
    return lambda name: User.objects.create_user(username=name, password=PASSWORD)


@pytest.fixture
def owner(make_user: MakeUser) -> Caller:
    return signed_in(make_user("owner"))


@pytest.fixture
def other(make_user: MakeUser) -> Caller:
    return signed_in(make_user("other"))


@pytest.fixture
def anonymous() -> Caller:
    return Caller(Client(raise_request_exception=False))
