"""What real Reddit answers look like: key sets and types, read from the recordings."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Bodies of older dates have other keys; Reddit's shape has been stable since about then.
FIRST_YEAR = 2020
JSON_TYPES = {
    dict: "object",
    list: "array",
    str: "string",
    bool: "bool",
    int: "int",
    float: "float",
    type(None): "null",
}


class Shapes:
    """Counts keys per kind of thing and types per path, over any number of JSON bodies."""

    def __init__(self) -> None:
        self.totals: Counter[str] = Counter()
        self.keys: dict[str, Counter[str]] = defaultdict(Counter)
        self.types: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))

    def add(self, body: Any) -> None:
        for kind, data in _things(body):
            self._note(kind, data)

    def keys_in_share(self, kind: str, share: float) -> set[str]:
        """Return the keys that at least this share of the things of a kind have."""
        least = share * self.totals[kind]
        return {key for key, count in self.keys[kind].items() if count >= least}

    def _note(self, kind: str, data: dict[str, Any]) -> None:
        # Posts without an account lack the account's keys: another shape, counted apart.
        label = f"{kind} without account" if data.get("author") == "[deleted]" else kind
        self.totals[label] += 1
        self.keys[label].update(data.keys())
        for path, type_name in _paths(data):
            self.types[kind][path].add(type_name)


def recorded_shapes(folder: Path) -> Shapes:
    """Read all recorded JSON bodies since FIRST_YEAR."""
    shapes = Shapes()
    for entry in manifest(folder):
        if entry["file"].endswith(".json") and entry["kind"] != "brightdata":
            shapes.add(json.loads((folder / entry["file"]).read_bytes()))
    return shapes


def manifest(folder: Path, first_year: int = FIRST_YEAR) -> Iterator[dict[str, Any]]:
    """Yield the entries of recordings since a year."""
    for line in (folder / "manifest.jsonl").read_text("utf-8").splitlines():
        entry = json.loads(line)
        date = str(entry.get("recorded") or entry.get("captured") or "")
        year = re.search(r"20\d\d", date)
        if year and int(year[0]) >= first_year:
            yield entry


def _things(value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, dict):
        if value.keys() == {"kind", "data"} and isinstance(value["data"], dict):
            yield value["kind"], value["data"]
        # A crosspost carries its parent bare, without the envelope of kind and data.
        for parent in value.get("crosspost_parent_list") or ():
            yield "t3", parent
        for entry in value.values():
            yield from _things(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from _things(entry)


def _paths(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the type at every path; list items share one path, and so do ids used as keys."""
    if path:
        yield path, JSON_TYPES[type(value)]
    if path in {"children", "replies", "crosspost_parent_list"}:
        return
    if isinstance(value, list):
        for entry in value:
            yield from _paths(entry, path + "[]")
    elif isinstance(value, dict):
        is_keyed_by_id = path.endswith("media_metadata")
        for key, entry in value.items():
            name = "*" if is_keyed_by_id else key
            yield from _paths(entry, f"{path}.{name}" if path else name)
