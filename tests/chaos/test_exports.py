"""Exports with real processes: killed, cancelled while they write, and downloaded."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import time
import zipfile
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.chaos.line import standing_still
from tests.services import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.chaos.conftest import StartLine
    from tests.chaos.line import Line, Person

# Enough rows that a workbook takes seconds on a quick machine, so that a kill finds it unfinished.
POSTS = 40_000
EXPORTS = "/api/exports/"
DONE_SECONDS = 150
# J19 allows 2 s; a machine that runs other suites beside it gets more.
CANCEL_SECONDS = 6
LARGE_BYTES = 1 << 30
WARM_BYTES = 64 << 20
# A busy machine's longest pause between two pieces.
REPLY_SECONDS = 60
# An export may be done before anybody looks; not every time.
CATCHES = 8
# One piece per thread and the server's own buffers, many times over.
MOST_GROWTH_BYTES = 40 << 20

_COLUMNS = (
    "subreddit, title, author, selftext, url, permalink, domain, score, upvote_ratio, num_comments,"
    " flair, over_18, spoiler, stickied, locked, is_self, post_type, thumbnail, media,"
    " crosspost_parent, removed, edited_at, created_at, fetched_at, backend, project_id,"
    " comments_fetched, comments_expected, comments_fetched_at"
)
_MULTIPLY = f"""
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {POSTS})
INSERT INTO scraper_scrapedpost (fullname, {_COLUMNS})
SELECT 't3_x' || n, {_COLUMNS} FROM numbers CROSS JOIN
(SELECT * FROM scraper_scrapedpost WHERE project_id = ? ORDER BY id LIMIT 1) AS one
"""  # noqa: S608 -- composed of constants

_COMMENT = """
INSERT INTO scraper_scrapedcomment (project_id, post_id, fullname, parent_id, position, depth,
author, body, score, is_submitter, stickied, created_at, fetched_at, backend)
SELECT project_id, id, 't1_x' || id, fullname, 0, 0,
author, title, score, false, false, created_at, fetched_at, backend
FROM scraper_scrapedpost WHERE project_id = ?
"""


@pytest.fixture(scope="module")
def busy(start_line: StartLine) -> Iterator[Line]:
    """A line whose worker is killed; leases are short enough to wait for."""
    with start_line(TEPPAN_LEASE_SECONDS="30") as line:
        yield line


@pytest.fixture(scope="module")
def somebody(busy: Line) -> Person:
    """Somebody whose project has many posts, each with a comment."""
    person = busy.person()
    job = person.start("python", limit=1, mode="bulk")
    wait_until(lambda: person.job(job)["status"] == "completed", "No post", DONE_SECONDS)
    busy.execute(_MULTIPLY, person.project)
    busy.execute(_COMMENT, person.project)
    return person


def start(person: Person, form: str = "xlsx", **wish: Any) -> str:
    body = {"project": person.project, "format": form, "sheets": ["posts"], **wish}
    return f"{EXPORTS}{person.call('POST', EXPORTS, body)['id']}/"


@contextlib.contextmanager
def caught_midway(
    line: Line, person: Person, form: str, *, after: int, before: int, **wish: Any
) -> Iterator[str]:
    """Start an export, with so many of whose rows written its worker stands still in here."""
    for _ in range(CATCHES):
        path = start(person, form, **wish)

        def is_there(path: str = path) -> bool:
            export = person.call("GET", path)
            return export["status"] not in ("pending", "running") or export["rows"] >= after

        wait_until(is_there, f"Not {after} rows of {path}", DONE_SECONDS)
        with standing_still(line.worker()):
            export = person.call("GET", path)
            if export["status"] == "running" and export["rows"] < before:
                yield path
                return
        wait_for_end(person, path)
    raise AssertionError(f"{form} was done before anybody could look, {CATCHES} times")


def rows_of(content: bytes) -> dict[str, str]:
    """Return the digests of the files with rows in a workbook or a package."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {
            name: hashlib.sha256(archive.read(name)).hexdigest()
            for name in archive.namelist()
            if name.startswith(("xl/worksheets/sheet", "data/"))
        }


def wait_for_end(person: Person, path: str) -> dict[str, Any]:
    def has_ended() -> bool:
        return person.call("GET", path)["status"] not in ("pending", "running")

    wait_until(has_ended, f"{path} does not end", DONE_SECONDS)
    export: dict[str, Any] = person.call("GET", path)
    return export


def files_of(line: Line) -> list[str]:
    folder = line.stack.data_dir
    return [
        str(path.relative_to(folder))
        for name in ("export-work", "exports")
        for path in (folder / name).rglob("*")
        if path.is_file()
    ]


