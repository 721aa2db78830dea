"""What is looked at before the stack starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from config.claim import Refused
from config.preparation import check_key
from tests.webhooks.building import make_endpoint

if TYPE_CHECKING:
    from pytest_django import Settings

pytestmark = pytest.mark.django_db


class TestCheckKey:
    def test_passes_where_nothing_is_sealed(self) -> None:
        check_key()

    def test_x28_refuses_a_key_that_opens_nothing_and_names_the_setting(
        self, settings: Settings
    ) -> None:
        make_endpoint()
        check_key()
        settings.SECRET_KEY = "another-key-" * 4
        with pytest.raises(Refused, match="TEPPAN_SECRET_KEY"):
            check_key()

    def test_x28_passes_while_the_key_before_is_named(self, settings: Settings) -> None:
        make_endpoint()
        before = settings.SECRET_KEY
        settings.SECRET_KEY = "another-key-" * 4
        settings.SECRET_KEY_FALLBACKS = [before]
        check_key()
