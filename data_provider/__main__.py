"""The library from a shell: what it finds as JSON lines on stdout, everything else on stderr."""

from __future__ import annotations

import argparse
import asyncio
import re
import signal
import sys
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from data_provider.config import ProviderConfig
from data_provider.errors import InvalidQuery, SourceError
from data_provider.registry import AUTO, BACKENDS, get_scraper
from data_provider.types import CommentThread, Notice, Page, Query, Sort, TimeFilter

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from pydantic import BaseModel

    from data_provider.base import ScraperBackend

COMPLETED, PARTIAL, FAILED, INTERRUPTED = 0, 3, 4, 130

_POST_ID = re.compile(r"(?:t3_|.*/comments/)?([0-9a-z]+)(?:/.*)?", re.ASCII | re.IGNORECASE)


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
    except OSError as error:
        _tell(f"not_configured: {error}")
        return FAILED
    source.listeners.append(_notice)
    async with source:
        try:
            code: int = await options.work(source, options)
        except SourceError as error:
            return _fail(error, given=0)
        return code


def _config(options: argparse.Namespace) -> ProviderConfig:
    """Return the settings of the options. Secrets are read from files: others see arguments."""
    given: dict[str, object] = {
        "reddit_client_id": options.client_id,
        "reddit_client_secret": _secret(options.client_secret_file),
        "brightdata_token": _secret(options.token_file),
        "cookies_file": options.cookies_file,
    }
    if url := options.base_url:
        given |= dict.fromkeys(_ADDRESSES, url)
        given["reddit_token_url"] = f"{url}/api/v1/access_token"
    return ProviderConfig.model_validate(given)


def _secret(file: Path | None) -> str | None:
    return file.read_text().strip() if file else None


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
    stream = source.scrape_comments_stream(f"t3_{match[1].lower()}", limit=options.limit)
    async with aclosing(stream) as items:
        async for item in items:
            if isinstance(item, CommentThread):
                _write(item.comments)
                _tell(f"{len(item.comments)} comments")
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
