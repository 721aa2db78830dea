"""The shape of a thread: who answers whom, worked out from the post's key, text not included."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from data_provider.sandbox import facts
from data_provider.sandbox.dice import Dice, from_base36, to_base36
from data_provider.sandbox.posts import title_of_post
from data_provider.sandbox.text import Author, author_of, slug_of
from data_provider.sandbox.world import (
    COMMENTS_PER_POST,
    FIRST_POST_NUMBER,
    POSTS_PER_SUBREDDIT,
    Subreddit,
    World,
    post_id,
)

# 36**7: comment ids are a digit longer than post ids, because they carry the post's number.
FIRST_COMMENT_NUMBER = 36**7
ROOT = -1
# Comments come at most this far apart.
_LONGEST_GAP_SECONDS = 600
_KEPT_THREADS = 64


@dataclass(frozen=True, slots=True, eq=False)
class Thread:
    """All comments of a post; a comment is its place in order of time, 0 is the first."""

    world: World
    subreddit: Subreddit
    index: int
    slug: str
    # Who wrote the post, and so may answer in its thread.
    writer: Author
    parents: tuple[int, ...]
    depths: tuple[int, ...]
    children: dict[int, list[int]]
    subtree_sizes: tuple[int, ...]

    @property
    def fullname(self) -> str:
        """The post's name."""
        return "t3_" + post_id(self.subreddit, self.index)

    def comment_id(self, place: int) -> str:
        """Return the id (without t1_) of a comment."""
        post_number = self.subreddit.number * POSTS_PER_SUBREDDIT + self.index
        return to_base36(FIRST_COMMENT_NUMBER + post_number * COMMENTS_PER_POST + place)

    def parent_name(self, place: int) -> str:
        """Return the fullname of what a comment answers."""
        return self.name_of(self.parents[place])

    def name_of(self, place: int) -> str:
        """Return the fullname of a comment, or of the post for ROOT."""
        return self.fullname if place == ROOT else "t1_" + self.comment_id(place)

    def place_of(self, id36: str) -> int | None:
        """Return the place of a comment of this thread."""
        found = split_comment_id(id36)
        if found is None or found[0] != post_id(self.subreddit, self.index):
            return None
        return found[1] if found[1] < len(self.parents) else None

    def dice(self, place: int) -> Dice:
        """Return the dice from which a comment follows."""
        return Dice(self.world.key(self.subreddit, self.index) ^ (place + 1) * 0x9E37)

    def score(self, place: int) -> int:
        """Return a comment's score: mostly small, one in twelve below zero."""
        share = self.dice(place).share()
        return -int(2 / (share + 0.004)) if share < 1 / 12 else int(1 / (1.002 - share))

    def created_at(self, place: int) -> int:
        """Return the second in which a comment was made."""
        start = self.world.created_at(self.subreddit, self.index)
        room = (self.world.newest_at - start) // (len(self.parents) + 1)
        return start + (place + 1) * max(1, min(_LONGEST_GAP_SECONDS, room))


def split_comment_id(id36: str) -> tuple[str, int] | None:
    """Take a comment's id apart into its post's id and its place."""
    number = from_base36(id36)
    if number is None or number < FIRST_COMMENT_NUMBER:
        return None
    post_number, place = divmod(number - FIRST_COMMENT_NUMBER, COMMENTS_PER_POST)
    return to_base36(FIRST_POST_NUMBER + post_number), place


@lru_cache(maxsize=_KEPT_THREADS)
def thread_of(world: World, subreddit: Subreddit, index: int) -> Thread:
    """Work out the thread of a post.

    It is somewhat smaller than num_comments says, as in life: comments that were removed without
    an answer vanish from the tree.
    """
    dice = Dice(world.key(subreddit, index) ^ 0x7EEE)
    said = facts.num_comments_of(world, subreddit, index)
    size = said - said * dice.below(8) // 100
    parents = [_parent(place, dice) for place in range(size)]
    children: dict[int, list[int]] = {}
    depths: list[int] = []
    for place, parent in enumerate(parents):
        children.setdefault(parent, []).append(place)
        depths.append(0 if parent == ROOT else depths[parent] + 1)
    sizes = [1] * size
    for place in range(size - 1, -1, -1):
        if parents[place] != ROOT:
            sizes[parents[place]] += sizes[place]
    return Thread(
        world=world,
        subreddit=subreddit,
        index=index,
        slug=slug_of(title_of_post(world, subreddit, index)),
        writer=author_of(facts.dice_of(world, subreddit, index)),
        parents=tuple(parents),
        depths=tuple(depths),
        children=children,
        subtree_sizes=tuple(sizes),
    )


def _parent(place: int, dice: Dice) -> int:
    """Choose what a comment answers: the post, the comment just before, or any earlier one."""
    throw = dice.share()
    if place == 0 or throw < 0.3:  # noqa: PLR2004
        return ROOT
    return place - 1 if throw < 0.75 else dice.below(place)  # noqa: PLR2004
