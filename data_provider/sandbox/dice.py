"""Deterministic chance: the same key always throws the same numbers, in any order of asking."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")

_MASK = (1 << 64) - 1
_HALF_WORD = 1 << 32
_STEP = 6364136223846793005
_SHIFT = 1442695040888963407
_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


def mix(number: int) -> int:
    """Scramble a number into 64 even bits (the finaliser of SplitMix64: Steele et al., 2014)."""
    number = (number + 0x9E3779B97F4A7C15) & _MASK
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) & _MASK
    return number ^ (number >> 31)


def to_base36(number: int) -> str:
    """Write a non-negative number as Reddit writes ids."""
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _ALPHABET[digit] + digits
    return digits or "0"


def from_base36(text: str) -> int | None:
    """Read an id as a number; None when it is not one."""
    if not text.isascii() or not text.isalnum():
        return None
    return int(text, 36)


class Dice:
    """A stream of decisions that follows from one key.

    The key is scrambled once; each throw is then a step of Knuth's 64-bit linear congruential
    generator, read from its upper half. Written out in every method, because a page of posts
    throws five thousand times.
    """

    __slots__ = ("_state",)

    def __init__(self, key: int) -> None:
        self._state = mix(key)

    def below(self, limit: int) -> int:
        """Return a number in 0..limit-1, for limits up to 2**32."""
        self._state = (self._state * _STEP + _SHIFT) & _MASK
        return (self._state >> 32) % limit

    def share(self) -> float:
        """Return a number in [0, 1)."""
        self._state = (self._state * _STEP + _SHIFT) & _MASK
        return (self._state >> 32) / _HALF_WORD

    def chance(self, probability: float) -> bool:
        """Decide yes with the given probability."""
        self._state = (self._state * _STEP + _SHIFT) & _MASK
        return (self._state >> 32) < probability * _HALF_WORD

    def pick(self, choices: Sequence[T]) -> T:
        """Choose one of a non-empty sequence."""
        self._state = (self._state * _STEP + _SHIFT) & _MASK
        return choices[(self._state >> 32) % len(choices)]

    def token(self, length: int) -> str:
        """Return up to 13 lower-case letters and digits, as in the addresses of media."""
        return f"{mix(self.below(_HALF_WORD)):016x}"[-length:]
