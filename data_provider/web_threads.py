"""Whole threads from web pages: the page, and then what its stubs and loaders stand for.

A thread is asked about so often and no more; what is then still left out is missing from the
answer, as the number of comments that the post tells shows.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlencode

from data_provider.base import ThreadAnswer
from data_provider.comment_tree import CommentTree
from data_provider.errors import LayoutChanged
from data_provider.parsing import old_html, shreddit_threads

if TYPE_CHECKING:
    from collections.abc import Iterable

    from data_provider.parsing.reddit_json import MoreStub
    from data_provider.types import Comment

# Half of the about 200 reads that www.reddit.com allows in a window.
MOST_REQUESTS = 100
# Old pages show at most so many comments.
_OLD_SIZE = 500


class Reader(Protocol):
    """Reads pages and parts of one site, by path."""

    async def show(self, path: str) -> str:
        """Return a page."""

    async def fetch(self, path: str, form: str | None = None) -> str:
        """Return a part of the page that is shown."""


async def read_www_thread(
    reader: Reader, short: str, limit: int | None, depth: int | None
) -> ThreadAnswer:
    """Return a thread of www.reddit.com, whose loaders bring the rest."""
    thread = shreddit_threads.parse_thread(await reader.show(f"/comments/{short}/"))
    post = thread.post
    if post is None or post.id != f"t3_{short}":
        raise LayoutChanged("The page shows another post.")
    tree = CommentTree(post.id, depth)
    tree.add(thread.comments, ())
    waiting, asked = deque(thread.more), 1
    while waiting and asked < MOST_REQUESTS and (limit is None or len(tree) < limit):
        stub, asked = waiting.popleft(), asked + 1
        html = await reader.fetch(stub.address, urlencode({"cursor": stub.cursor}))
        part = shreddit_threads.parse_more_comments(html, post, stub.parent_id)
        tree.add(part.comments, ())
        waiting.extend(part.more)
    expected = post.num_comments if thread.expected is None else thread.expected
    return ThreadAnswer(tree.depth_first(limit), expected)


async def read_old_thread(
    reader: Reader, short: str, limit: int | None, depth: int | None
) -> ThreadAnswer:
    """Return a thread of old.reddit.com, whose parts are pages around one comment each."""
    base, size = f"/comments/{short}/", f"?limit={_OLD_SIZE}"
    thread = old_html.parse_thread(await reader.show(base + size))
    tree, waiting, asked = CommentTree(f"t3_{short}", depth), _Waiting(f"t3_{short}"), 1
    tree.add(thread.comments, ())
    waiting.note(thread.more)
    while asked < MOST_REQUESTS and (limit is None or len(tree) < limit):
        focus = waiting.next()
        if focus is None:
            break
        name, parent = focus
        asked += 1
        part = old_html.parse_thread(await reader.show(f"{base}_/{name}/{size}"))
        tree.add(_below(part.comments, f"t1_{name}", parent), ())
        waiting.note(part.more)
    return ThreadAnswer(tree.depth_first(limit), thread.post.num_comments if thread.post else None)


class _Waiting:
    """Comments around which a page is still to be asked for, each with what it answers."""

    def __init__(self, post_id: str) -> None:
        self._post_id = post_id
        self._seen: set[str] = set()
        self._queue: deque[tuple[str, str | None]] = deque()

    def note(self, stubs: Iterable[MoreStub]) -> None:
        """Take in stubs: a page around what they answer brings them all, if it was not that."""
        for stub in stubs:
            if stub.parent_id != self._post_id and stub.parent_id not in self._seen:
                self._seen.add(stub.parent_id)
                self._queue.append((stub.parent_id.removeprefix("t1_"), None))
                continue
            fresh = [name for name in stub.children if f"t1_{name}" not in self._seen]
            self._seen.update(f"t1_{name}" for name in fresh)
            self._queue.extend((name, stub.parent_id) for name in fresh)

    def next(self) -> tuple[str, str | None] | None:
        """Return the next comment, null when there is none."""
        return self._queue.popleft() if self._queue else None


def _below(comments: Iterable[Comment], focus: str, parent: str | None) -> Iterable[Comment]:
    """Return the comments of a page around one of them, which looks as if it answered the post."""
    for comment in comments:
        if comment.id == focus and parent is not None:
            yield comment.model_copy(update={"parent_id": parent})
        else:
            yield comment
