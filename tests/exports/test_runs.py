"""The life of an export: cancelled, lost, out of room, given back, and watched."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import threading
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.testing import ApplicationCommunicator
from botocore.exceptions import ClientError, EndpointConnectionError
from django.core.files.storage import FileSystemStorage, Storage, storages
from django.db import OperationalError, connections
from django.utils import timezone

from config.asgi import application
from exports import builder, files, reading, services, store
from exports.builder import run_export
from exports.columns import COMMENT_COLUMNS, POST_COLUMNS
from exports.models import Export
from exports.schedules import remove_expired
from exports.writers import FORMATS
from exports.writers.csv import CsvWriter
from exports.writers.parquet import ParquetWriter
from exports.writers.xlsx import XlsxWriter
from projects import deletion
from projects.activity import read_after
from projects.keeper import Guard, Keeper, Stopped, StopReason
from projects.models import Project
from scraper.models import ScrapedPost
from tests.exports.building import (
    claim,
    content_of,
    export_of,
    finished_export,
    make_post,
    make_project,
    posts_in_rest,
    start,
    work,
)
from tests.sse import Parser

if TYPE_CHECKING:
    from exports.writers.base import Table
    from tests.callers import Caller

pytestmark = pytest.mark.django_db(transaction=True)


def use_writer(monkeypatch: pytest.MonkeyPatch, form: str, writer: type) -> None:
    fields = vars(FORMATS[form]) | {"writer": writer}
    monkeypatch.setitem(FORMATS, form, type(FORMATS[form])(**fields))


class Refusing(FileSystemStorage):
    """Deletes nothing the first time."""

    def __init__(self, folder: Path, error: Exception) -> None:
        super().__init__(location=folder)
        self._errors = [error]

    def delete(self, name: str) -> None:
        if self._errors:
            raise self._errors.pop()
        super().delete(name)


def left_behind(settings: Any, export_folder: Path) -> list[Path]:
    folders = (settings.EXPORT_WORK_DIR, export_folder)
    return [path for folder in folders for path in folder.rglob("*") if path.is_file()]


def work_and_leave(export: Export) -> None:
    try:
        work(export)
    finally:
        connections.close_all()


def terminal_events(export: Export) -> list[str]:
    types = [event.type for event in read_after(export.stream, 0, 1000)]
    return [name for name in types if name.startswith("export.") and name != "export.queued"]


class TestRun:
    def test_ends_with_one_event_that_tells_what_came_of_it(self, owner: Caller) -> None:
        export = export_of(owner, make_project(owner), "jsonl")
        assert terminal_events(export) == ["export.completed"]
        last = read_after(export.stream, 0, 100)[-1]
        assert last.data["rows"] == 5
        assert last.data["sha256"] == export.sha256
        assert last.data["size_bytes"] == export.size_bytes

    def test_shows_progress_that_ends_at_one(self, owner: Caller) -> None:
        export = export_of(owner, make_project(owner), "csv")
        shown = owner.get(f"/api/exports/{export.pk}/").json()
        assert (shown["progress"], shown["rows"], shown["rows_expected"]) == (1.0, 5, 5)

    def test_holds_what_was_there_at_its_start(
        self, owner: Caller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        project = make_project(owner, posts=3)

        class Late(CsvWriter):
            def open(self, table: Table) -> None:
                super().open(table)
                make_post(Project.objects.get(pk=project), 77)

        use_writer(monkeypatch, "csv", Late)
        assert export_of(owner, project, "csv").rows == 3


class TestCancel:
    def test_j18_before_it_began_ends_it_at_once(self, owner: Caller) -> None:
        export = start(owner, make_project(owner), "csv")
        answer = owner.post(f"/api/exports/{export['id']}/cancel/")
        assert (answer.status_code, answer.json()["status"]) == (202, "cancelled")

    def test_j19_while_it_is_written_leaves_nothing(
        self, owner: Caller, monkeypatch: pytest.MonkeyPatch, settings: Any, export_folder: Path
    ) -> None:
        written, go_on = threading.Event(), threading.Event()

        class Slow(CsvWriter):
            def append(self, lines: bytes) -> None:
                super().append(lines)
                written.set()
                assert go_on.wait(30)

        use_writer(monkeypatch, "csv", Slow)
        export = claim(start(owner, make_project(owner), "csv")["id"])
        working = threading.Thread(target=work_and_leave, args=[export])
        working.start()
        assert written.wait(30)
        services.cancel_export(Export.objects.get(pk=export.pk))
        go_on.set()
        working.join(30)
        done = Export.objects.get(pk=export.pk)
        assert done.status == "cancelled"
        assert terminal_events(done) == ["export.cancelled"]
        assert left_behind(settings, export_folder) == []

    def test_j19_while_it_is_published_takes_the_file_back(
        self, owner: Caller, settings: Any, export_folder: Path
    ) -> None:
        export = claim(start(owner, make_project(owner), "csv")["id"])

        class Cancelling(FileSystemStorage):
            def _save(self, name: str, content: Any) -> str:
                services.cancel_export(Export.objects.get(pk=export.pk))
                return str(super()._save(name, content))

        storages._storages["exports"] = Cancelling(location=export_folder)
        assert work(export).status == "cancelled"
        assert left_behind(settings, export_folder) == []

    def test_j19_is_looked_for_where_posts_have_no_comments(
        self, owner: Caller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_project(owner, posts=8, comments=0)
        monkeypatch.setattr(reading, "PAGE_ROWS", 2)
        looks: list[None] = []
        ids = ScrapedPost.objects.order_by("pk").values_list("pk", flat=True)
        selection = reading.Selection(ids, "iso", lambda: looks.append(None))
        assert list(selection.comments(COMMENT_COLUMNS)) == []
        assert len(looks) >= 4
        looks.clear()
        assert len(list(selection.posts_with_comments(POST_COLUMNS, COMMENT_COLUMNS))) == 4
        assert len(looks) >= 4

    @pytest.mark.parametrize("form", ["csv", "xlsx", "package"])
    def test_j19_among_the_comments_leaves_nothing(
        self, owner: Caller, monkeypatch: pytest.MonkeyPatch, settings: Any, export_folder: Path,
        form: str,
    ) -> None:  # fmt: skip
        """No page of comments comes: what is stopped is the search for them."""
        export = claim(start(owner, make_project(owner, comments=0), form,
                             sheets=["posts", "comments"])["id"])  # fmt: skip
        kind: Any = FORMATS[form].writer
        asked = threading.Event()

        class Asked(kind):
            def open(self, table: Table) -> None:
                super().open(table)
                if table.name == "comments":
                    asked.set()

        def check() -> None:
            if asked.is_set():
                services.cancel_export(Export.objects.get(pk=export.pk))
                raise Stopped(StopReason.CANCELLED)

        use_writer(monkeypatch, form, Asked)
        with pytest.raises(Stopped):
            builder._make(export, check)
        assert export.mark_cancelled(export.lease)
        assert left_behind(settings, export_folder) == []

    def test_j21_again_and_after_the_end_changes_nothing(self, owner: Caller) -> None:
        project = make_project(owner)
        cancelled = start(owner, project, "csv")["id"]
        done = export_of(owner, project, "csv").pk
        for export in (cancelled, done):
            path = f"/api/exports/{export}/cancel/"
            first, again = (owner.post(path) for _ in range(2))
            assert (first.status_code, again.status_code) == (202, 202)
            assert first.json() == again.json()
        assert len(terminal_events(Export.objects.get(pk=cancelled))) == 1
        assert Export.objects.get(pk=done).status == "completed"


class TestLoss:
    def test_j25_who_takes_over_begins_again_and_clears_up(
        self, owner: Caller, settings: Any, export_folder: Path
    ) -> None:
        project = make_project(owner)
        lost = claim(start(owner, project, "jsonl")["id"])
        folder = settings.EXPORT_WORK_DIR / f"{lost.pk}-{lost.fence}"
        folder.mkdir(parents=True)
        (folder / "posts.jsonl").write_text("half of a li")
        half = export_folder / f"{lost.pk}/{lost.fence}.jsonl"
        half.parent.mkdir(parents=True)
        half.write_text("published, never counted")
        Export.objects.update(lease_until=timezone.now() - timedelta(seconds=1), rows=4)
        done = work(claim(lost.pk))
        assert (done.status, done.attempt, done.rows) == ("completed", 2, 5)
        lines = [json.loads(line) for line in content_of(done).splitlines()]
        assert lines == posts_in_rest(owner, project)
        assert left_behind(settings, export_folder) == [export_folder / done.file_key]

    def test_a_worker_that_was_declared_dead_changes_nothing(
        self, owner: Caller, settings: Any, export_folder: Path
    ) -> None:
        lost = claim(start(owner, make_project(owner), "csv")["id"])
        Export.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        holder = claim(lost.pk)
        after = work(lost)
        assert (after.status, after.fence) == ("running", holder.fence)
        assert left_behind(settings, export_folder) == []

    def test_j04_a_worker_that_was_declared_dead_leaves_the_others_work_alone(
        self, owner: Caller, settings: Any, export_folder: Path
    ) -> None:
        lost = claim(start(owner, make_project(owner), "csv")["id"])
        for _ in range(9):  # so that numbers are compared, not texts
            Export.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
            holder = claim(lost.pk)
        with files.work_folder(holder.pk, holder.fence) as folder:
            work(lost)
            assert folder.is_dir()
        done = work(holder)
        content = content_of(done)
        after = work(lost)
        assert (after.status, after.sha256, content_of(after)) == (
            "completed", done.sha256, content,
        )  # fmt: skip
        assert left_behind(settings, export_folder) == [export_folder / done.file_key]

    def test_progress_that_cannot_be_noted_costs_nothing(
        self, owner: Caller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def is_locked(*_: Any) -> None:
            raise OperationalError("database is locked")

        monkeypatch.setattr(store, "report_rows", is_locked)
        assert export_of(owner, make_project(owner), "csv").rows == 5

    @pytest.mark.parametrize("error", [RuntimeError("a bucket's own"), PermissionError()])
    def test_of_the_database_is_one_though_the_file_cannot_be_taken_back(
        self, owner: Caller, settings: Any, export_folder: Path, monkeypatch: pytest.MonkeyPatch,
        error: Exception,
    ) -> None:  # fmt: skip
        export = claim(start(owner, make_project(owner), "csv")["id"])

        def lost(*_: Any) -> None:
            raise OperationalError("The database is gone.")

        monkeypatch.setattr(store, "finish", lost)
        storages._storages["exports"] = Refusing(export_folder, error)
        with pytest.raises(OperationalError):
            work(export)
        assert Export.objects.get().status == "running"
        assert len(left_behind(settings, export_folder)) == 1

    def test_j08_a_worker_that_must_go_gives_it_back(self, owner: Caller) -> None:
        export = claim(start(owner, make_project(owner), "csv")["id"])

        async def drive() -> None:
            guard = Guard()
            with Keeper(Export).keeping(export, guard):
                guard.stop(StopReason.SHUTDOWN)
                await asyncio.sleep(0)
                await run_export(export, guard)

        asyncio.run(drive())
        given_back = Export.objects.get(pk=export.pk)
        assert (given_back.status, given_back.worker) == ("running", "")
        assert work(claim(export.pk)).status == "completed"


class TestNoRoom:
    def check(self, done: Export, settings: Any, export_folder: Path) -> None:
        assert (done.status, done.error_code) == ("failed", "disk_full")
        assert "No space left on device" in done.error_detail
        assert terminal_events(done) == ["export.failed"]
        assert left_behind(settings, export_folder) == []

    @pytest.mark.parametrize(
        ("form", "kind"), [("csv", CsvWriter), ("xlsx", XlsxWriter), ("parquet", ParquetWriter)]
    )
    def test_for_the_work_fails_with_the_reason(
        self, owner: Caller, monkeypatch: pytest.MonkeyPatch, settings: Any, export_folder: Path,
        form: str, kind: Any,
    ) -> None:  # fmt: skip
        class OnFullDisk(kind):
            """Writes to the kernel's own full disk."""

            def __init__(self, folder: Path, options: Any) -> None:
                for name in ("posts.csv", "export.xlsx", "posts.parquet"):
                    (folder / name).symlink_to("/dev/full")
                super().__init__(folder, options)

        use_writer(monkeypatch, form, OnFullDisk)
        done = work(claim(start(owner, make_project(owner, posts=300), form)["id"]))
        self.check(done, settings, export_folder)

    def test_in_the_storage_fails_with_the_reason(
        self, owner: Caller, settings: Any, export_folder: Path
    ) -> None:
        class Full(FileSystemStorage):
            def _save(self, name: str, content: Any) -> str:
                raise OSError(errno.ENOSPC, "No space left on device")

        storages._storages["exports"] = Full(location=export_folder)
        done = work(claim(start(owner, make_project(owner), "csv")["id"]))
        self.check(done, settings, export_folder)


