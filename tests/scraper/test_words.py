"""What counts as a word, in posts and in what people type."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import InvalidInput
from scraper.words import LONGEST_WORD, MOST_TERMS, MOST_WORDS, Term, parse, words_of


def term(*words: str, is_beginning: bool = False) -> Term:
    return Term(words, is_beginning)


class TestWordsOf:
    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("Hello, World", ["hello", "world"]),
            ("it's C++ & c_sharp", ["it", "s", "c", "c", "sharp"]),
            ("CAFÉ cafe\u0301 naïve", ["cafe", "cafe", "naive"]),
            ("Straße STRASSE", ["strasse", "strasse"]),
            ("Ελλάδα ΕΛΛΆΔΑ", ["ελλαδα", "ελλαδα"]),
            ("東京タワー", ["東", "京", "タ", "ワ", "ー"]),
            ("\uff26\uff35\uff2c\uff2c ﬁne №5", ["full", "fine", "no5"]),
            ("🚀 a\u2028b\x0bc\ud800", ["a", "b", "c"]),
            ("", []),
        ],
    )
    def test_go_without_case_accents_and_punctuation(self, text: str, words: list[str]) -> None:
        assert words_of(text) == words

    def test_are_cut_where_nobody_reads_on(self) -> None:
        assert words_of("a" * 500) == ["a" * LONGEST_WORD]
        assert len(words_of("a " * 3 * MOST_WORDS)) == MOST_WORDS

    @given(st.text())
    def test_are_plain_whatever_the_text(self, text: str) -> None:
        for word in words_of(text):
            assert 0 < len(word) <= LONGEST_WORD
            assert not set(word) & set(" .:'\"\\-_*&|!()\x00")


class TestParse:
    def test_reads_words_phrases_beginnings_and_unwanted_ones(self) -> None:
        wish = parse('Python "web  framework" -"old news" -java djan* it\'s')
        assert wish.groups == (
            (term("python"),),
            (term("web", "framework"),),
            (term("djan", is_beginning=True),),
            (term("it", "s"),),
        )
        assert wish.unwanted == (term("old", "news"), term("java"))

    def test_joins_alternatives(self) -> None:
        assert parse("a OR b OR c d").groups == ((term("a"), term("b"), term("c")), (term("d"),))
        assert parse("OR a OR").groups == ((term("a"),),)
        assert parse("a or b").groups == ((term("a"),), (term("or"),), (term("b"),))

    def test_reads_an_open_quote_to_the_end(self) -> None:
        assert parse('x "to the end').groups == ((term("x"),), (term("to", "the", "end"),))

    @pytest.mark.parametrize(
        "text", ["", "  ", "!!!", '""', "-", "OR", "a*", "x " * (MOST_TERMS + 1)]
    )
    def test_refuses_what_asks_for_nothing_or_too_much(self, text: str) -> None:
        with pytest.raises(InvalidInput) as refusal:
            parse(text)
        assert refusal.value.attr == "q"

    @given(st.text())
    def test_x17_answers_any_text_with_terms_or_a_refusal(self, text: str) -> None:
        try:
            wish = parse(text)
        except InvalidInput:
            return
        assert wish.groups or wish.unwanted
