"""Sentiment: what is known counts, what is not is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content_analysis.analyzers.sentiment import (
    MOST_EMOJI,
    READ_CHARACTERS,
    score_of,
    sentiment_by_day,
)


class TestScore:
    @pytest.mark.parametrize(
        ("text", "sign"),
        [
            ("I love this oven, it is wonderful!", 1),
            ("This oven is terrible and I hate it.", -1),
            ("This oven is not good.", -1),
            ("😍", 1),
        ],
    )
    def test_has_the_sign_of_what_is_said(self, text: str, sign: int) -> None:
        score = score_of(text)
        assert score is not None
        assert 0.3 < score * sign <= 1

    @pytest.mark.parametrize("text", ["", "   ", "An oven stands here.", "Ein Ofen.", "東京"])
    def test_is_none_without_a_word_of_the_lexicon(self, text: str) -> None:
        assert score_of(text) is None

    def test_is_that_of_the_beginning(self) -> None:
        assert score_of("oven " * (READ_CHARACTERS // 5) + "wonderful") is None

    def test_hears_so_many_emoji_and_no_more(self) -> None:
        cheers = "😍" * MOST_EMOJI
        assert score_of(f"{cheers} bad") != score_of(cheers)
        assert score_of(f"{cheers}{'😡' * 900} bad") == score_of(f"{cheers} bad")

    @given(st.text(max_size=400))
    def test_lies_between_one_and_minus_one(self, text: str) -> None:
        score = score_of(text)
        assert score is None or -1 <= score <= 1


class TestDays:
    def test_are_in_order_with_all_their_posts(self) -> None:
        pages = [
            [("2026-01-02", "I hate it"), ("2026-01-01", "I love it")],
            [("2026-01-02", "An oven"), ("2026-01-02", "I love it")],
        ]
        first, second = sentiment_by_day(pages)
        assert (first.date, first.count, first.scored, first.positive) == ("2026-01-01", 1, 1, 1)
        assert (second.count, second.scored) == (3, 2)
        assert (second.positive, second.neutral, second.negative) == (1, 1, 1)
        love, hate = score_of("I love it"), score_of("I hate it")
        assert love is not None
        assert hate is not None
        assert first.mean == round(love, 4)
        assert second.mean == round((love + hate) / 3, 4)

    def test_may_be_none(self) -> None:
        assert sentiment_by_day([]) == []
