"""Has the database write posts as CSV and JSON Lines: a page is one value, no row an object here.

Half of an export's time goes into making Python objects of a database's values and text of them
again. Where a writer's lines follow from a row alone, the database writes them, a page at a time
(PostgreSQL line by line: a text of a megabyte costs it more than the thousand of which it is made);
`exports.writers` write all the rest (hidden names, nested comments, workbooks), and what both make
of the same rows is the same. NUL characters, which are dropped before a post is stored, are not
looked for.
"""

from collections import deque
from collections.abc import Generator, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, cycle
from typing import Any

import psycopg
from django.db import connection, connections
from psycopg.pq.abc import PGresult

from exports.columns import field_of
from exports.writers.base import Column, Kind, Syntax
from exports.writers.safety import FORMULA_STARTS, SKIPPED_STARTS, SUSPECT_STARTS
from scraper.models import ScrapedPost

_POSTS = ScrapedPost._meta.db_table  # noqa: SLF001
# What reads at once. PostgreSQL's processes are what an export waits for, and two take half of the
# time; SQLite's threads get into each other's way, so one reads ahead.
_READERS = {"postgresql": 2, "sqlite": 1}

# How each kind's value is spelled; {0} is the column.
_SQLITE_INSTANT = "substr({0}, 1, 10) || 'T' || substr({0}, 12, 8) || 'Z'"
_SQLITE_FLAG = "CASE {0} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END"
# SQLite shows 15 digits of a number: enough for hundredths, which nearly all ratios are, and which
# a division tells from others exactly. Else as few more as say which number it is, as Python does.
_SQLITE_NUMBER = (
    "CASE WHEN {0} IS NULL THEN NULL"
    " WHEN CAST({0} * 100 + 0.5 AS INTEGER) / 100.0 = {0} THEN %s ELSE %s END"
)
_SQLITE_DIGITS = (
    "CASE {0} WHEN CAST(CAST({0} AS TEXT) AS REAL) THEN CAST({0} AS TEXT)"
    " WHEN CAST(printf('%!.16g', {0}) AS REAL) THEN printf('%!.16g', {0})"
    " ELSE printf('%!.17g', {0}) END"
)
# The first 19 letters of what JSON calls an instant are the same whatever the session's DateStyle.
_POSTGRES_INSTANT = """substr(to_json({0} AT TIME ZONE 'UTC')::text, 2, 19) || 'Z'"""
# With a fraction even where it is zero: who reads the file learns types from its first lines.
_POSTGRES_NUMBER = "({0}::text::numeric + 0.0)"

_SPELLINGS: Mapping[tuple[str, Syntax], Mapping[Kind, str]] = {
    ("sqlite", "json"): {
        Kind.INSTANT: _SQLITE_INSTANT,
        Kind.FLAG: f"json({_SQLITE_FLAG})",
        Kind.NUMBER: _SQLITE_NUMBER % ("{0}", f"json({_SQLITE_DIGITS})"),
        Kind.JSON: "json({0})",
    },
    ("sqlite", "csv"): {
        Kind.INSTANT: _SQLITE_INSTANT,
        Kind.FLAG: _SQLITE_FLAG,
        Kind.INTEGER: "{0}",
        Kind.NUMBER: _SQLITE_NUMBER % ("CAST({0} AS TEXT)", _SQLITE_DIGITS),
    },
    ("postgresql", "json"): {Kind.INSTANT: _POSTGRES_INSTANT, Kind.NUMBER: _POSTGRES_NUMBER},
    ("postgresql", "csv"): {
        Kind.INSTANT: _POSTGRES_INSTANT,
        Kind.FLAG: "{0}::text",
        Kind.INTEGER: "{0}",
        Kind.NUMBER: _POSTGRES_NUMBER,
    },
}


