"""What tests of webhooks talk to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.webhooks.certificates import Authority
from tests.webhooks.receiver import Receiver

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A scripted receiver on 127.0.0.1."""
    with Receiver() as one:
        yield one


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """A certificate authority that only the test trusts."""
    return Authority(tmp_path)
