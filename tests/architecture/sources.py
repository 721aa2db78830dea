"""The project's own Python files, read without being imported."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from config.env import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PACKAGES = (
    "common",
    "config",
    "content_analysis",
    "data_provider",
    "exports",
    "projects",
    "scraper",
    "webhooks",
)


def modules(*packages: str) -> Iterator[Path]:
    """Yield the files of packages, relative to the project, migrations left out."""
    for package in packages or PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            path = file.relative_to(ROOT)
            if "migrations" not in path.parts:
                yield path


def tree_of(path: Path | str) -> ast.Module:
    return ast.parse((ROOT / path).read_text())


def name_of(path: Path) -> str:
    """Return the dotted name of a file's module."""
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path) -> set[str]:
    """Return the names that a module imports, those of a `from` both as module and as member."""
    found: set[str] = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found
