"""Serves the dashboard's one page at every address that is not the API's."""

from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

_PLACE_OF_NONCE = "__CSP_NONCE__"
_NOT_BUILT = "The dashboard is not built; run `make setup`. The API is at /api/docs/.\n"


@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """Return the page with this answer's style nonce; the address is read by its router."""
    file = settings.DASHBOARD_DIR / "index.html"
    try:
        page = _read(file, file.stat().st_mtime_ns)
    except FileNotFoundError:
        return HttpResponse(_NOT_BUILT, status=503, content_type="text/plain; charset=utf-8")
    nonce = str(request.csp_nonce)  # type: ignore[attr-defined]
    return HttpResponse(page.replace(_PLACE_OF_NONCE, nonce), headers={"Cache-Control": "no-store"})


@lru_cache(maxsize=1)
def _read(file: Path, _changed_at: int) -> str:
    return file.read_text()
