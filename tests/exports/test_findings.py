"""Sheets of an analysis: read back, they say what the analyzers say of the posts in REST."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections import defaultdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import openpyxl
import polars as pl
import pytest

from content_analysis.analyzers.keywords import find_keywords
from content_analysis.analyzers.sentiment import DaySentiment, sentiment_by_day
from exports import builder, contents, selectors, services, store
from exports.models import Export
from projects.keeper import Stopped, StopReason
from projects.models import Project
from tests.exports.building import (
    EPOCH,
    claim,
    content_of,
    export_of,
    make_post,
    make_project,
    members_of,
    posts_in_rest,
    start,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.callers import Caller

pytestmark = pytest.mark.django_db(transaction=True)

SAID = [
    ("I love my pizza oven", "The crust was wonderful."),
    ("My pizza oven broke", "I hate this terrible thing, ask u/somebody."),
    ("Ein Ofen aus Stein", ""),
    ("=HYPERLINK pizza dough", "Dough, dough and https://spam.example/dough"),
    ("Which dough is best?", "@SUM pizza oven or stone \u202e oven?"),
    ("Nothing here", ""),
]
FOUND = ["keywords", "sentiment"]


@pytest.fixture
def project(owner: Caller) -> int:
    """A project whose posts, 24 over four days, have something to say."""
    made = Project.objects.create(owner=owner.user, name="Ovens")
    for number in range(24):
        title, text = SAID[number % len(SAID)]
        made_at = EPOCH + timedelta(hours=4 * number)
        make_post(made, number + 1, title=title, selftext=text, created_at=made_at)
    return made.pk


def keywords_in(posts: list[dict[str, Any]]) -> list[tuple[str, int, float, list[str]]]:
    texts = [(post["id"], f"{post['title']}\n{post['selftext']}") for post in posts]
    return [
        (one.term, one.count, one.score, one.post_ids) for one in find_keywords(lambda: [texts])
    ]


def days_in(posts: list[dict[str, Any]]) -> dict[str, DaySentiment[str]]:
    texts = [(post["created_at"][:10], f"{post['title']}\n{post['selftext']}") for post in posts]
    return {one.date: one for one in sentiment_by_day([texts])}


def numbers_of(day: DaySentiment[str]) -> tuple[float, ...]:
    return (day.count, day.scored, day.mean, day.positive, day.neutral, day.negative)


class TestWorkbook:
    def test_has_both_sheets_as_the_analyzers_see_the_posts_of_rest(
        self, owner: Caller, project: int
    ) -> None:
        sheets = ["summary", "posts", *FOUND]
        export = export_of(owner, project, "xlsx", sheets=sheets)
        assert export.rows == 24
        book = openpyxl.load_workbook(io.BytesIO(content_of(export)))
        assert book.sheetnames == ["Summary", "Posts", "Keywords", "Sentiment"]
        posts = posts_in_rest(owner, project)
        header, *rows = book["Keywords"].iter_rows(values_only=True)
        assert header == ("term", "count", "score", "post_ids")
        expected = keywords_in(posts)
        assert ("pizza oven", 12) in [one[:2] for one in expected]
        assert [(*row[:3], json.loads(str(row[3]))) for row in rows] == expected
        header, *rows = book["Sentiment"].iter_rows(values_only=True)
        assert header == ("date", "count", "scored", "mean", "positive", "neutral", "negative")
        days = days_in(posts)
        assert len(days) == 4
        found = {row[0].date().isoformat(): row[1:] for row in rows if isinstance(row[0], datetime)}
        assert found == {day: numbers_of(one) for day, one in days.items()}

    def test_draws_sentiment_beside_the_other_charts(
        self, owner: Caller, project: int, tmp_path: Path
    ) -> None:
        path = tmp_path / "book.xlsx"
        path.write_bytes(content_of(export_of(owner, project, "xlsx", sheets=["summary", *FOUND])))
        summary = openpyxl.load_workbook(path)["Summary"]
        column = [cell.value for cell in summary["A"]]
        first = column.index("Sentiment per day") + 2
        with zipfile.ZipFile(path) as archive:
            charts = [
                archive.read(name).decode() for name in archive.namelist() if "/chart" in name
            ]
        [chart] = [one for one in charts if "Sentiment per day" in one]
        assert len(charts) == 3
        assert f"Summary!$B${first}:$B${first + 3}" in chart
        assert "<c:dateAx>" in chart
        days = days_in(posts_in_rest(owner, project)).values()
        means = [one.mean for one in days]
        assert [summary.cell(first + at, 2).value for at in range(4)] == means
        assert summary.cell(first, 1).is_date
        about = str(summary.cell(column.index("Sentiment") + 1, 2).value)
        assert f"{sum(one.scored for one in days)} of 24 posts" in about

    def test_draws_no_sentiment_that_nobody_asked_for(self, owner: Caller, project: int) -> None:
        book = openpyxl.load_workbook(io.BytesIO(content_of(export_of(owner, project, "xlsx"))))
        assert book.sheetnames == ["Summary", "Posts", "Comments", "Subreddits"]
        assert not any("Sentiment" in str(cell.value) for cell in book["Summary"]["A"])


class TestOtherFormats:
    def test_have_the_same_figures(self, owner: Caller, project: int, tmp_path: Path) -> None:
        posts = posts_in_rest(owner, project)
        keywords, days = keywords_in(posts), days_in(posts)
        lines = members_of(export_of(owner, project, "jsonl", sheets=FOUND))
        found = [json.loads(line) for line in lines["keywords.jsonl"].splitlines()]
        assert [tuple(one.values()) for one in found] == keywords
        found = [json.loads(line) for line in lines["sentiment.jsonl"].splitlines()]
        assert {one["date"]: tuple(one.values())[1:] for one in found} == {
            f"{day}T00:00:00Z": numbers_of(one) for day, one in days.items()
        }
        fields = members_of(export_of(owner, project, "csv", sheets=FOUND))
        rows = list(csv.DictReader(io.StringIO(fields["keywords.csv"].decode(), newline="")))
        assert [
            (row["term"], int(row["count"]), float(row["score"]), json.loads(row["post_ids"]))
            for row in rows
        ] == keywords
        columns = members_of(export_of(owner, project, "parquet", sheets=FOUND))
        frame = pl.read_parquet(columns["sentiment.parquet"])
        assert frame["date"].dtype.is_temporal()
        assert [row[1:] for row in frame.rows()] == [numbers_of(one) for one in days.values()]

    def test_are_explained_in_a_package(self, owner: Caller, project: int) -> None:
        found = members_of(export_of(owner, project, "package"))
        assert {f"data/{name}.csv" for name in FOUND} < set(found)
        meanings: dict[str, dict[str, str]] = defaultdict(dict)
        for row in csv.DictReader(io.StringIO(found["data-dictionary.csv"].decode())):
            meanings[row["table"]][row["column"]] = row["meaning"]
        assert "TF-IDF" in meanings["keywords"]["score"]
        assert "Votes" in meanings["posts"]["score"]
        assert all(meaning for table in meanings.values() for meaning in table.values())
        assert "- Sentiment: by VADER, an English lexicon" in found["README.md"].decode()
        assert b"- keywords: " in found["README.md"]


class TestProgress:
    def test_counts_what_is_read_to_find_something(
        self, owner: Caller, project: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(builder, "_REPORT_SECONDS", 0)
        monkeypatch.setattr(contents, "_ANALYSED_AT_ONCE", 6)
        heard: list[str] = []
        told: list[tuple[float, int]] = []
        report = store.report_rows

        def reported(export: Export, rows: int) -> None:
            report(export, rows)
            share = selectors.progress_of(Export.objects.get(pk=export.pk))
            told.append((share, len(heard)))

        monkeypatch.setattr(store, "report_rows", reported)
        monkeypatch.setattr("content_analysis.analyzers.sentiment.score_of", heard.append)
        export = export_of(owner, project, "csv", sheets=["posts", *FOUND])
        # The posts are written, read twice for their keywords and once for their sentiment.
        assert told == sorted(told)
        assert {(0.25, 0), (0.5, 0), (0.75, 0), (0.8125, 6), (1.0, 24)} <= set(told)
        assert {count for share, count in told if share == 1} == {24}
        shown = owner.get(f"/api/exports/{export.pk}/").json()
        assert (shown["progress"], shown["rows"], shown["rows_expected"]) == (1.0, 24, 24)


class TestSelection:
    def test_is_that_of_the_posts(self, owner: Caller, project: int) -> None:
        wish = {"sheets": FOUND, "filters": {"min_score": 10}}
        found = members_of(export_of(owner, project, "jsonl", **wish))
        posts = posts_in_rest(owner, project, "&min_score=10")
        assert len(posts) == 12
        rows = [json.loads(line) for line in found["keywords.jsonl"].splitlines()]
        assert [tuple(one.values()) for one in rows] == keywords_in(posts)

    @pytest.mark.parametrize("form", ["xlsx", "csv", "jsonl", "parquet", "package"])
    def test_may_be_empty(self, owner: Caller, form: str) -> None:
        project = make_project(owner, posts=0)
        sheets = [*(["summary"] if form == "xlsx" else []), *FOUND]
        export = export_of(owner, project, form, sheets=sheets)
        assert (export.rows, export.note != "") == (0, True)
        if form == "xlsx":
            book = openpyxl.load_workbook(io.BytesIO(content_of(export)))
            assert [book[name].max_row for name in ("Keywords", "Sentiment")] == [1, 1]

    @pytest.mark.parametrize(
        ("sheet", "step"), [("keywords", "keywords.terms_of"), ("sentiment", "sentiment.score_of")]
    )
    def test_j19_can_be_cancelled_while_it_is_analysed(
        self,
        owner: Caller,
        project: int,
        monkeypatch: pytest.MonkeyPatch,
        sheet: str,
        step: str,
    ) -> None:
        monkeypatch.setattr(contents, "_ANALYSED_AT_ONCE", 5)
        export = claim(start(owner, project, "csv", sheets=[sheet])["id"])
        seen: list[str] = []

        def analyse(text: str) -> Any:
            seen.append(text)
            return set() if sheet == "keywords" else None

        def check() -> None:
            if seen:
                services.cancel_export(Export.objects.get(pk=export.pk))
                raise Stopped(StopReason.CANCELLED)

        monkeypatch.setattr(f"content_analysis.analyzers.{step}", analyse)
        with pytest.raises(Stopped):
            builder._make(export, check)
        assert len(seen) == 5
        assert export.mark_cancelled(export.lease)
