"""Lines that the database writes are those that the writers make of the same rows."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, get_args

import pytest
from django.db import connection
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import exports.lines
from exports.columns import POST_COLUMNS
from exports.lines import Lines
from exports.reading import Selection
from exports.writers.base import Options, Summary, Syntax, Table
from exports.writers.csv import CsvWriter
from exports.writers.jsonl import JsonLinesWriter
from exports.writers.safety import SUSPECT_STARTS
from projects.models import Project
from scraper.models import ScrapedPost
from tests.exports.building import EPOCH, HARMLESS, RISKY, make_post

if TYPE_CHECKING:
    from pathlib import Path

    from tests.callers import Caller

pytestmark = pytest.mark.django_db(transaction=True)

SYNTAXES = get_args(Syntax)
WRITERS: dict[str, Any] = {"csv": CsvWriter, "json": JsonLinesWriter}

# What is stored has no NUL and no half of a pair.
characters = st.characters(exclude_characters="\x00", exclude_categories=("Cs",))
# What both spell for a quote, the lines' end, a JSON value's place and a missing text on the way.
MARKS = "\x01\x02\x03\x04\x05"
special = st.sampled_from(SUSPECT_STARTS) | st.sampled_from(f'a"%\\\n\t{MARKS}\x7f{{\u2028🚀')
texts = st.text(special | characters)
posts = st.fixed_dictionaries(
    {
        "title": texts,
        "selftext": texts,
        "author": st.none() | texts,
        "flair": st.none() | texts,
        "score": st.none() | st.integers(-(2**31), 2**31 - 1),
        "upvote_ratio": st.none() | st.floats(0.001, 1) | st.sampled_from([0.0, 0.07, 0.57, 1.0]),
        "over_18": st.booleans(),
        "media": st.lists(st.fixed_dictionaries({"url": texts, "width": st.none() | st.just(3)})),
        "edited_at": st.none()
        | st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)),  # noqa: DTZ001 -- given one
    }
)


def by_the_database(ids: list[int], syntax: Syntax, *, is_safe: bool) -> bytes:
    selection = Selection(ids, "iso")
    lines = Lines(POST_COLUMNS, syntax, is_safe=is_safe)
    return b"".join(page for _, page in selection.lines(lines))


def by_the_writer(ids: list[int], syntax: Syntax, folder: Path, *, is_safe: bool) -> bytes:
    writer = WRITERS[syntax](folder, Options(is_safe=is_safe))
    writer.open(Table("posts", POST_COLUMNS))
    for page in Selection(ids, "iso").posts(POST_COLUMNS):
        writer.write(page)
    (file,) = writer.close(Summary("x", EPOCH))
    content: bytes = file.read_bytes()
    return content if syntax == "json" else content.partition(b"\r\n")[2]


def check_both(ids: list[int], folder: Path) -> None:
    for is_safe in (True, False):
        ours = by_the_database(ids, "csv", is_safe=is_safe)
        assert ours == by_the_writer(ids, "csv", folder, is_safe=is_safe)
    ours = by_the_database(ids, "json", is_safe=True)
    assert ours.count(b"\n") == len(ids)
    theirs = by_the_writer(ids, "json", folder, is_safe=True)
    for one, other in zip(ours.splitlines(), theirs.splitlines(), strict=True):
        # Databases escape other characters, and space JSON otherwise.
        assert list(json.loads(one).items()) == list(json.loads(other).items())


class TestLines:
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    @example(values={"title": "=1", "media": [], "upvote_ratio": 1 / 3, "score": None})
    @example(values={"title": "100%s %(x)s", "upvote_ratio": 0.1 + 0.2, "author": ""})
    @given(values=posts)
    def test_are_the_writers_lines(
        self, owner: Caller, tmp_path: Path, values: dict[str, Any]
    ) -> None:
        project, _ = Project.objects.get_or_create(owner=owner.user, name="Bread")
        post = make_post(project, ScrapedPost.objects.count() + 1, **values)
        check_both([post.pk], tmp_path)

    @pytest.mark.parametrize("odd", [*map(chr, range(1, 32)), "\x7f", "\u2028", "\\", '"', "🚀"])
    def test_of_one_odd_text_among_others(self, owner: Caller, tmp_path: Path, odd: str) -> None:
        project = Project.objects.create(owner=owner.user, name="Bread")
        plain = {"title": 'C:\\new "bread"\n\ttwo\r', "flair": "null", "author": None}
        odds = [odd, f'"{odd}', f"{odd}{odd},{odd}title{odd}:{odd}", f"\\{odd}\\"]
        fields = [plain, *({"title": text, "author": text} for text in odds), plain]
        fields += [{"media": [{odd: odd}]}, {"media": {}} | plain, {"flair": "", "selftext": ""}]
        ids = [make_post(project, number, **one).pk for number, one in enumerate(fields)]
        check_both(ids, tmp_path)

    def test_of_any_number_are_json(self, owner: Caller, tmp_path: Path) -> None:
        project = Project.objects.create(owner=owner.user, name="Bread")
        numbers = [-0.0, 5e-324, 1e-7, 0.1 + 0.2, 1e15, 1e16, -1.7e308]
        ids = [
            make_post(project, number, upvote_ratio=value).pk
            for number, value in enumerate(numbers)
        ]
        ours = by_the_database(ids, "json", is_safe=True).splitlines()
        assert [json.loads(line)["upvote_ratio"] for line in ours] == numbers

    @pytest.mark.parametrize(("title", "statements"), [('say "\\hi"\r\n\tbye', 1), ("a\x02", 2)])
    def test_are_escaped_by_postgresql_only_where_a_text_has_control_characters(
        self, owner: Caller, monkeypatch: pytest.MonkeyPatch, title: str, statements: int
    ) -> None:
        project = Project.objects.create(owner=owner.user, name="Bread")
        post = make_post(project, 1, title=title)
        asked: list[str] = []
        rows = exports.lines._rows
        monkeypatch.setattr(
            exports.lines, "_rows", lambda sql, ids: asked.append(sql) or rows(sql, ids)
        )
        lines = Lines(POST_COLUMNS, "json", is_safe=True)
        assert lines.read([post.pk])[0] == 1
        # SQLite has one way for all texts.
        assert len(asked) == (statements if connection.vendor == "postgresql" else 0)

    def test_x18_are_as_safe_as_the_writers(self, owner: Caller, tmp_path: Path) -> None:
        project = Project.objects.create(owner=owner.user, name="Bread")
        starts = [f"{a}{b}1" for a in SUSPECT_STARTS for b in ("", "=", "x", "\t", " -")]
        ids = [
            make_post(project, number, title=title, selftext=title * 2).pk
            for number, title in enumerate([*RISKY, *HARMLESS, *starts])
        ]
        check_both(ids, tmp_path)

    def test_leave_out_what_was_deleted_since(self, owner: Caller) -> None:
        project = Project.objects.create(owner=owner.user, name="Bread")
        ids = [make_post(project, number).pk for number in range(5)]
        ScrapedPost.objects.filter(pk__in=ids[1:3]).delete()
        for chosen, left in ((ids, 3), ([ids[0], *ids[2:]], 3), (ids[1:3], 0)):
            lines = Lines(POST_COLUMNS, "json", is_safe=True)
            ((count, page),) = Selection(chosen, "iso").lines(lines)
            assert count == page.count(b"\n") == left

    @pytest.mark.parametrize("syntax", SYNTAXES)
    def test_say_seconds_of_utc(self, owner: Caller, syntax: Syntax) -> None:
        project = Project.objects.create(owner=owner.user, name="Bread")
        moment = EPOCH + timedelta(microseconds=999_999)
        post = make_post(project, 1, created_at=moment)
        assert b"2026-01-01T00:00:00Z" in by_the_database([post.pk], syntax, is_safe=True)
