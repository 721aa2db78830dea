"""Files are named by a closed vocabulary, and stay small."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from config.env import ROOT
from tests.architecture.sources import modules, tree_of

if TYPE_CHECKING:
    from pathlib import Path

VOCABULARY = {
    "__init__", "apps", "admin", "models", "events", "selectors", "services", "tasks", "schedules",
    "serializers", "views", "streaming_views", "urls", "management", "migrations", "templates",
}  # fmt: skip

# What an application has beyond the vocabulary: each named for the one thing that it does.
DOMAIN_MODULES = {
    "content_analysis": {"analyzers"},
    "exports": {
        "builder",
        "columns",
        "contents",
        "deletion",
        "downloads",
        "files",
        "findings",
        "lines",
        "links",
        "log",
        "masking",
        "ranges",
        "reading",
        "store",
        "tally",
        "wishes",
        "writers",
    },
    "projects": {
        "activity",
        "deletion",
        "idempotency",
        "keeper",
        "places",
        "runs",
        "slots",
        "tokens",
        "viewers",
    },
    "scraper": {
        "comment_upsert",
        "comments",
        "deletion",
        "drives",
        "history",
        "indexing",
        "listing",
        "known_ground",
        "log",
        "pace",
        "runner",
        "search",
        "source_health",
        "sources",
        "store",
        "threads",
        "upsert",
        "viewers",
        "words",
    },
    "webhooks": {
        "catalogue",
        "checkup",
        "claims",
        "courier",
        "deletion",
        "disabling",
        "fanout",
        "masking",
        "network",
        "outbound",
        "payloads",
        "picks",
        "plan",
        "requests",
        "results",
        "sealed",
        "signing",
        "snippets",
    },
}
COMMON_MODULES = {
    "__init__", "api", "background_loop", "draining", "errors", "executors", "frames", "hints",
    "merging", "pagination", "shared_redis", "sse", "streaming", "wakeup",
}  # fmt: skip
NAMES_FOR_ANYTHING = {"utils", "util", "helpers", "helper", "misc", "shared", "base_utils", "lib"}

LONGEST_MODULE = 350
LONGEST_FUNCTION = 45


def rooms(package: str) -> set[str]:
    """Return the names of a package's modules and sub-packages."""
    return {
        entry.stem
        for entry in (ROOT / package).iterdir()
        if entry.suffix == ".py" or (entry.is_dir() and entry.name != "__pycache__")
    }


class TestNames:
    def test_every_application_is_known_here(self) -> None:
        applications = {file.parent.name for file in ROOT.glob("*/apps.py")}
        assert applications == set(DOMAIN_MODULES)

    @pytest.mark.parametrize("application", DOMAIN_MODULES)
    def test_of_an_application_are_of_the_vocabulary(self, application: str) -> None:
        assert rooms(application) - VOCABULARY == DOMAIN_MODULES[application]

    def test_of_common_are_few(self) -> None:
        assert rooms("common") == COMMON_MODULES

    def test_say_what_the_file_does(self) -> None:
        assert [path for path in modules() if path.stem in NAMES_FOR_ANYTHING] == []


class TestSizes:
    def test_of_modules(self) -> None:
        sizes = {str(path): len((ROOT / path).read_text().splitlines()) for path in modules()}
        assert {path: size for path, size in sizes.items() if size > LONGEST_MODULE} == {}

    def test_of_functions(self) -> None:
        long = [
            f"{path}:{node.lineno} {node.name}"
            for path in modules()
            for node in ast.walk(tree_of(path))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION
        ]
        assert long == []


class TestEveryModule:
    def test_says_what_it_owns(self) -> None:
        assert [path for path in modules() if _says_nothing(path)] == []


def _says_nothing(path: Path) -> bool:
    tree = tree_of(path)
    return bool(tree.body) and ast.get_docstring(tree) is None
