"""The post list at a million posts: filtered, searched, and from deep inside.

    python -m benchmarks.api_list --engine sqlite|postgres [--posts N]

One client, 50 posts a page. Each list is compared, in one run and a few pages in turn, with REST
framework's ModelSerializer and CursorPagination on the same table, threads, middleware and
sign-in. Searches have no such counterpart.
"""

import http.client
import json
import os
import statistics
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any
from urllib.parse import urlencode, urlsplit

from benchmarks import million
from benchmarks.harness import report, running_servers, sign_in, summary
from tests.services import free_port, wait_until

ROUNDS = 40
WARM_UP = 5
DEPTHS = 20
# Pages that a client reads one after the other: a process that waited for each would be woken cold.
PAGES_IN_TURN = 9
# DESIGN, section 8.
TARGET_RATIO = 3.0
TARGET_LIST_P99_MS = 30.0
TARGET_SEARCH_P99_MS = 200.0

_MIDDLE = million.EPOCH + million.STEP * 300_000

LISTS: dict[str, dict[str, str]] = {
    "by date": {},
    "by score": {"sort": "score"},
    "by subreddit and date": {"subreddit": "sub7"},
    "since and until": {
        "since": _MIDDLE.isoformat(),
        "until": (_MIDDLE + million.STEP * 100_000).isoformat(),
    },
    "by author": {"author": "author4711"},
}
SEARCHES: dict[str, dict[str, str]] = {
    f"{name}{place}{order}": {"q": word, **narrow, **sort}
    for name, word in (
        ("common", "commonword"),
        ("middle", "middleword"),
        ("rare", "rareword"),
        ("no match", "nosuchword"),
        ("two common", "commonword w0"),
        ("phrase", '"w0 w1"'),
    )
    for place, narrow in (("", {}), (" in a subreddit", {"subreddit": "sub7"}))
    for order, sort in (("", {}), (" by score", {"sort": "score"}))
}


def main() -> None:
    """Run and report."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--posts", type=int, default=1_000_000)
    options = parser.parse_args()
    with running_servers(options.engine, workers=0) as stack:
        client, project = sign_in(stack)
        begun = time.perf_counter()
        # Cursors are signed, and the embedded database's stack has a key of its own.
        os.environ["TEPPAN_SECRET_KEY"] = stack.environment["TEPPAN_SECRET_KEY"]
        _fill(project, options.posts)
        print(f"filled in {time.perf_counter() - begun:.0f} s", file=sys.stderr)
        port = free_port()
        command = [sys.executable, "-m", "uvicorn", "benchmarks.reference_api:application"]
        reference = stack._spawn("reference", [*command, "--port", str(port)])
        try:
            token = client.headers["Authorization"]
            own = Reader(int(stack.url.rsplit(":", 1)[1]), token)
            plain = Reader(port, token)
            wait_until(lambda: _is_answering(plain, _address(project, {})), "No reference")
            figures = measure(own, plain, project)
        finally:
            reference.terminate()
            reference.wait()
    passed = figures.pop("passed")
    report("api_list", passed=passed, engine=options.engine, posts=options.posts, **figures)


class Reader:
    """One client on one connection that costs as little as it can: the servers are compared."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._headers = {"Authorization": token, "Accept": "application/json"}

    def get(self, address: str) -> bytes:
        """Return the body of an answer that has to be 200."""
        try:
            return self._ask(address)
        except http.client.RemoteDisconnected:  # the server keeps an idle connection for seconds
            self.close()
            return self._ask(address)

    def _ask(self, address: str) -> bytes:
        self._connection.request("GET", address, headers=self._headers)
        answer = self._connection.getresponse()
        body = answer.read()
        assert answer.status == http.HTTPStatus.OK, body
        return body

    def close(self) -> None:
        """Let go of the connection; the next request opens another."""
        self._connection.close()


def _is_answering(client: Reader, address: str) -> bool:
    try:
        return bool(client.get(address))
    except OSError:
        client.close()
        return False