class Lines:
    """The lines of posts in one syntax; `is_safe` defuses the texts of CSV, JSON is verbatim."""

    def __init__(self, columns: Sequence[Column], syntax: Syntax, *, is_safe: bool) -> None:
        self._parameters: list[Any] = []
        self._marked: _Marked | None = None
        if syntax == "csv":
            self._statement, self._parameters = _csv_page(columns, is_safe=is_safe)
        else:
            self._statement = _json_page(columns)
            if connection.vendor == "postgresql":
                self._marked = _Marked(columns)

    def pages(self, chunks: Iterable[Sequence[int]]) -> Generator[tuple[int, bytes], None, None]:
        """Yield a page for each chunk of ids, in order, read ahead beside one another.

        Close it when it is left early: its readers have threads and connections of their own.
        """
        readers = [
            ThreadPoolExecutor(1, thread_name_prefix=f"export-lines-{number}")
            for number in range(_READERS[connection.vendor])
        ]
        pages: deque[Future[tuple[int, bytes]]] = deque()
        try:
            for reader, ids in zip(cycle(readers), chunks):
                pages.append(reader.submit(self.read, ids))
                if len(pages) > len(readers):
                    yield pages.popleft().result()
            while pages:
                yield pages.popleft().result()
        finally:
            for reader in readers:
                reader.submit(connections.close_all)
                reader.shutdown()

    def read(self, ids: Sequence[int]) -> tuple[int, bytes]:
        """Return how many of the posts there still are, and their lines in the order of ids."""
        if ids[-1] - ids[0] + 1 == len(ids):
            among, numbers = "BETWEEN %s AND %s", [ids[0], ids[-1]]
        else:
            among, numbers = f"IN ({', '.join(['%s'] * len(ids))})", list(ids)
        if self._marked and (page := self._marked.read(among, numbers)):
            return page
        statement = self._statement.replace(_AMONG, among)
        return _fetch(statement, [*self._parameters, *numbers])


_AMONG = "{among}"
# In full: `id` alone could be what REST calls so, by which a page is not in order.
_FROM = f"FROM {_POSTS} WHERE {_POSTS}.id {_AMONG} ORDER BY {_POSTS}.id"


def _json_page(columns: Sequence[Column]) -> str:
    values = {one.name: _spelling(one, "json") or field_of(one) for one in columns}
    if connection.vendor == "postgresql":
        row = ", ".join(f"{value} AS {name}" for name, value in values.items())
        return rf"SELECT row_to_json(post)::text || E'\n' FROM (SELECT {row} {_FROM}) AS post"  # noqa: S608
    line = ", ".join(f"'{name}', {value}" for name, value in values.items())
    return _sqlite_page(f"json_object({line}) || char(10)")


def _csv_page(columns: Sequence[Column], *, is_safe: bool) -> tuple[str, list[Any]]:
    fields, parameters = [], []
    for column in columns:
        if (spelling := _spelling(column, "csv")) is None:
            spelling, more = _quoted(field_of(column), is_safe=is_safe)
            parameters += more
        fields.append(spelling)
    if connection.vendor == "postgresql":
        # concat() passes over what is missing.
        return r"SELECT concat({}, E'\r\n') ".format(", ',', ".join(fields)) + _FROM, parameters
    joined = " || ',' || ".join(f"coalesce({one}, '')" for one in fields)
    return _sqlite_page(f"{joined} || char(13, 10)"), parameters


def _sqlite_page(line: str) -> str:
    page = "CAST(group_concat(line, '') AS BLOB)"
    return f"SELECT count(*), {page} FROM (SELECT {line} AS line {_FROM})"  # noqa: S608


def _spelling(column: Column, syntax: Syntax) -> str | None:
    spelling = _SPELLINGS[connection.vendor, syntax].get(column.kind)
    return spelling and spelling.format(field_of(column)).replace("%", "%%")


def _may_be_missing(column: Column) -> bool:
    return ScrapedPost._meta.get_field(field_of(column)).null  # noqa: SLF001


def _quoted(field: str, *, is_safe: bool) -> tuple[str, list[str]]:
    """Return the expression of a text in quotes, defused where that is wanted.

    As `safety.defuse` has it: what is skipped is skipped, then the first character decides.
    """
    is_postgres = connection.vendor == "postgresql"
    text = f"{field}::text" if is_postgres else field
    body = f"""replace({text}, '"', '""') || '"'"""
    if not is_safe:
        return f"""'"' || {body}""", []
    if is_postgres:
        # An empty text is found at place 1: there stands a letter that nothing is to begin with.
        begins = "strpos(%s, left({}, 1)) > 1"
        risk, suspect = (f"a{signs}" for signs in (FORMULA_STARTS, SUSPECT_STARTS))
    else:
        begins = "{} GLOB %s"
        risk, suspect = (_glob_of(signs) for signs in (FORMULA_STARTS, SUSPECT_STARTS))
    # Nearly all texts are done with at the first look.
    looks = f"{begins.format(text)} AND {begins.format(f'ltrim({text}, %s)')}"
    # The place of ltrim's own parameter depends on where its result stands.
    skipped = [risk, SKIPPED_STARTS] if is_postgres else [SKIPPED_STARTS, risk]
    return f"""CASE WHEN {looks} THEN '"''' ELSE '"' END || {body}""", [suspect, *skipped]


