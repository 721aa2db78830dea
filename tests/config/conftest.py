"""Fixtures of the callers."""

from tests.callers import anonymous, make_user, other, owner, quick_and_unlimited

__all__ = ["anonymous", "make_user", "other", "owner", "quick_and_unlimited"]