class TestClearance:
    def test_removes_what_belongs_to_no_export(
        self, owner: Caller, settings: Any, export_folder: Path
    ) -> None:
        export = finished_export(owner, make_project(owner, posts=0), b"{}")
        stray = export_folder / "987654" / "1.csv"
        work_of_nobody = settings.EXPORT_WORK_DIR / "987654-1" / "posts.csv"
        for file in (stray, work_of_nobody):
            file.parent.mkdir(parents=True)
            file.write_text("x")
        remove_expired()
        assert left_behind(settings, export_folder) == [export_folder / export.file_key]

    @pytest.mark.parametrize("error", [RuntimeError("a bucket's own"), PermissionError()])
    def test_goes_on_where_a_file_cannot_be_deleted(
        self, owner: Caller, settings: Any, export_folder: Path, error: Exception
    ) -> None:
        project = make_project(owner, posts=0)
        for _ in range(2):
            finished_export(owner, project, b"{}")
        Export.objects.update(expires_at=timezone.now())
        storages._storages["exports"] = Refusing(export_folder, error)
        assert services.remove_expired_files() == 1
        assert len(left_behind(settings, export_folder)) == 1
        assert services.remove_expired_files() == 1
        assert left_behind(settings, export_folder) == []

    @pytest.mark.parametrize("error", [RuntimeError("a bucket's own"), PermissionError()])
    def test_goes_on_where_a_stray_cannot_be_deleted(
        self, settings: Any, export_folder: Path, error: Exception
    ) -> None:
        for number in ("987654", "987655"):
            stray = export_folder / number / "1.csv"
            stray.parent.mkdir(parents=True)
            stray.write_text("x")
        storages._storages["exports"] = Refusing(export_folder, error)
        services.remove_strays()
        assert len(left_behind(settings, export_folder)) == 1
        services.remove_strays()
        assert left_behind(settings, export_folder) == []

    def test_leaves_the_work_of_others_alone(self, owner: Caller, settings: Any) -> None:
        running = claim(start(owner, make_project(owner), "csv")["id"])
        with files.work_folder(running.pk, running.fence) as folder:
            remove_expired()
            assert folder.is_dir()

    def test_leaves_alone_what_began_while_it_looked(
        self, owner: Caller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        waiting = start(owner, make_project(owner), "csv")["id"]
        look = store.running_exports
        with ExitStack() as stack:

            def begins_meanwhile() -> list[tuple[int, int]]:
                found = look()
                begun = claim(waiting)
                stack.enter_context(files.work_folder(begun.pk, begun.fence))
                return found

            monkeypatch.setattr(store, "running_exports", begins_meanwhile)
            remove_expired()
            assert [folder.name for folder in files.work_folders()] == [f"{waiting}-1"]

    def test_happens_with_the_project(
        self, owner: Caller, settings: Any, export_folder: Path
    ) -> None:
        project = make_project(owner, posts=0)
        finished_export(owner, project, b"{}")
        start(owner, project, "csv")
        Project.objects.update(deleted_at=timezone.now())
        deletion.remove_project(project)
        assert not Export.objects.exists()
        assert left_behind(settings, export_folder) == []


class TestStream:
    def ask(self, owner: Caller, export: Export, query: bytes = b"") -> tuple[int, list[Any]]:
        headers = [(b"host", b"localhost")]
        headers += [(b"authorization", owner.client.defaults["HTTP_AUTHORIZATION"].encode())]
        scope = {
            "type": "http", "method": "GET", "path": f"/api/exports/{export.pk}/stream/",
            "query_string": query, "headers": headers, "http_version": "1.1",
            "client": ("127.0.0.1", 1),
        }  # fmt: skip

        async def read() -> tuple[int, list[Any]]:
            talk = ApplicationCommunicator(application, scope)
            await talk.send_input({"type": "http.request", "body": b""})
            status = (await talk.receive_output(20))["status"]
            parser, messages = Parser(), []
            while True:
                message = await talk.receive_output(20)
                messages += parser.feed(message.get("body", b""))
                if not message.get("more_body"):
                    await talk.wait(20)
                    return status, messages

        return asyncio.run(read())

    def test_tells_the_state_and_the_end(self, owner: Caller) -> None:
        export = export_of(owner, make_project(owner), "csv")
        status, messages = self.ask(owner, export)
        assert status == 200
        assert [one.event for one in messages] == ["snapshot", "complete"]
        assert messages[0].json() == owner.get(f"/api/exports/{export.pk}/").json()
        assert messages[1].json()["sha256"] == export.sha256
        assert messages[1].id == str(export.event_seq)

    def test_has_nothing_after_the_end(self, owner: Caller) -> None:
        export = export_of(owner, make_project(owner), "csv")
        assert self.ask(owner, export, f"after={export.event_seq}".encode())[0] == 204

    def test_tells_why_there_is_no_file(self, owner: Caller) -> None:
        export = start(owner, make_project(owner), "csv")
        owner.post(f"/api/exports/{export['id']}/cancel/")
        _, messages = self.ask(owner, Export.objects.get(pk=export["id"]))
        assert messages[-1].event == "cancelled"


class TestBucket:
    """A bucket that refuses, by whatever its driver raises."""

    REFUSAL = ClientError(
        {"Error": {"Code": "AccessDenied", "Message": "key AKIA of host.example"}}, "PutObject"
    )

    @pytest.mark.parametrize("method", ["_save", "listdir"])
    @pytest.mark.parametrize(
        ("error", "reason"),
        [(REFUSAL, "AccessDenied"),
         (EndpointConnectionError(endpoint_url="http://host.example"), "EndpointConnectionError")],
    )  # fmt: skip
    def test_fails_with_the_reason_and_no_secret(
        self, owner: Caller, settings: Any, export_folder: Path, method: str, error: Exception,
        reason: str,
    ) -> None:  # fmt: skip
        def refuse(*_: Any) -> Any:
            raise error

        storages._storages["exports"] = type(
            "Bucket",
            (Storage,),
            {"exists": lambda *_: False, "listdir": lambda *_: ([], []), method: refuse},
        )()
        done = work(claim(start(owner, make_project(owner), "csv")["id"]))
        assert (done.status, done.error_code) == ("failed", "storage")
        assert reason in done.error_detail
        assert "host.example" not in done.error_detail
        assert left_behind(settings, export_folder) == []

    def test_a_file_is_on_the_disk_with_the_folders_that_name_it(
        self, owner: Caller, export_folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A name is on the disk when its folder is."""
        synced: list[str] = []
        sync = os.fsync

        def noted(descriptor: int) -> None:
            synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
            sync(descriptor)

        monkeypatch.setattr(os, "fsync", noted)
        export = export_of(owner, make_project(owner), "csv")
        file = export_folder / export.file_key
        assert synced[-3:] == [str(file), str(file.parent), str(export_folder)]

    def test_j19_an_upload_stops_when_it_is_cancelled(
        self, owner: Caller, settings: Any, export_folder: Path
    ) -> None:
        """A bucket has no folder to move a file into: it reads it, for minutes if it is large."""
        export = claim(start(owner, make_project(owner, posts=20), "csv")["id"])

        class Bucket(Storage):
            def exists(self, name: str) -> bool:
                return False

            def listdir(self, path: str) -> tuple[list[str], list[str]]:
                return [], []

            def _save(self, name: str, content: Any) -> str:
                services.cancel_export(Export.objects.get(pk=export.pk))
                waiting = threading.Event()
                for _ in range(300):
                    content.read(10)
                    waiting.wait(0.1)
                raise AssertionError("Nobody stopped the upload")

        storages._storages["exports"] = Bucket()
        assert work(export).status == "cancelled"
        assert left_behind(settings, export_folder) == []