def _fill(project: int, posts: int) -> None:
    import django

    django.setup()
    million.fill(project, posts)


def measure(client: Reader, plain: Reader, project: int) -> dict[str, Any]:
    """Return the figures of every list and search, and whether all met their targets."""
    lists, ratios = {}, {}
    for name, query in LISTS.items():
        address = _address(project, query)
        ours, theirs = _turn_by_turn(_pages(client, address), _pages(plain, address))
        lists[name] = summary(ours)
        # Of medians: one stall of the machine is a tenth of what all requests take together.
        ratios[name] = round(statistics.median(theirs) / statistics.median(ours), 2)
    lists["deep"] = summary(_timed(_deep_pages(client, project)))
    searches = {
        name: summary(_timed(_pages(client, _address(project, query))))
        for name, query in SEARCHES.items()
    }
    passed = (
        all(one["p99"] < TARGET_LIST_P99_MS for one in lists.values())
        and all(one["p99"] < TARGET_SEARCH_P99_MS for one in searches.values())
        and min(ratios.values()) >= TARGET_RATIO
    )
    targets = {
        "times_rest_framework": TARGET_RATIO,
        "list_p99": TARGET_LIST_P99_MS,
        "search_p99": TARGET_SEARCH_P99_MS,
    }
    return {
        "passed": passed,
        "times_rest_framework": ratios,
        "list_ms": lists,
        "search_ms": searches,
        "target": targets,
    }


def _address(project: int, query: dict[str, str]) -> str:
    return f"/api/projects/{project}/posts/?{urlencode(query)}"


def _pages(client: Reader, first: str) -> Iterator[Callable[[], None]]:
    """Yield a request per round: the list's pages one after the other, begun again at its end."""
    address = first
    answers: list[bytes] = []
    for _ in range(WARM_UP + ROUNDS):
        yield lambda address=address: answers.append(client.get(address))  # type: ignore[misc]
        # Read by whoever asks for the next request, and so not timed.
        following = json.loads(answers.pop())["next"]
        address = (
            urlsplit(following)._replace(scheme="", netloc="").geturl() if following else first
        )


def _deep_pages(client: Reader, project: int) -> Iterator[Callable[[], None]]:
    from django.db.models import Max, Min

    from common.pagination import Key, Order, _cursor
    from scraper.models import ScrapedPost

    order = Order("posts-created-desc", (Key("created_at"), Key("id")))
    ends = ScrapedPost.objects.aggregate(first=Min("created_at"), last=Max("created_at"))
    for turn in range(WARM_UP + ROUNDS):
        share = (turn % DEPTHS + 1) / (DEPTHS + 1)
        at = ends["last"] - (ends["last"] - ends["first"]) * share
        cursor = _cursor(order, [{"created_at": at, "id": 1}], is_backwards=False)
        address = _address(project, {"cursor": str(cursor)})
        yield lambda address=address: client.get(address)  # type: ignore[misc]


def _timed(requests: Iterator[Callable[[], None]]) -> list[float]:
    """Return the milliseconds of each request after the first ones."""
    taken = []
    for ask in requests:
        begun = time.perf_counter()
        ask()
        taken.append(1000 * (time.perf_counter() - begun))
    return taken[WARM_UP:]


def _turn_by_turn(
    ours: Iterator[Callable[[], None]], theirs: Iterator[Callable[[], None]]
) -> tuple[list[float], list[float]]:
    """Time two series, some of each in turn, so that both meet the same machine."""
    taken: tuple[list[float], list[float]] = ([], [])
    while len(taken[1]) < WARM_UP + ROUNDS:
        for requests, times in zip((ours, theirs), taken, strict=True):
            for ask in islice(requests, PAGES_IN_TURN):
                begun = time.perf_counter()
                ask()
                times.append(1000 * (time.perf_counter() - begun))
    return taken[0][WARM_UP:], taken[1][WARM_UP:]


if __name__ == "__main__":
    main()
