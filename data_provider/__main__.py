"""The library from a shell: what it finds as JSON lines on stdout, everything else on stderr.

The one place here that reads the environment: a shell's user sets the sources up by the same names
as the installation does; what stands on the command line goes before.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import signal
import sys
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from pydantic import ValidationError

from data_provider.config import ProviderConfig
from data_provider.errors import InvalidQuery, SourceError
from data_provider.registry import AUTO, BACKENDS, get_scraper
from data_provider.types import CommentThread, Notice, Page, Query, Sort, TimeFilter

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

    from pydantic import BaseModel

    from data_provider.base import ScraperBackend

COMPLETED, PARTIAL, FAILED, INTERRUPTED = 0, 3, 4, 130

# A bare id, a fullname, or an address with the id behind /comments/.
_POST_ID = re.compile(
    r"(?:t3_)?([0-9a-z]+)|(?:[^\s?#]*/)?comments/([0-9a-z]+)(?:[/?#].*)?", re.ASCII | re.IGNORECASE
)
_PREFIX = "TEPPAN_"
# Settings whose names are not the field's with the prefix.
_NAMED_OTHERWISE = {"cookies_file": "TEPPAN_REDDIT_COOKIES_FILE"}
# What only programs set, and no installation.
_OF_PROGRAMS = {
    "connect_timeout_seconds",
    "read_timeout_seconds",
    "total_timeout_seconds",
    "max_body_bytes",
    "paces",
}
_PACE = "TEPPAN_REQUESTS_PER_MINUTE_"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0 completed, 3 partial, 4 failed, 130 stopped."""
    options = _parser().parse_args(arguments)
    try:
        return asyncio.run(_run(options))
    except (KeyboardInterrupt, asyncio.CancelledError):
        _tell("interrupted")
    except BrokenPipeError:
        # The reader has seen enough (`| head`); a second flush at exit must not complain.
        sys.stdout = None
    return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m data_provider", description=__doc__)
    commands = parser.add_subparsers(required=True)
    posts = _command(commands, "posts", _write_posts, "posts of a subreddit", 100)
    posts.add_argument("name", help="python, r/python or an address")
    posts.add_argument("--sort", choices=get_args(Sort), default="new")
    posts.add_argument("--time", choices=get_args(TimeFilter), default="all", dest="time_filter")
    posts.add_argument("--since", help="not before this instant, such as 2026-01-31T00:00:00Z")
    posts.add_argument("--until", help="before this instant")
    comments = _command(commands, "comments", _write_comments, "comments of a post", None)
    comments.add_argument("name", help="the post's id (t3_abc, abc) or address")
    comments.add_argument("--depth", type=int, help="levels to read, 1 = top level only")
    about = _command(commands, "subreddit", _write_subreddit, "what is known of one", 1)
    about.add_argument("name", help="python, r/python or an address")
    search = _command(commands, "search", _write_found, "posts or subreddits by words", 25)
    search.add_argument("name", metavar="text", help="what to look for")
    search.add_argument("--in", dest="inside", metavar="SUBREDDIT", help="only posts of this one")
    search.add_argument("--subreddits", action="store_true", help="find subreddits, not posts")
    return parser


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    work: Callable[[ScraperBackend, argparse.Namespace], Awaitable[int]],
    says: str,
    limit: int | None,
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=says)
    command.set_defaults(work=work)
    command.add_argument("--backend", choices=(AUTO, *sorted(BACKENDS)), default="native_json")
    command.add_argument("--limit", type=int, default=limit)
    command.add_argument("--client-id", help="your Reddit application (oauth)")
    command.add_argument("--user-agent", help="who asks: <platform>:<app id>:<version>")
    command.add_argument("--client-secret-file", type=Path, help="file that holds its secret")
    command.add_argument("--token-file", type=Path, help="file that holds your BrightData token")
    command.add_argument("--cookies-file", type=Path, help="cookies of your own Reddit session")
    command.add_argument("--base-url", help="where the source is, instead of reddit.com")
    return command


async def _run(options: argparse.Namespace) -> int:
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        source = get_scraper(options.backend, _config(options))
    except SourceError as error:
        return _fail(error, given=0)
    except (OSError, ValidationError) as error:
        _tell(f"not_configured: {_in_one_line(error)}")
        return FAILED
    source.listeners.append(_notice)
    async with source:
        try:
            code: int = await options.work(source, options)
        except SourceError as error:
            return _fail(error, given=0)
        return code