def _glob_of(characters: str) -> str:
    """Return the pattern of texts that begin with one of the characters."""
    return f"[{characters.replace('-', '')}-]*"


# What a marked line has for its quotes, its end, the places of its JSON values, and, in as many
# marks as a text's two quotes are, for a text that is missing.
_QUOTE, _END, _PLACE, _NOTHING = "\x01", "\x02", "\x03", "\x04\x05"
# All control characters but those three that texts have.
_MARKS = bytes(range(32)).translate(None, b"\t\n\r")
# One by one, since Python looks for a single byte quickest of all.
_SPELLINGS_OF_BYTES = (
    *((b"\\", b"\\\\"), (b'"', b'\\"'), (b"\n", b"\\n"), (b"\r", b"\\r"), (b"\t", b"\\t")),
    *((b"\x01", b'"'), (b"\x02", b"\n"), (b"\x04", b"nu"), (b"\x05", b"ll")),
)


class _Marked:
    """JSON lines of PostgreSQL with control characters for quotes: escaped here, a page at once.

    Looking for what JSON escapes takes PostgreSQL half of its time, since it does so letter by
    letter; a search through a page takes next to none. Each line has the same number of marks: a
    page with another number has a text with a control character of its own, and is not for here.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        line, values = [], []
        before = "{"
        for column in columns:
            value = _spelling(column, "json") or field_of(column)
            name = f"{before}{_QUOTE}{column.name}{_QUOTE}:"
            before = ","
            if column.kind is Kind.JSON:
                line.append(f"'{name}{_PLACE}'")
                values.append(f"{value}::text")
            elif column.kind not in (Kind.TEXT, Kind.INSTANT):
                line += [f"'{name}'", f"coalesce({value}::text, 'null')"]
            elif _may_be_missing(column):
                quoted = f"'{_QUOTE}' || {value} || '{_QUOTE}'"
                line += [f"'{name}'", f"coalesce({quoted}, '{_NOTHING}')"]
            else:
                line += [f"'{name}{_QUOTE}'", value]
                before = f"{_QUOTE},"
        line.append(f"'{before.rstrip(',')}}}{_END}'")
        fields = ", ".join([f"concat({', '.join(line)})", *values])
        self._statement = f"SELECT {fields} {_FROM}"
        self._marks_per_line = sum(map(fields.count, (_QUOTE, _END, _PLACE)))

    def read(self, among: str, numbers: Sequence[int]) -> tuple[int, bytes] | None:
        """Return how many posts there are, and their lines; None where only the other way works."""
        rows = _rows(self._statement.replace(_AMONG, among), numbers)
        page = _texts(rows)
        if len(page) - len(page.translate(None, _MARKS)) != rows.ntuples * self._marks_per_line:
            return None
        for byte, spelling in _SPELLINGS_OF_BYTES:
            page = page.replace(byte, spelling)
        values = [
            rows.get_value(row, column) or b"null"
            for row in range(rows.ntuples)
            for column in range(1, rows.nfields)
        ]
        if values:
            around = page.split(_PLACE.encode())
            page = b"".join(chain.from_iterable(zip(around, [*values, b""], strict=True)))
        return rows.ntuples, page


def _fetch(statement: str, parameters: Sequence[Any]) -> tuple[int, bytes]:
    if connection.vendor == "postgresql":
        rows = _rows(statement, parameters)
        return rows.ntuples, _texts(rows)
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        count, page = cursor.fetchone()
        return count, page or b""


def _rows(statement: str, parameters: Sequence[Any]) -> PGresult:
    """Return what PostgreSQL says as it sends it: bytes of UTF-8, of which no text is made."""
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as driver:
        driver.execute(statement.encode(), parameters, binary=True)
        assert driver.pgresult is not None, "a query has a result"  # noqa: S101 -- a bug
        return driver.pgresult


def _texts(rows: PGresult) -> bytes:
    return b"".join([rows.get_value(row, 0) or b"" for row in range(rows.ntuples)])
