"""Puts a thread together from the pieces in which Reddit gives it."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from data_provider.parsing.reddit_json import MoreStub
    from data_provider.types import Comment

# Long id lists are answered 400, 413 or 414; a hundred is what clients have always sent.
MORE_BATCH = 100


class CommentTree:
    """Comments of one post by their parents, and what is still to be asked for.

    With a `depth` only so many levels of them: what lies deeper is neither kept nor asked for.
    """

    def __init__(self, post_id: str, depth: int | None = None) -> None:
        self._post_id = post_id
        self._depth = depth
        # By id, of all that were seen: 0 right below the post.
        self._levels: dict[str, int] = {}
        self._comments: dict[str, Comment] = {}
        self._replies: dict[str, list[str]] = {}
        # How many comments there were when an id, or a thread's continuation, was asked for.
        self._asked: dict[str, int] = {}
        self._ids: deque[str] = deque()
        self._queued: set[str] = set()
        self._parents: deque[str] = deque()

    def __len__(self) -> int:
        return len(self._comments)

    def add(self, comments: Iterable[Comment], stubs: Iterable[MoreStub]) -> None:
        """Take in a piece. A comment that is there already keeps its place."""
        for comment in comments:
            level = self._level_below(comment.parent_id, comment.depth)
            self._levels[comment.id] = level
            if comment.id not in self._comments and not self._is_too_deep(level):
                self._comments[comment.id] = comment
                self._replies.setdefault(comment.parent_id, []).append(comment.id)
        for stub in stubs:
            self._note(stub)

    def next_ids(self) -> tuple[str, ...]:
        """Return the next comment ids to ask morechildren for, () when there are none."""
        batch: list[str] = []
        while self._ids and len(batch) < MORE_BATCH:
            found = self._ids.popleft()
            self._queued.discard(found)
            if f"t1_{found}" not in self._comments:
                batch.append(found)
        self._asked |= dict.fromkeys(batch, len(self))
        return tuple(batch)

    def next_parent(self) -> str | None:
        """Return the id of a comment whose thread continues on a page of its own."""
        return self._parents.popleft() if self._parents else None

    def depth_first(self, limit: int | None) -> list[Comment]:
        """Return the comments in reading order, with depths counted from the post.

        A comment whose parent has vanished stands behind the others, at the depth it came with.
        """
        roots = [(child, 0) for child in self._replies.get(self._post_id, ())]
        for parent, children in self._replies.items():
            if parent not in self._comments and parent != self._post_id:
                roots += [(child, self._comments[child].depth) for child in children]
        found: list[Comment] = []
        waiting = roots[::-1]
        while waiting and (limit is None or len(found) < limit):
            name, depth = waiting.pop()
            found.append(self._comments[name].model_copy(update={"depth": depth}))
            waiting += [(child, depth + 1) for child in reversed(self._replies.get(name, ()))]
        return found

    def _level_below(self, parent: str, otherwise: int) -> int:
        if parent == self._post_id:
            return 0
        return self._levels[parent] + 1 if parent in self._levels else otherwise

    def _is_too_deep(self, level: int) -> bool:
        return self._depth is not None and level >= self._depth

    def _note(self, stub: MoreStub) -> None:
        if self._is_too_deep(self._level_below(stub.parent_id, 0)):
            return
        if not stub.children:
            if stub.parent_id not in self._asked and stub.parent_id != self._post_id:
                self._asked[stub.parent_id] = len(self)
                self._parents.append(stub.parent_id)
            return
        # An answer holds some of what was asked for and names the rest in a new stub: it is asked
        # again, as long as each answer brings something.
        for child in stub.children:
            if child not in self._queued and self._asked.get(child, -1) < len(self):
                self._queued.add(child)
                self._ids.append(child)