@pytest.mark.timeout(600)
class TestKill:
    @pytest.mark.parametrize("form", ["xlsx", "package"])
    def test_j25_a_killed_worker_costs_time_and_nothing_else(
        self, busy: Line, somebody: Person, form: str
    ) -> None:
        undisturbed = start(somebody, form)
        assert wait_for_end(somebody, undisturbed)["status"] == "completed"
        with caught_midway(busy, somebody, form, after=1, before=POSTS) as path:
            number = path.rstrip("/").rpartition("/")[2]
            assert [name for name in files_of(busy) if f"export-work/{number}-" in name]
            busy.kill_worker()
        export = wait_for_end(somebody, path)
        assert export["status"] == "completed", export
        assert export["attempt"] >= 2
        assert export["rows"] == POSTS + 1
        content = somebody.clients[0].get(f"{path}download/").content
        assert hashlib.sha256(content).hexdigest() == export["sha256"]
        expected = rows_of(somebody.clients[0].get(f"{undisturbed}download/").content)
        assert expected
        assert rows_of(content) == expected
        assert not [name for name in files_of(busy) if name.startswith("export-work")]
        assert len([name for name in files_of(busy) if f"exports/{number}/" in name]) == 1


@pytest.mark.timeout(600)
class TestCancel:
    @pytest.mark.parametrize(
        ("form", "sheets", "after", "before"),
        [
            ("xlsx", ["posts"], 1, POSTS),
            ("xlsx", ["posts", "comments"], POSTS + 2, 2 * POSTS),
            ("package", ["posts", "comments"], 1, 2 * POSTS),
        ],
    )
    def test_j19_while_it_is_written_is_quick_and_leaves_nothing(
        self,
        busy: Line,
        somebody: Person,
        form: str,
        sheets: list[str],
        after: int,
        before: int,
    ) -> None:
        kept = [name for name in files_of(busy) if name.startswith("exports")]
        with caught_midway(busy, somebody, form, sheets=sheets, after=after, before=before) as path:
            # Where it is caught is seen while it stands still; what is cancelled runs.
            pass
        started = time.monotonic()
        somebody.call("POST", f"{path}cancel/")
        export = wait_for_end(somebody, path)
        assert export["status"] == "cancelled"
        assert time.monotonic() - started < CANCEL_SECONDS
        number = path.rstrip("/").rpartition("/")[2]

        def is_cleared() -> bool:
            found = files_of(busy)
            return set(kept) <= set(found) and not [
                name
                for name in found
                if name.startswith((f"export-work/{number}-", f"exports/{number}/"))
            ]

        wait_until(is_cleared, "Files are left", CANCEL_SECONDS)


class TestDownload:
    def test_memory_stays_flat_while_a_gigabyte_leaves(self, busy: Line, somebody: Person) -> None:
        path = start(somebody, "csv", columns=["id"])
        assert wait_for_end(somebody, path)["status"] == "completed"
        number = int(path.rstrip("/").rpartition("/")[2])
        key = busy.read("SELECT file_key FROM exports_export WHERE id = ?", number)
        os.truncate(busy.stack.data_dir / "exports" / key, LARGE_BYTES)
        statement = "UPDATE exports_export SET size_bytes = ? WHERE id = ?"
        busy.execute(statement, LARGE_BYTES, number)
        link = somebody.call("POST", f"{path}download-link/")["url"]
        web, received, peak = busy.web(), 0, 0
        # What the first download of a process loads and keeps is not what one holds.
        warm = httpx.get(
            link, headers={"Range": f"bytes=0-{WARM_BYTES - 1}"}, timeout=REPLY_SECONDS
        )
        assert len(warm.content) == WARM_BYTES
        before = web.memory_info().rss
        with httpx.stream("GET", link, timeout=REPLY_SECONDS) as answer:
            assert answer.status_code == 200
            for piece in answer.iter_raw(1 << 20):
                received += len(piece)
                if received % (64 << 20) < len(piece):
                    peak = max(peak, web.memory_info().rss)
        assert received == LARGE_BYTES
        assert peak - before < MOST_GROWTH_BYTES

    def test_goes_on_where_a_cut_connection_stopped(self, busy: Line, somebody: Person) -> None:
        path = start(somebody, "csv", columns=["id", "title"])
        export = wait_for_end(somebody, path)
        link = somebody.call("POST", f"{path}download-link/")["url"]
        with httpx.stream("GET", link, timeout=REPLY_SECONDS) as answer:
            etag = answer.headers["etag"]
            first = next(answer.iter_raw(100_000))
        headers = {"Range": f"bytes={len(first)}-", "If-Range": etag}
        rest = httpx.get(link, headers=headers, timeout=REPLY_SECONDS)
        assert rest.status_code == 206
        assert hashlib.sha256(first + rest.content).hexdigest() == export["sha256"]
