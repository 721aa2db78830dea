"""`python -m tests.scenarios`: which fault scenarios are tested, on which engine, and which lack a
passing test. Writes var/scenarios.md from what the test runs left in var/: scenarios-<engine>.json,
and the reports of the dashboard's unit tests and of the browser tests.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
ENGINES = ("sqlite", "postgres")
REPORTS = ("dashboard", "browser")

_SCENARIO = re.compile(r"(?<=_)([swjx]\d\d)(?=[_ :])")

# Scenario -> test -> outcome, for one engine.
Outcomes = dict[str, dict[str, str]]


def read_outcomes(folder: Path) -> dict[str, Outcomes]:
    """Read what each engine's run recorded; an engine that was not run has nothing."""
    files = {engine: folder / f"scenarios-{engine}.json" for engine in ENGINES}
    outcomes: dict[str, Outcomes] = {
        engine: json.loads(file.read_text()) if file.exists() else {}
        for engine, file in files.items()
    }
    readers = {"dashboard": _read_vitest, "browser": _read_playwright}
    for name in REPORTS:
        file = folder / f"{name}.json"
        report = json.loads(file.read_text()) if file.exists() else {}
        outcomes[name] = _by_number(readers[name](report))
    return outcomes


def _by_number(tests: Iterator[tuple[str, bool]]) -> Outcomes:
    numbers: Outcomes = {}
    for name, has_passed in tests:
        for number in _SCENARIO.findall(name):
            numbers.setdefault(number.upper(), {})[name] = "passed" if has_passed else "failed"
    return numbers


def _read_vitest(report: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    for file in report.get("testResults", []):
        for test in file["assertionResults"]:
            yield test["fullName"], test["status"] == "passed"


def _read_playwright(suite: dict[str, Any], path: str = "") -> Iterator[tuple[str, bool]]:
    for inner in suite.get("suites", []):
        yield from _read_playwright(inner, f"{path}{inner['title']} ")
    for spec in suite.get("specs", []):
        # What Playwright calls "ok" is also what was skipped, and what passed at the second try.
        results = [result["status"] for test in spec["tests"] for result in test["results"]]
        has_passed = bool(results) and all(status == "passed" for status in results)
        yield path + spec["title"], has_passed and all(map(_is_expected, spec["tests"]))


def _is_expected(test: dict[str, Any]) -> bool:
    return bool(test["status"] == "expected" and test["expectedStatus"] == "passed")


def find_missing(required: dict[str, str], outcomes: dict[str, Outcomes]) -> list[str]:
    """List `NUMBER on ENGINE` for every requirement without tests that all passed."""
    passing = {
        engine: {number for number, tests in by_number.items() if _all_passed(tests)}
        for engine, by_number in outcomes.items()
    }
    missing = []
    for number, wanted in sorted(required.items()):
        if wanted == "any":
            if not any(number in numbers for numbers in passing.values()):
                missing.append(f"{number} on any engine")
            continue
        engines = ENGINES if wanted == "both" else (wanted,)
        missing += [f"{number} on {engine}" for engine in engines if number not in passing[engine]]
    return missing


def render(outcomes: dict[str, Outcomes]) -> str:
    """Return the Markdown table: number, test, engine, passed."""
    lines = ["| number | test | engine | passed |", "|---|---|---|---|"]
    rows = [
        (number, test, engine, "yes" if outcome == "passed" else outcome)
        for engine, by_number in outcomes.items()
        for number, tests in by_number.items()
        for test, outcome in tests.items()
    ]
    lines += [f"| {' | '.join(row)} |" for row in sorted(rows)]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the table; 1 when a required scenario lacks a passing test."""
    required = tomllib.loads((ROOT / "tests" / "scenarios.toml").read_text())
    outcomes = read_outcomes(ROOT / "var")
    (ROOT / "var" / "scenarios.md").write_text(render(outcomes))
    missing = find_missing(required, outcomes)
    for line in missing:
        sys.stderr.write(f"no passing test: {line}\n")
    return 1 if missing else 0


def _all_passed(tests: dict[str, str]) -> bool:
    return bool(tests) and all(outcome == "passed" for outcome in tests.values())


if __name__ == "__main__":
    sys.exit(main())
