"""What the house promises: documented settings and functions, tested errors, clean locks."""

from __future__ import annotations

import ast
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.utils.module_loading import import_string

from config.env import ROOT, Environment
from data_provider import BACKENDS, errors
from tests.architecture.sources import modules, tree_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOCKS = ("requirements.lock", "requirements-dev.lock")
EXAMPLE = ROOT / ".env.example"
SETTINGS = [name for name in Environment.model_fields if name.isupper()]
PACES = [f"TEPPAN_REQUESTS_PER_MINUTE_{name.upper()}" for name in BACKENDS]

_ENTRY = re.compile(r"^# (?P<says>.+)\n#(?P<name>[A-Z_]+)=(?P<default>.*)$", re.MULTILINE)


def entries() -> dict[str, tuple[str, str]]:
    """Return name -> (sentence, default) as the example file has them."""
    text = EXAMPLE.read_text()
    return {found["name"]: (found["says"], found["default"]) for found in _ENTRY.finditer(text)}


def default_of(name: str) -> str:
    default: Any = Environment.model_fields[name].default
    if isinstance(default, tuple):
        return ",".join(map(str, default))
    return "" if default is None else str(default)


class TestSettings:
    @pytest.mark.parametrize("name", SETTINGS)
    def test_stand_in_the_example_with_default_and_sentence(self, name: str) -> None:
        sentence, default = entries()[name]
        assert sentence == Environment.model_fields[name].description
        assert default == default_of(name)

    def test_of_the_example_all_exist(self) -> None:
        named = re.findall(r"^#?([A-Z][A-Z_]+)=", EXAMPLE.read_text(), re.MULTILINE)
        assert sorted(named) == sorted([*SETTINGS, *PACES])

    def test_are_read_in_one_place(self) -> None:
        readers = {
            str(path)
            for path in modules()
            if re.search(r"os\.(environ\.get|environ\[\"|getenv)", (ROOT / path).read_text())
        }
        assert readers <= {"config/env.py"}


class TestDocstrings:
    @pytest.mark.parametrize("package", ["data_provider", "exports", "projects", "scraper"])
    def test_every_public_function_has_one(self, package: str) -> None:
        undocumented = [
            f"{path}:{line} {name}"
            for path in modules(package)
            if package == "data_provider" or {"services", "selectors"} & {*path.parts, path.stem}
            for line, name in public_without_docstring(path)
        ]
        assert undocumented == []


def public_without_docstring(path: Path) -> Iterator[tuple[int, str]]:
    """Yield public functions, and public methods of public classes."""
    body: list[ast.stmt] = list(tree_of(path).body)
    for node in list(body):
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            body += node.body
    for node in body:
        is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if is_function and not node.name.startswith("_") and not ast.get_docstring(node):
            yield node.lineno, node.name


class TestLockFiles:
    def test_carry_no_address_to_download_from(self) -> None:
        tracked = subprocess.run(
            ["git", "ls-files", "requirements.lock", "frontend/package-lock.json", "uv.lock"],
            cwd=ROOT, capture_output=True, text=True, check=False,
        ).stdout.split() or ["requirements.lock", "frontend/package-lock.json"]  # fmt: skip
        assert "uv.lock" not in tracked
        assert all("://" not in (ROOT / name).read_text() for name in LOCKS)
        assert '"resolved"' not in (ROOT / "frontend" / "package-lock.json").read_text()

    @pytest.mark.parametrize("name", LOCKS)
    def test_pin_every_package_by_its_content(self, name: str) -> None:
        lines = (ROOT / name).read_text().splitlines()
        pins = [
            number for number, line in enumerate(lines) if re.match(r"[\w.-]+(\[.*\])?==", line)
        ]
        assert len(pins) > 50
        assert all("--hash=sha256:" in lines[number + 1] for number in pins)


class TestMiddleware:
    @pytest.mark.parametrize("name", settings.MIDDLEWARE)
    def test_needs_no_thread(self, name: str) -> None:
        """A stream whose client leaves while a thread hands its response on is never closed."""
        assert import_string(name).async_capable


class TestErrors:
    def test_every_class_is_named_by_a_test(self) -> None:
        tests = [file.read_text() for file in (ROOT / "tests").rglob("test_*.py")]
        tests += [file.read_text() for file in (ROOT / "tests" / "contract").glob("*.py")]
        words = set(re.findall(r"\w+", "\n".join(tests)))
        kinds = {name for name, kind in vars(errors).items() if isinstance(kind, type)}
        families = {"TargetUnavailable", "Transient", "Walled"}  # caught, never raised themselves
        assert kinds - words - families == set()