def _config(options: argparse.Namespace) -> ProviderConfig:
    """Return the settings of the environment and the options, which go before.

    Secrets are read from files or the environment: others see arguments.
    """
    given: dict[str, object] = {
        "reddit_client_id": options.client_id,
        "reddit_client_secret": _secret(options.client_secret_file),
        "brightdata_token": _secret(options.token_file),
        "cookies_file": options.cookies_file,
        "user_agent": options.user_agent,
    }
    if url := options.base_url:
        given |= dict.fromkeys(_ADDRESSES, url)
        given["reddit_token_url"] = f"{url}/api/v1/access_token"
    told = {name: value for name, value in given.items() if value is not None}
    return ProviderConfig.model_validate(_in_environment(os.environ) | told)


def _in_environment(variables: Mapping[str, str]) -> dict[str, object]:
    """Return what the environment sets, by field; what is empty counts as absent."""
    found: dict[str, object] = {}
    for field in ProviderConfig.model_fields.keys() - _OF_PROGRAMS:
        if text := variables.get(_setting(field)):
            found[field] = text
    if order := found.get("auto_order"):
        found["auto_order"] = [name.strip() for name in str(order).split(",")]
    found["requests_per_minute"] = {
        name.removeprefix(_PACE).lower(): rate
        for name, rate in variables.items()
        if name.startswith(_PACE) and rate
    }
    return found


def _secret(file: Path | None) -> str | None:
    return file.read_text().strip() if file else None


def _in_one_line(error: OSError | ValidationError) -> str:
    if isinstance(error, OSError):
        return str(error)
    # Without the value: it may be a secret.
    first = error.errors(include_url=False, include_input=False)[0]
    field, *inside = (str(part) for part in first["loc"])
    name = "_".join((_setting(field), *(part.upper() for part in inside)))
    return f"{name}: {first['msg']}"


def _setting(field: str) -> str:
    """Return the name of a field's setting."""
    return _NAMED_OTHERWISE.get(field, _PREFIX + field.upper())


_ADDRESSES = (
    "reddit_www_url",
    "reddit_old_url",
    "reddit_oauth_url",
    "archive_url",
    "brightdata_url",
    "sandbox_url",
)


async def _write_posts(source: ScraperBackend, options: argparse.Namespace) -> int:
    query = Query(
        subreddit=options.name,
        sort=options.sort,
        time_filter=options.time_filter,
        limit=options.limit,
        since=options.since,
        until=options.until,
    )
    given = 0
    try:
        async with aclosing(source.scrape_subreddit_posts_stream(query)) as items:
            async for item in items:
                if isinstance(item, Page):
                    _write(item.posts)
                    given += len(item.posts)
                    _tell(f"{given} posts" + (f", {item.stopped_by}" if item.stopped_by else ""))
                else:
                    _notice(item)
    except SourceError as error:
        return _fail(error, given)
    return COMPLETED


async def _write_comments(source: ScraperBackend, options: argparse.Namespace) -> int:
    match = _POST_ID.fullmatch(options.name)
    if match is None:
        raise InvalidQuery("This is neither the id nor the address of a post.")
    if options.depth is not None and options.depth < 1:
        raise InvalidQuery("depth: should be at least 1.")
    name = f"t3_{(match[1] or match[2]).lower()}"
    stream = source.scrape_comments_stream(name, limit=options.limit, depth=options.depth)
    async with aclosing(stream) as items:
        async for item in items:
            if isinstance(item, CommentThread):
                _write(item.comments)
                total = "" if item.expected is None else f" of {item.expected}"
                _tell(f"{len(item.comments)}{total} comments")
    return COMPLETED


async def _write_subreddit(source: ScraperBackend, options: argparse.Namespace) -> int:
    _write([await source.subreddit_about(options.name)])
    return COMPLETED


async def _write_found(source: ScraperBackend, options: argparse.Namespace) -> int:
    found: Sequence[BaseModel]
    if options.subreddits:
        found = await source.search_subreddits(options.name, limit=options.limit)
    else:
        found = await source.search_posts(
            options.name, subreddit=options.inside, limit=options.limit
        )
    _write(found)
    _tell(f"{len(found)} found")
    return COMPLETED


def _write(items: Iterable[BaseModel]) -> None:
    for item in items:
        sys.stdout.write(item.model_dump_json() + "\n")
    sys.stdout.flush()


def _notice(notice: Notice) -> None:
    wait = f" (waiting {notice.retry_after:.1f} s)" if notice.retry_after else ""
    _tell(f"{notice.code}: {notice.detail}{wait}")


def _fail(error: SourceError, given: int) -> int:
    _tell(f"{error.code}: {error.message}")
    return PARTIAL if given else FAILED


def _tell(text: str) -> None:
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
