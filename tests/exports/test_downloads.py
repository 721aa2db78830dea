"""The file over HTTP: ranges, resume, names, links, expiry."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.test import Client
from django.utils import timezone

from config.asgi import application
from exports import downloads, links
from exports.models import Export
from exports.services import remove_expired_files
from projects.models import Project
from projects.services.sessions import end_sessions
from tests.callers import Caller
from tests.exports.building import finished_export, make_project

pytestmark = pytest.mark.django_db(transaction=True)

CONTENT = bytes(range(256)) * 40


@pytest.fixture
def export(owner: Caller) -> Export:
    return finished_export(owner, make_project(owner, posts=0), CONTENT)


def path_of(export: Export) -> str:
    return f"/api/exports/{export.pk}/download/"


def body_of(answer: Any) -> bytes:
    if not answer.streaming:
        return bytes(answer.content)
    if not answer.is_async:
        return b"".join(answer.streaming_content)

    async def read() -> bytes:
        return b"".join([piece async for piece in answer.streaming_content])

    return asyncio.run(read())


def link_to(owner: Caller, export: Export) -> str:
    answer = owner.post(f"/api/exports/{export.pk}/download-link/")
    assert answer.status_code == 200, answer.content
    return str(answer.json()["url"])


class TestDownload:
    def test_gives_the_whole_file(self, owner: Caller, export: Export) -> None:
        answer = owner.get(path_of(export))
        assert answer.status_code == 200
        assert body_of(answer) == CONTENT
        assert answer["Content-Length"] == str(len(CONTENT))
        assert answer["ETag"] == f'"{export.sha256}"'
        assert answer["Accept-Ranges"] == "bytes"

    @pytest.mark.parametrize(
        ("header", "first", "last"),
        [
            ("bytes=0-99", 0, 99),
            ("bytes=100-", 100, len(CONTENT) - 1),
            ("bytes=-100", len(CONTENT) - 100, len(CONTENT) - 1),
            (f"bytes=5-{10**9}", 5, len(CONTENT) - 1),
        ],
    )
    def test_gives_a_part(
        self, owner: Caller, export: Export, header: str, first: int, last: int
    ) -> None:
        answer = owner.get(path_of(export), headers={"range": header})
        assert answer.status_code == 206
        assert answer["Content-Range"] == f"bytes {first}-{last}/{len(CONTENT)}"
        assert body_of(answer) == CONTENT[first : last + 1]

    @pytest.mark.parametrize("header", ["bytes=1-2,5-6", "lines=1-2", "bytes=9-2", "bytes=-"])
    def test_gives_the_whole_file_for_a_range_it_does_not_know(
        self, owner: Caller, export: Export, header: str
    ) -> None:
        assert owner.get(path_of(export), headers={"range": header}).status_code == 200

    @pytest.mark.parametrize("header", [f"bytes={len(CONTENT)}-", "bytes=-0"])
    def test_refuses_a_part_beyond_the_end(
        self, owner: Caller, export: Export, header: str
    ) -> None:
        answer = owner.get(path_of(export), headers={"range": header})
        assert answer.status_code == 416
        assert answer["Content-Range"] == f"bytes */{len(CONTENT)}"

    def test_resumes_only_the_same_file(self, owner: Caller, export: Export) -> None:
        same = {"range": "bytes=5-", "if-range": f'"{export.sha256}"'}
        another = {"range": "bytes=5-", "if-range": '"0"'}
        assert owner.get(path_of(export), headers=same).status_code == 206
        assert owner.get(path_of(export), headers=another).status_code == 200
        seen = {"if-none-match": f'"{export.sha256}"'}
        assert owner.get(path_of(export), headers=seen).status_code == 304

    def test_tells_about_the_file_without_sending_it(self, owner: Caller, export: Export) -> None:
        answer = owner.call("HEAD", path_of(export))
        assert (answer.status_code, answer["Content-Length"]) == (200, str(len(CONTENT)))

    def test_x25_is_an_attachment_that_nothing_sniffs(self, owner: Caller, export: Export) -> None:
        answer = owner.get(path_of(export))
        assert answer["Content-Disposition"].startswith("attachment;")
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Type"] == "application/x-ndjson"
        assert "default-src 'none'" in answer["Content-Security-Policy"]

    @pytest.mark.parametrize(
        ("title", "name"),
        [
            ("../../etc/passwd", "etc passwd"),
            ('a"; filename="evil.exe', "a ; filename= evil.exe"),
            ("one\r\nX-Evil: 1", "one X-Evil 1"),
            ("\u202egpj.exe", "gpj.exe"),
            ("...", "Teppan"),
            ("東京 naïve", "東京 naïve"),
            ("x" * 200, "x" * 80),
        ],
    )
    def test_x20_has_a_harmless_name_whatever_the_title(
        self, owner: Caller, export: Export, title: str, name: str
    ) -> None:
        Project.objects.update(name=title)
        header = owner.get(path_of(export))["Content-Disposition"]
        assert owner.get(f"/api/exports/{export.pk}/").json()["file_name"] == (
            f"{name} - export {export.pk}.jsonl"
        )
        assert header.isascii()
        assert header.isprintable()
        assert header.count('"') == 2
        assert "\\" not in header
        assert "/" not in header

    def test_is_not_there_before_the_export_is_completed(self, owner: Caller) -> None:
        project = make_project(owner, posts=0)
        body = {"project": project, "format": "csv"}
        export = owner.post("/api/exports/", body).json()
        for answer in (
            owner.get(f"/api/exports/{export['id']}/download/"),
            owner.post(f"/api/exports/{export['id']}/download-link/"),
        ):
            assert answer.status_code == 409
            assert answer.json()["errors"][0]["code"] == "no_file"

    def test_is_gone_after_its_time(
        self, owner: Caller, export: Export, export_folder: Path
    ) -> None:
        Export.objects.update(expires_at=timezone.now())
        assert owner.get(path_of(export)).status_code == 410
        assert remove_expired_files() == 1
        assert not [file for file in export_folder.rglob("*") if file.is_file()]
        answer = owner.get(path_of(export))
        assert answer.status_code == 410
        assert "run the export again" in answer.json()["errors"][0]["detail"]
        assert owner.get(f"/api/exports/{export.pk}/").json()["is_expired"] is True
        assert owner.post(f"/api/exports/{export.pk}/download-link/").status_code == 410

    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    @pytest.mark.parametrize("left", [None, CONTENT[:-1]])
    def test_says_before_anything_is_sent_that_the_file_is_lost(
        self, owner: Caller, export: Export, export_folder: Path, method: str, left: bytes | None
    ) -> None:
        file = export_folder / export.file_key
        file.unlink() if left is None else file.write_bytes(left)
        answer = owner.call(method, path_of(export))
        assert answer.status_code == 410
        if method == "GET":
            error = answer.json()["errors"][0]
            assert (error["code"], "run the export again" in error["detail"]) == ("lost", True)

    def test_refuses_unknown_parameters(self, owner: Caller, export: Export) -> None:
        assert owner.get(path_of(export) + "?inline=1").status_code == 400

    def test_sends_the_browser_to_a_bucket(
        self, owner: Caller, export: Export, settings: Any
    ) -> None:
        class Bucket:
            """A storage without local paths, as S3's."""

            def path(self, name: str) -> str:
                raise NotImplementedError

            def url(self, name: str, parameters: dict[str, str], expire: int) -> str:
                assert expire <= 60
                return f"https://bucket.example/{name}?{parameters['ResponseContentType']}"

        from django.core.files.storage import storages  # noqa: PLC0415

        storages._storages["exports"] = Bucket()
        answer = owner.get(path_of(export))
        assert answer.status_code == 302
        assert answer["Location"].startswith(f"https://bucket.example/{export.file_key}?")
        # A link that is signed for GET refuses HEAD.
        answer = owner.call("HEAD", path_of(export))
        assert (answer.status_code, answer["Content-Length"]) == (200, str(len(CONTENT)))
        assert answer["Accept-Ranges"] == "bytes"


