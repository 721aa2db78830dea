"""Checking a receiver: some requests, up to half a minute. Asynchronous, so it holds no thread."""

import time
from collections import defaultdict, deque

from asgiref.sync import sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from common.errors import TooMany
from common.frames import as_json
from projects.selectors import authenticate_bearer
from webhooks import selectors
from webhooks.checkup import check_receiver
from webhooks.models import Endpoint
from webhooks.network import Sender
from webhooks.outbound import policy
from webhooks.requests import user_agent
from webhooks.sealed import address_of, custom_headers, live_secrets

# Each sends some ten requests to somebody's server.
CHECKS_PER_MINUTE = 6
_MINUTE_SECONDS = 60.0

_checked: defaultdict[int, deque[float]] = defaultdict(deque)


@csrf_exempt
async def check_receiver_view(request: HttpRequest, endpoint_id: int) -> HttpResponseBase:
    """POST: send genuine and forged requests and report what the receiver did with them."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    endpoint = await sync_to_async(_endpoint_of)(request, endpoint_id)
    _refuse_too_many(endpoint.pk)
    sender = Sender(policy(), timeout_seconds=settings.TEPPAN["WEBHOOK_TIMEOUT_SECONDS"])
    secret = live_secrets(endpoint, timezone.now())[0]
    headers = {**custom_headers(endpoint), "user-agent": user_agent()}
    try:
        findings = await check_receiver(sender.post, address_of(endpoint), secret, headers)
    finally:
        await sender.aclose()
    content = as_json({"findings": [vars(finding) for finding in findings]})
    return HttpResponse(content, content_type="application/json")


def _endpoint_of(request: HttpRequest, endpoint_id: int) -> Endpoint:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    principal = authenticate_bearer(token.strip() if scheme.lower() == "bearer" else "")
    return selectors.endpoint_of(principal.user, endpoint_id)


def _refuse_too_many(endpoint_id: int) -> None:
    now = time.monotonic()
    times = _checked[endpoint_id]
    while times and now - times[0] > _MINUTE_SECONDS:
        times.popleft()
    if len(times) >= CHECKS_PER_MINUTE:
        raise TooMany(
            f"At most {CHECKS_PER_MINUTE} checks per minute.",
            retry_after=_MINUTE_SECONDS - (now - times[0]),
        )
    times.append(now)
