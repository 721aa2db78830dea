"""Where a listing was left: enough to go on in another process, and to notice lost ground."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec

from data_provider.errors import InvalidQuery

if TYPE_CHECKING:
    from collections.abc import Iterable

    from data_provider.base import Ground

# One full page with its stickied extras: what a repeated page can bring back.
KNOWN_IDS = 102


@dataclass(frozen=True)
class ListingCursor:
    """A position in a listing.

    `after` is where the next page starts, `previous` where the last one did; `listed` counts
    the children seen and `yielded` the posts given; `known` are the latest ids, oldest first.
    """

    after: str = ""
    previous: str = ""
    listed: int = 0
    yielded: int = 0
    known: tuple[str, ...] = ()

    def moved(
        self, after: str | None, listed: int, yielded: int, ids: Iterable[str]
    ) -> ListingCursor:
        """Return the position after one more page."""
        known = tuple(dict.fromkeys((*self.known, *ids)))[-KNOWN_IDS:]
        return replace(
            self,
            after=after or "",
            previous=self.after,
            listed=self.listed + listed,
            yielded=self.yielded + yielded,
            known=known,
        )

    def encode(self) -> str:
        """Return the position as opaque text."""
        return base64.urlsafe_b64encode(msgspec.json.encode(self)).decode()

    @classmethod
    def decode(cls, text: str | None) -> ListingCursor:
        """Return the position of a text, the start for none. Raises InvalidQuery."""
        if not text:
            return cls()
        try:
            return msgspec.json.decode(base64.urlsafe_b64decode(text), type=cls)
        except (ValueError, binascii.Error) as error:
            raise InvalidQuery("This is not a cursor of a listing.") from error


def after_last(ground: Ground, after: str) -> ListingCursor:
    """Return the position behind what another source gave."""
    return ListingCursor(
        after=after,
        listed=ground.yielded,
        yielded=ground.yielded,
        known=ground.known[-KNOWN_IDS:],
    )
