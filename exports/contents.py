"""Puts an export together: which sheets, in which order, from the reader through to the writer."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from content_analysis.analyzers.sentiment import DaySentiment
from exports import findings
from exports.lines import Lines
from exports.masking import Mask
from exports.reading import PAGE_ROWS, Page, Selection
from exports.tally import NEEDED_COLUMNS, SUBREDDITS, Tally
from exports.wishes import Wish
from exports.writers.base import Column, Columns, Kind, Options, Summary, Table, Writer
from exports.writers.dictionary import COMMENT_PREFIX

# What an export's number of rows counts: what was scraped, not what is told of it.
COUNTED_SHEETS = ("posts", "comments")
# Posts are read up to a thousand at once; to find something in long ones takes a hundred times as
# long.
_ANALYSED_AT_ONCE = 20


@dataclass
class Contents:
    """One export in the making. `step(rows)` is called after every page and may raise Stopped."""

    wish: Wish
    selection: Selection
    mask: Mask | None
    step: Callable[[int], None]
    tally: Tally = field(default_factory=Tally)
    sentiment: Sequence[DaySentiment[Any]] = ()
    rows: dict[str, int] = field(default_factory=dict)
    # As far as the writer knows them: the SHA-256 of its files.
    digests: dict[Path, str] = field(default_factory=dict)

    def count(self) -> int:
        """Return how many posts and comments will be written, or read to find something in them."""
        sheets = self.wish.sheets
        rows = len(self.selection) if "posts" in sheets else 0
        is_nested = self.wish.has_joined_comments and self.wish.form.has_nesting
        if "comments" in sheets and not is_nested:
            for number in self.selection.comment_counts():
                self.step(0)
                rows += number
        readings = sum(findings.READINGS.get(sheet, 0) for sheet in sheets)
        return rows + readings * len(self.selection)

    def write(self, folder: Path, about: Summary) -> list[Path]:
        """Write all files into a folder and return them."""
        has_summary = "summary" in self.wish.sheets
        options = Options(self.wish.safe, self.wish.bom, has_summary)
        writer = self.wish.form.writer(folder, options)
        try:
            for sheet in self.wish.sheets:
                self._write_sheet(writer, sheet)
            self._count_what_no_sheet_did()
            files = writer.close(self._summary(about))
            self.digests = writer.digests
            return files
        finally:
            writer.abandon()

    @property
    def _counted(self) -> tuple[Column, ...]:
        """Columns that are read for the counts, if any sheet shows them."""
        return NEEDED_COLUMNS if {"summary", "subreddits"} & set(self.wish.sheets) else ()

    def _write_sheet(self, writer: Writer, sheet: str) -> None:
        if self.wish.has_joined_comments and sheet in COUNTED_SHEETS:
            if sheet == "posts":
                self._write_joined(writer)
        elif sheet == "posts":
            self._write_posts(writer, Table("posts", self.wish.post_columns))
        elif sheet == "comments":
            columns = self.wish.chosen_comment_columns
            pages = self.selection.comments(columns)
            self._write_table(writer, Table("comments", columns), pages)
        elif sheet == "subreddits":
            self._count_what_no_sheet_did()
            self._write_few(writer, SUBREDDITS, self.tally.subreddit_page())
        elif sheet == "keywords":
            found = findings.keywords_of(self._read_for_findings)
            page = findings.page_of(findings.KEYWORDS, found)
            self._write_few(writer, findings.KEYWORDS, page)
        elif sheet == "sentiment":
            self.sentiment = findings.sentiment_of(self._read_for_findings)
            page = findings.page_of(findings.SENTIMENT, self.sentiment)
            self._write_few(writer, findings.SENTIMENT, page)

    def _write_posts(self, writer: Writer, table: Table) -> None:
        if writer.syntax is None or self.mask or self._counted:
            self._write_table(writer, table, self._posts())
            return
        self._begin(writer, table)
        lines = Lines(table.columns, writer.syntax, is_safe=self.wish.safe)
        with closing(self.selection.lines(lines)) as pages:
            for number, page in pages:
                writer.append(page)
                self._count(table, number)

    def _write_table(self, writer: Writer, table: Table, pages: Iterator[Page]) -> None:
        self._begin(writer, table)
        for page in pages:
            hidden = self.mask.hide(table.columns, page) if self.mask else page
            writer.write(hidden)
            self._count(table, len(page[0]))

    def _write_few(self, writer: Writer, table: Table, page: Columns) -> None:
        self._write_table(writer, table, iter([list(page)] if page[0] else []))

    def _read_for_findings(self, columns: Sequence[Column]) -> Iterator[Page]:
        for page in self.selection.posts(columns):
            for start in range(0, len(page[0]), _ANALYSED_AT_ONCE):
                part: Page = [values[start : start + _ANALYSED_AT_ONCE] for values in page]
                yield part
                self.step(len(part[0]))

    def _begin(self, writer: Writer, table: Table) -> None:
        writer.open(table)
        self.rows[table.name] = 0
        self.step(0)

    def _count(self, table: Table, rows: int) -> None:
        self.rows[table.name] += rows
        self.step(rows if table.name in COUNTED_SHEETS else 0)

    def _posts(self) -> Iterator[Page]:
        """Yield pages of the chosen columns, counted on the way."""
        chosen = self.wish.post_columns
        for page in self.selection.posts([*chosen, *self._counted]):
            self._tell(page[len(chosen) :])
            yield page[: len(chosen)]

    def _write_joined(self, writer: Writer) -> None:
        if self.wish.form.has_nesting:
            inner = Column("comments", Kind.NESTED, self.wish.chosen_comment_columns)
            columns = (*self.wish.post_columns, inner)
            self._write_table(writer, Table("posts", columns), self._nested())
            return
        columns = self.wish.post_columns + tuple(
            Column(COMMENT_PREFIX + one.name, one.kind) for one in self.wish.chosen_comment_columns
        )
        self._write_table(writer, Table("posts", columns), self._flat())

    def _with_comments(self) -> Iterator[tuple[Page, list[list[tuple[Any, ...]]]]]:
        chosen = self.wish.post_columns
        inner = self.wish.chosen_comment_columns
        for page, threads in self.selection.posts_with_comments([*chosen, *self._counted], inner):
            self._tell(page[len(chosen) :])
            yield page[: len(chosen)], threads

    def _nested(self) -> Iterator[Page]:
        inner = self.wish.chosen_comment_columns
        for page, threads in self._with_comments():
            mask = self.mask
            yield [*page, [_hidden(mask, inner, one) for one in threads] if mask else threads]

    def _flat(self) -> Iterator[Page]:
        """Yield one row per comment with its post, and one per post without comments."""
        nothing = (None,) * len(self.wish.chosen_comment_columns)
        for page, threads in self._with_comments():
            posts = zip(*page, strict=True)
            rows = [
                (*post, *comment)
                for post, thread in zip(posts, threads, strict=True)
                for comment in thread or [nothing]
            ]
            for start in range(0, len(rows), PAGE_ROWS):
                yield list(zip(*rows[start : start + PAGE_ROWS], strict=True))

    def _count_what_no_sheet_did(self) -> None:
        if self._counted and "posts" not in self.wish.sheets and not self.tally.is_begun:
            for page in self.selection.posts(NEEDED_COLUMNS):
                self._tell(page)
                self.step(0)

    def _tell(self, page: Sequence[Sequence[Any]]) -> None:
        if not page:
            return
        if self.mask:
            page = self.mask.hide(NEEDED_COLUMNS, page)
        self.tally.add(page)

    def _summary(self, about: Summary) -> Summary:
        if "sentiment" in self.wish.sheets:
            method = ("Sentiment", findings.about_sentiment(self.sentiment))
            about = replace(about, scope=[*about.scope, method])
        return replace(
            about,
            rows=self.rows,
            posts_per_day=self.tally.posts_per_day(),
            posts_per_subreddit=self.tally.posts_per_subreddit(),
            sentiment_per_day=findings.sentiment_per_day(self.sentiment),
        )


def describe(title: str, made_at: datetime, wish: Wish, mask: Mask | None) -> Summary:
    """Return what an export says about itself before its rows are known."""
    filters = [
        (name, str(mask.hide_filter(name, value) if mask else value))
        for name, value in sorted(wish.filters.items())
    ]
    choices = [
        ("Authors", "pseudonyms of this export" if wish.mask_authors else "as on Reddit"),
        ("Removed posts", "included" if wish.include_removed else "left out"),
    ]
    scope = [*(filters or [("Filters", "none: the project")]), *choices]
    return Summary(title, made_at, scope, has_removed=wish.include_removed)


def _hidden(
    mask: Mask, columns: Sequence[Column], thread: list[tuple[Any, ...]]
) -> list[tuple[Any, ...]]:
    if not thread:
        return thread
    page = mask.hide(columns, list(zip(*thread, strict=True)))
    return list(zip(*page, strict=True))
