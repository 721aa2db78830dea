"""The cheap facts of a post: what rankings and threads need without writing the whole post."""

from __future__ import annotations

from data_provider.sandbox.dice import Dice, mix
from data_provider.sandbox.world import COMMENTS_PER_POST, Subreddit, World

_SCORE_SALT = 0x5C0_4E
_COMMENTS_SALT = 0xC0_33E
_SHAPE_SALT = 0x3ED1A
_WORD = 1 << 64
# Six odd posts in a hundred: with thirty shapes, each is met once or twice behind every wall.
ODD_SHARE = 0.06


def score_of(world: World, subreddit: Subreddit, index: int) -> int:
    """Return the score: most are small, few are large, none is negative, as on Reddit."""
    share = mix(world.key(subreddit, index) ^ _SCORE_SALT) / _WORD
    return max(0, int(subreddit.subscribers**0.25 / 8 / (1.001 - share)) - 1)


def ratio_of(world: World, subreddit: Subreddit, index: int) -> float:
    """Return the share of upvotes, 0.34 to 1.0."""
    key = mix(world.key(subreddit, index) ^ _SCORE_SALT + 1)
    return 1 - key % 67 * (key // 67 % 100) / 10_000


def num_comments_of(world: World, subreddit: Subreddit, index: int) -> int:
    """Return how many comments the post says it has."""
    share = mix(world.key(subreddit, index) ^ _COMMENTS_SALT) / _WORD
    if subreddit.special is not None and subreddit.special.has_long_threads:
        return 250 + int(750 * share)
    return min(COMMENTS_PER_POST - 24, int(1.5 / (1.0015 - share)) - 1)


def dice_of(world: World, subreddit: Subreddit, index: int) -> Dice:
    """Return the dice from which the post's words and shape follow."""
    return Dice(world.key(subreddit, index))


def shape_dice(world: World, subreddit: Subreddit, index: int) -> Dice:
    """Return the dice that choose the kind of the post (text, link, image, ...)."""
    return Dice(world.key(subreddit, index) ^ _SHAPE_SALT)


def kind_share(world: World, subreddit: Subreddit, index: int) -> float:
    """Return the throw that chooses the kind, without writing the post."""
    return shape_dice(world, subreddit, index).share()
