"""The ledger of scenarios tells what is missing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.scenarios import find_missing, read_outcomes, render

if TYPE_CHECKING:
    from pathlib import Path

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


def played(title: str, *results: str, status: str = "expected", **test: Any) -> dict[str, Any]:
    """Return a test as Playwright reports it, with the status of each try."""
    tries = [{"status": result} for result in results]
    one = {"expectedStatus": "passed", "status": status, "results": tries, **test}
    return {"title": title, "ok": status != "unexpected", "tests": [one]}


class TestReadOutcomes:
    def test_knows_nothing_of_what_was_not_run(self, tmp_path: Path) -> None:
        assert not any(read_outcomes(tmp_path).values())

    def test_takes_what_the_engines_recorded(self, tmp_path: Path) -> None:
        (tmp_path / "scenarios-sqlite.json").write_text(json.dumps(FAILED))
        outcomes = read_outcomes(tmp_path)
        assert (outcomes["sqlite"], outcomes["postgres"]) == (FAILED, {})

    def test_counts_in_the_browser_only_what_passed_at_the_first_try(self, tmp_path: Path) -> None:
        specs = [
            played("_s01 passes", "passed"),
            played("_s02 is skipped", "skipped", status="skipped"),
            played("_s03 is flaky", "failed", "passed", status="flaky"),
            played("_s04 fails", "failed", status="unexpected"),
            played("_s05 fails as expected", "failed", expectedStatus="failed"),
            played("_s06 was never begun"),
        ]
        report = {"suites": [{"title": "live", "specs": specs}]}
        (tmp_path / "browser.json").write_text(json.dumps(report))
        browser = read_outcomes(tmp_path)["browser"]
        passed = {number for number, tests in browser.items() if "passed" in tests.values()}
        assert set(browser) == {f"S0{n}" for n in range(1, 7)}
        assert passed == {"S01"}
        assert browser["S01"] == {"live _s01 passes": "passed"}

    def test_counts_in_the_dashboard_only_what_passed(self, tmp_path: Path) -> None:
        tests = [
            {"fullName": f"it _w0{n} x", "status": status}
            for n, status in enumerate(("passed", "failed", "pending", "skipped"))
        ]
        report = {"testResults": [{"assertionResults": tests}]}
        (tmp_path / "dashboard.json").write_text(json.dumps(report))
        dashboard = read_outcomes(tmp_path)["dashboard"]
        assert find_missing(
            {f"W0{n}": "dashboard" for n in range(4)}, {"dashboard": dashboard}
        ) == [
            "W01 on dashboard",
            "W02 on dashboard",
            "W03 on dashboard",
        ]
