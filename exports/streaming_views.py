"""The stream of an export, and its file: plain async views that hold no thread while they send."""

from pathlib import Path

from asgiref.sync import sync_to_async
from django.conf import settings
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.views.decorators.csrf import csrf_exempt

from common import sse
from common.errors import MethodNotAllowed, Unauthenticated
from common.streaming import EventStreamResponse, Stream, cursor_of, refuse_unknown
from exports import downloads, files, links, selectors
from exports.log import ExportLog
from exports.models import Export
from exports.ranges import Unsatisfiable, range_of
from exports.writers import FORMATS
from projects.models import User
from projects.selectors import principal_of
from projects.viewers import Kind, admit

# A bucket's own link is used at once: the browser is sent there.
_BUCKET_LINK_SECONDS = 60
_ZIP = "application/zip"

_feeds = sse.Feeds(keepalive_seconds=settings.TEPPAN["KEEPALIVE_SECONDS"])
_EXPORTS = Kind(selectors.exports_still_visible)


@csrf_exempt
async def export_stream(request: HttpRequest, export_id: int) -> HttpResponseBase:
    """GET: the export's events as server-sent events, from a cursor on."""
    if request.method != "GET":
        raise MethodNotAllowed(request.method, ["GET"])
    principal = await sync_to_async(principal_of)(request.headers)
    refuse_unknown(request, "after")
    cursor = cursor_of(request)
    export = await sync_to_async(selectors.export_of)(principal.user, export_id)
    if export.is_terminal and cursor is not None and cursor.seq == export.event_seq:
        return HttpResponse(status=204)
    viewer = await admit(principal, _EXPORTS, export_id)
    parts = sse.follow(_feeds, ExportLog(export_id), cursor, viewer)
    await anext(parts)
    return EventStreamResponse(request, Stream(parts, viewer))


@csrf_exempt
async def export_download(request: HttpRequest, export_id: int) -> HttpResponseBase:
    """GET: the file, or the part of it that `Range` asks for."""
    if request.method not in ("GET", "HEAD"):
        raise MethodNotAllowed(request.method, ["GET", "HEAD"])
    export = await sync_to_async(_export_for)(request, export_id)
    path = await sync_to_async(files.local_path)(export.file_key)
    if path is None and request.method == "GET":
        return HttpResponseRedirect(await sync_to_async(_bucket_link)(export))
    # A bucket's link is signed for GET alone: what HEAD asks for is known here.
    file = await _opened(export, path) if path else None
    answer = _answer(request, export, file)
    if file and not answer.streaming:
        file.close()
    return answer


async def _opened(export: Export, path: Path) -> downloads.OpenFile:
    """Open an export's file before anything is said about it. Raises Gone."""
    try:
        file = await downloads.open_file(path)
    except FileNotFoundError:
        raise selectors.file_lost() from None
    if file.size < (export.size_bytes or 0):
        file.close()
        raise selectors.file_lost()
    return file


def _answer(
    request: HttpRequest, export: Export, file: downloads.OpenFile | None
) -> HttpResponseBase:
    size = export.size_bytes or 0
    etag = f'"{export.sha256}"'
    headers = {**_headers_of(export), "Accept-Ranges": "bytes", "ETag": etag}
    if request.headers.get("If-None-Match") == etag:
        return HttpResponse(status=304, headers={"ETag": etag})
    wanted = request.headers.get("Range")
    if request.headers.get("If-Range", etag) != etag:
        wanted = None
    try:
        part = range_of(wanted, size)
    except Unsatisfiable:
        return HttpResponse(status=416, headers={**headers, "Content-Range": f"bytes */{size}"})
    first, length = part or (0, size)
    headers["Content-Length"] = str(length)
    if part:
        headers["Content-Range"] = f"bytes {first}-{first + length - 1}/{size}"
    status = 206 if part else 200
    if file is None or request.method == "HEAD":
        return HttpResponse(status=status, headers=headers)
    return StreamingHttpResponse(
        downloads.Part(file, first, length), status=status, headers=headers
    )


def _export_for(request: HttpRequest, export_id: int) -> Export:
    user = _user_of(request, export_id)
    refuse_unknown(request, "token")
    export = selectors.export_of(user, export_id)
    selectors.require_file(export)
    return export


def _user_of(request: HttpRequest, export_id: int) -> User:
    if "Authorization" in request.headers:
        return principal_of(request.headers).user
    if token := request.GET.get("token"):
        return links.user_of_link(token, export_id)
    raise Unauthenticated(code="not_authenticated")


def _bucket_link(export: Export) -> str:
    headers = _headers_of(export)
    parameters = {
        "ResponseContentDisposition": headers["Content-Disposition"],
        "ResponseContentType": headers["Content-Type"],
    }
    storage = files.storage()
    link: str = storage.url(export.file_key, parameters, _BUCKET_LINK_SECONDS)  # type: ignore[call-arg]
    return link


def _headers_of(export: Export) -> dict[str, str]:
    form = FORMATS[export.format]
    return {
        "Content-Type": form.media_type if export.suffix == form.suffix else _ZIP,
        "Content-Disposition": downloads.disposition_of(selectors.file_name_of(export)),
        "Content-Encoding": "identity",
        "X-Content-Type-Options": "nosniff",
    }
