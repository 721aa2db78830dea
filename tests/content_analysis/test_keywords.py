"""Keywords are counted exactly, whatever was held while candidates were looked for."""

from __future__ import annotations

import math
import random
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content_analysis.analyzers import keywords
from content_analysis.analyzers.keywords import Keyword, find_keywords, terms_of

if TYPE_CHECKING:
    from collections.abc import Sequence


def found_in(texts: Sequence[str], page: int = 3) -> list[Keyword]:
    posts = [(f"t3_{number}", text) for number, text in enumerate(texts)]
    pages = [posts[start : start + page] for start in range(0, len(posts), page)]
    return find_keywords(lambda: pages)


class TestTerms:
    @pytest.mark.parametrize(
        ("text", "terms"),
        [
            ("Pizza oven", {"pizza", "oven", "pizza oven"}),
            ("the oven is hot", {"oven", "hot"}),
            ("Pizza. Oven", {"pizza", "oven"}),
            ("pizza (oven)", {"pizza", "oven"}),
            ("pizza\noven", {"pizza", "oven"}),
            ("**pizza** oven's", {"pizza", "oven"}),
            ("the oven\u2019s door", {"oven", "door", "oven door"}),
            ("wood-fired 'oven'", {"wood-fired", "oven", "wood-fired oven"}),
            ("see https://evil.example/pizza?oven=1 now", set()),
            ("u/some_body or /u/other or user/third", set()),
            ("u/john\\_smith or r/u_some\\_body", set()),
            ("hot &#x200B; &nbsp; oven", {"hot", "oven"}),
            ("piz\u00adza\u200b \u202eoven\u202c", {"pizza", "oven", "pizza oven"}),
            ("r/Python rocks", {"python", "rocks", "python rocks"}),
            ("12 2024 3d", {"3d"}),
            ("a I x", set()),
            ("Käse überbacken", {"käse", "überbacken", "käse überbacken"}),
            ("\u0939\u093f\u0928\u094d\u0926\u0940", {"\u0939\u093f\u0928\u094d\u0926\u0940"}),
            ("東京。大阪", {"東京", "大阪"}),
            ("🔥🔥 hot", {"hot"}),
            ("x" * 41, set()),
            ("", set()),
            ("don\u2019t [removed] &amp; isn't", set()),
        ],
    )
    def test_are_words_and_pairs_side_by_side(self, text: str, terms: set[str]) -> None:
        assert terms_of(text) == terms

    @given(st.text(max_size=300))
    def test_hold_neither_what_breaks_them_nor_what_is_long(self, text: str) -> None:
        for term in terms_of(text):
            words = term.split(" ")
            assert len(words) in (1, 2)
            assert all(1 < len(word) <= 40 and "\n" not in word for word in words)


class TestKeywords:
    def test_count_posts_not_words(self) -> None:
        found = found_in(["oven oven", "oven", "dough", "dough", "dough", *"abcdefg"])
        assert [(one.term, one.count) for one in found] == [("dough", 3), ("oven", 2)]
        assert found[0].score == round(3 * math.log(12 / 3), 4)
        assert found[0].post_ids == ["t3_2", "t3_3", "t3_4"]

    def test_rank_what_every_post_says_last(self) -> None:
        found = found_in(["pizza oven", "pizza oven", "pizza", "pizza"])
        assert [one.term for one in found][-1] == "pizza"
        assert found[-1].score == 0

    def test_name_the_first_posts_only(self) -> None:
        [found] = found_in(["oven"] * 9)
        assert (found.count, found.post_ids) == (9, ["t3_0", "t3_1", "t3_2"])

    @pytest.mark.parametrize("texts", [[], [""], ["oven"], ["oven", "dough"]])
    def test_may_be_none(self, texts: list[str]) -> None:
        assert found_in(texts) == []

    def test_are_found_among_any_number_of_terms_that_are_told_once(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        topics = [f"topic{number}" for number in range(50)]
        texts = [
            " . ".join([topics[number % 50], *(f"code{number}x{one}" for one in range(50))])
            for number in range(500)
        ]
        monkeypatch.setattr(keywords, "_CELLS", 1 << 16)
        monkeypatch.setattr(keywords, "_MOST_FULL_CELLS", 200)
        found = found_in(texts, page=10)
        assert {one.term for one in found} >= set(topics)
        assert {one.count for one in found if one.term in topics} == {10}

    def test_are_counted_exactly_from_some_number_of_posts_on(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        dice = random.Random(7)
        words = [f"word{number}" for number in range(3000)]
        weights = [1 / (1 + number) for number in range(3000)]
        texts = [" . ".join(dice.choices(words, weights, k=12)) for _ in range(400)]
        counts = Counter(term for text in texts for term in terms_of(text))
        whole = found_in(texts)
        assert {one.term: one.count for one in whole}.items() <= counts.items()
        monkeypatch.setattr(keywords, "_CELLS", 512)
        monkeypatch.setattr(keywords, "_MOST_FULL_CELLS", 100)
        few = found_in(texts)
        fewest = min(one.count for one in few)
        assert fewest > 2
        assert few == [one for one in whole if one.count >= fewest]

    def test_prefer_what_is_told_in_some_posts_to_what_is_in_all(self) -> None:
        common = " . ".join(f"word{number}" for number in range(600))
        topics = " . ".join(f"topic{number}" for number in range(30))
        found = found_in([common, f"{common} . {topics}", f"{common} . {topics}"])
        assert {one.term for one in found[:30]} == set(topics.split(" . "))

    def test_of_runs_without_end_are_none_and_remembered_nowhere(self) -> None:
        keywords._word_in.cache_clear()
        assert terms_of("x" * 40_000 + " oven") == {"oven"}
        assert keywords._word_in.cache_info().currsize == 1
