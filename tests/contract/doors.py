"""The sources that the shared suite is run against, and where they differ, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Door:
    """`settings` are the ProviderConfig fields that lead the source to the simulated Reddit."""

    name: str
    settings: tuple[str, ...]
    # Codes that this source gives for a subreddit of the simulation, beside the common ones.
    codes: tuple[tuple[str, str], ...] = ()
    has_wall_at_1000: bool = True

    def config(self, url: str) -> dict[str, Any]:
        return dict.fromkeys(self.settings, url)

    def code_of(self, subreddit: str) -> str:
        return dict(COMMON_CODES + self.codes)[subreddit]


COMMON_CODES: tuple[tuple[str, str], ...] = (
    ("no_such_subreddit", "not_found"),
    ("private", "private"),
    ("banned", "banned"),
    ("quarantined", "quarantined"),
    ("walled", "blocked"),
    ("challenge", "challenge"),
    ("relayout", "layout_changed"),
    ("stalled", "timeout"),
    ("reset", "network"),
    ("truncated", "invalid_response"),
    ("cursorlost", "cursor_lost"),
)

DOORS = (
    Door("native_json", ("reddit_www_url",)),
    Door("sandbox", ("sandbox_url",), has_wall_at_1000=False),
)