class TestLink:
    def test_needs_no_header(self, owner: Caller, anonymous: Caller, export: Export) -> None:
        answer = anonymous.get(link_to(owner, export))
        assert (answer.status_code, body_of(answer)) == (200, CONTENT)

    def test_x13_ends(
        self, owner: Caller, anonymous: Caller, export: Export, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(links, "LIFETIME", timedelta(0))
        answer = anonymous.get(link_to(owner, export))
        assert answer.status_code == 403
        assert answer.json()["errors"][0]["code"] == "link_expired"

    def test_x13_ends_with_the_session_and_the_account(
        self, owner: Caller, anonymous: Caller, export: Export
    ) -> None:
        link = link_to(owner, export)
        assert owner.user is not None
        owner.user.is_active = False
        owner.user.save()
        assert anonymous.get(link).status_code == 403
        owner.user.is_active = True
        owner.user.save()
        assert anonymous.get(link).status_code == 200
        end_sessions(owner.user.pk)
        assert anonymous.get(link).status_code == 403

    def test_x13_of_an_api_token_ends_with_it(
        self, owner: Caller, anonymous: Caller, export: Export
    ) -> None:
        token = owner.post("/api/auth/api-tokens/", {"name": "t"}).json()
        script = Caller(Client(headers={"authorization": f"Bearer {token['token']}"}))
        link = link_to(script, export)
        assert anonymous.get(link).status_code == 200
        owner.call("DELETE", f"/api/auth/api-tokens/{token['id']}/")
        assert anonymous.get(link).status_code == 403

    def test_x13_is_of_one_export(self, owner: Caller, anonymous: Caller, export: Export) -> None:
        another = finished_export(owner, export.project_id, b"secret")
        token = link_to(owner, export).partition("token=")[2]
        assert anonymous.get(f"{path_of(another)}?token={token}").status_code == 403
        assert anonymous.get(f"{path_of(export)}?token={token}x").status_code == 403
        assert anonymous.get(f"{path_of(export)}?token=").status_code == 401

    def test_x13_ends_with_the_project(
        self, owner: Caller, anonymous: Caller, export: Export
    ) -> None:
        link = link_to(owner, export)
        Project.objects.update(deleted_at=timezone.now())
        assert anonymous.get(link).status_code == 404


class TestPieces:
    async def test_hold_one_piece_at_a_time(self, tmp_path: Path) -> None:
        file = tmp_path / "large"
        with file.open("wb") as handle:
            handle.truncate(64 << 20)
        part = downloads.Part(downloads.OpenFile(file), 0, 64 << 20)
        sizes = [len(piece) async for piece in part]
        assert sum(sizes) == 64 << 20
        assert max(sizes) == downloads.PIECE_BYTES

    async def test_go_on_when_the_file_is_deleted_meanwhile(self, tmp_path: Path) -> None:
        file = tmp_path / "large"
        file.write_bytes(bytes(downloads.PIECE_BYTES * 3))
        part = downloads.Part(downloads.OpenFile(file), 0, downloads.PIECE_BYTES * 3)
        pieces = aiter(part)
        await anext(pieces)
        file.unlink()
        assert len([piece async for piece in pieces]) == 2

    def test_let_go_of_a_file_that_nobody_took(self, owner: Caller, export: Export) -> None:
        opened = len(list(Path("/proc/self/fd").iterdir()))
        answers = [owner.get(path_of(export)) for _ in range(5)]
        for answer in answers:
            answer.close()
        for method, headers in (("HEAD", {}), ("GET", {"range": f"bytes={len(CONTENT)}-"})):
            owner.call(method, path_of(export), headers=headers)
        assert len(list(Path("/proc/self/fd").iterdir())) == opened


class TestUnderAsgi:
    def test_pieces_leave_one_by_one(self, owner: Caller, export: Export) -> None:
        """Django would read a file object to its end before sending anything."""
        content = bytes(downloads.PIECE_BYTES * 3)
        large = finished_export(owner, export.project_id, content)
        headers = [(b"host", b"localhost")]
        headers += [(b"authorization", owner.client.defaults["HTTP_AUTHORIZATION"].encode())]
        scope = {
            "type": "http", "method": "GET", "path": path_of(large), "query_string": b"",
            "headers": headers, "http_version": "1.1", "client": ("127.0.0.1", 1),
        }  # fmt: skip

        async def ask() -> list[int]:
            talk = ApplicationCommunicator(application, scope)
            await talk.send_input({"type": "http.request", "body": b""})
            assert (await talk.receive_output(10))["status"] == 200
            sizes = []
            while True:
                message = await talk.receive_output(10)
                sizes.append(len(message.get("body", b"")))
                if not message.get("more_body"):
                    await talk.wait(10)
                    return sizes

        sizes = asyncio.run(ask())
        assert sum(sizes) == len(content)
        assert max(sizes) <= downloads.PIECE_BYTES
