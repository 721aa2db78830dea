"""Secrets and signatures, by the published vectors and the library that receivers use."""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from common.errors import InvalidInput
from webhooks.signing import (
    CannotUnsealError,
    check_secret,
    is_sealed_with_present_key,
    new_secret,
    seal,
    sign,
    unseal,
)

if TYPE_CHECKING:
    from pytest_django import Settings

# The vector of the Standard Webhooks specification's own test suites.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
TIMESTAMP = 1614265330
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def encoded(size: int) -> str:
    return "whsec_" + base64.b64encode(b"k" * size).decode()


class TestSign:
    def test_w01_gives_the_published_signature(self) -> None:
        assert sign([SECRET], MESSAGE_ID, TIMESTAMP, BODY) == SIGNATURE

    @pytest.mark.parametrize(
        "text",
        [
            '{"text":"ñ 🦊 \u2028 \u2029","number":9007199254740993}',
            '{"z":{"b":1,"a":[3,2,1]},"a":1.0,"e":1e2}',
            '{"zero":"\\u0000","surrogates":"\\ud83e\\udd8a"}',
        ],
    )
    def test_w02_signs_the_bytes_whatever_they_mean(self, text: str) -> None:
        body = text.encode()
        now = int(time.time())
        headers = {
            "webhook-id": "evt_1",
            "webhook-timestamp": str(now),
            "webhook-signature": sign([SECRET], "evt_1", now, body),
        }
        Webhook(SECRET).verify(body, headers)
        with pytest.raises(WebhookVerificationError):
            Webhook(SECRET).verify(body + b" ", headers)

    def test_w06_gives_one_signature_per_secret_in_their_order(self) -> None:
        other = new_secret()
        both = sign([other, SECRET], MESSAGE_ID, TIMESTAMP, BODY)
        assert both == f"{sign([other], MESSAGE_ID, TIMESTAMP, BODY)} {SIGNATURE}"


class TestNewSecret:
    def test_w05_has_32_bytes_and_passes_its_own_check(self) -> None:
        secret = new_secret()
        assert secret.startswith("whsec_")
        assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32
        assert check_secret(secret) == secret

    def test_w05_is_another_each_time(self) -> None:
        assert len({new_secret() for _ in range(100)}) == 100


class TestCheckSecret:
    @pytest.mark.parametrize("size", [24, 32, 64])
    def test_w05_takes_24_to_64_bytes(self, size: int) -> None:
        assert check_secret(encoded(size)) == encoded(size)

    def test_w05_takes_a_secret_without_its_prefix(self) -> None:
        assert check_secret(SECRET.removeprefix("whsec_")) == SECRET

    @pytest.mark.parametrize(
        "text", ["", "whsec_", encoded(23), encoded(65), "whsec_!!!", "whsec_ñ", SECRET + "=", "a"]
    )
    def test_w05_refuses_the_rest(self, text: str) -> None:
        with pytest.raises(InvalidInput) as caught:
            check_secret(text)
        assert (caught.value.code, caught.value.attr) == ("invalid_secret", "secret")


class TestSeal:
    def test_hides_the_secret_and_gives_it_back(self) -> None:
        sealed = seal(SECRET, "endpoint:1:owner:2")
        assert SECRET.removeprefix("whsec_") not in sealed
        assert unseal(sealed, "endpoint:1:owner:2") == SECRET

    def test_looks_different_each_time(self) -> None:
        assert seal(SECRET, "a") != seal(SECRET, "a")

    def test_x28_swapped_between_rows_or_owners_is_rejected(self) -> None:
        sealed = seal(SECRET, "endpoint:1:owner:2")
        for elsewhere in ("endpoint:3:owner:2", "endpoint:1:owner:4", ""):
            with pytest.raises(CannotUnsealError):
                unseal(sealed, elsewhere)

    def test_x28_changed_is_rejected(self) -> None:
        sealed = seal(SECRET, "a")
        flipped = sealed[:-6] + ("A" if sealed[-6] != "A" else "B") + sealed[-5:]
        for changed in (flipped, "", "v1.", "v1.AAAA", "not base64!", SECRET):
            with pytest.raises(CannotUnsealError):
                unseal(changed, "a")

    def test_x28_made_with_the_key_before_is_read_and_known_as_old(
        self, settings: Settings
    ) -> None:
        settings.SECRET_KEY = "key-of-before-" * 4
        sealed = seal(SECRET, "a")
        assert is_sealed_with_present_key(sealed)
        settings.SECRET_KEY = "key-of-now-" * 4
        settings.SECRET_KEY_FALLBACKS = ["key-of-before-" * 4]
        assert unseal(sealed, "a") == SECRET
        assert not is_sealed_with_present_key(sealed)
        again = seal(unseal(sealed, "a"), "a")
        assert is_sealed_with_present_key(again)
        settings.SECRET_KEY_FALLBACKS = []
        assert unseal(again, "a") == SECRET

    def test_x28_made_with_an_unknown_key_says_which_setting_is_wrong(
        self, settings: Settings
    ) -> None:
        settings.SECRET_KEY = "key-of-before-" * 4
        sealed = seal(SECRET, "a")
        settings.SECRET_KEY = "wrong-key-" * 4
        with pytest.raises(CannotUnsealError, match="TEPPAN_SECRET_KEY_FALLBACKS"):
            unseal(sealed, "a")
