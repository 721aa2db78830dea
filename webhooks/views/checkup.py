"""Checking a receiver: some requests, up to half a minute. Asynchronous, so it holds no thread."""

import json

from asgiref.sync import sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from common.errors import InvalidInput, MethodNotAllowed
from common.frames import as_json
from projects.selectors import principal_of
from webhooks import selectors
from webhooks.checkup import check_receiver
from webhooks.models import Endpoint
from webhooks.network import Sender
from webhooks.outbound import policy
from webhooks.requests import user_agent
from webhooks.sealed import address_of, custom_headers, live_secrets
from webhooks.services.endpoints import count_check


@csrf_exempt
async def check_receiver_view(request: HttpRequest, endpoint_id: int) -> HttpResponseBase:
    """POST: send genuine and forged requests and report what the receiver did with them."""
    if request.method != "POST":
        raise MethodNotAllowed(request.method, ["POST"])
    endpoint = await sync_to_async(_endpoint_to_check)(request, endpoint_id)
    sender = Sender(policy(), timeout_seconds=settings.TEPPAN["WEBHOOK_TIMEOUT_SECONDS"])
    secret = live_secrets(endpoint, timezone.now())[0]
    headers = {**custom_headers(endpoint), "user-agent": user_agent()}
    try:
        findings = await check_receiver(sender.post, address_of(endpoint), secret, headers)
    finally:
        await sender.aclose()
    content = as_json({"findings": [vars(finding) for finding in findings]})
    return HttpResponse(content, content_type="application/json")


def _endpoint_to_check(request: HttpRequest, endpoint_id: int) -> Endpoint:
    principal = principal_of(request.headers)
    _refuse_content(request)
    endpoint = selectors.endpoint_of(principal.user, endpoint_id)
    count_check(endpoint)
    return endpoint


def _refuse_content(request: HttpRequest) -> None:
    """Refuse parameters and fields: this request takes none."""
    unknown = sorted(request.GET)
    try:
        unknown += sorted(json.loads(request.body or b"{}"))
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidInput("parse_error", "The body should be empty.") from error
    if unknown:
        raise InvalidInput("unknown", "This field is not known.", attr=unknown[0])
