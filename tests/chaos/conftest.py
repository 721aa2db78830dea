"""Everything in this folder starts real processes and takes its time."""

from __future__ import annotations

from pathlib import Path

import pytest

# A start of a whole stack, twice, on a machine that does other things as well.
TIMEOUT_SECONDS = 240

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.processes)
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(TIMEOUT_SECONDS))
