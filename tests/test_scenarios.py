"""The ledger of scenarios tells what is missing."""

from __future__ import annotations

import pytest

from tests.scenarios import find_missing, render

PASSED = {"S01": {"a::test_s01_x": "passed"}}
FAILED = {"S01": {"a::test_s01_x": "passed", "b::test_s01_y": "failed"}}


class TestFindMissing:
    @pytest.mark.parametrize(
        ("wanted", "sqlite", "postgres", "missing"),
        [
            ("both", PASSED, PASSED, []),
            ("both", PASSED, {}, ["S01 on postgres"]),
            ("any", {}, PASSED, []),
            ("any", {}, {}, ["S01 on any engine"]),
            ("sqlite", PASSED, {}, []),
            ("sqlite", FAILED, PASSED, ["S01 on sqlite"]),
        ],
    )
    def test_names_number_and_engine(self, wanted, sqlite, postgres, missing) -> None:
        outcomes = {"sqlite": sqlite, "postgres": postgres}
        assert find_missing({"S01": wanted}, outcomes) == missing


class TestRender:
    def test_has_a_row_per_test_and_engine(self) -> None:
        table = render({"sqlite": FAILED, "postgres": {}})
        assert "| S01 | b::test_s01_y | sqlite | failed |" in table.splitlines()
