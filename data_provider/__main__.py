"""The library from a shell: posts as JSON lines on stdout, everything else on stderr."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from data_provider.config import ProviderConfig
from data_provider.errors import SourceError
from data_provider.registry import BACKENDS, get_scraper
from data_provider.types import Notice, Page, Query, Sort, TimeFilter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from data_provider.base import ScraperBackend

COMPLETED, PARTIAL, FAILED, INTERRUPTED = 0, 3, 4, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0 completed, 3 partial, 4 failed, 130 stopped."""
    options = _parser().parse_args(arguments)
    try:
        return asyncio.run(_posts(options))
    except (KeyboardInterrupt, asyncio.CancelledError):
        _tell("interrupted")
    except BrokenPipeError:
        # The reader has seen enough (`| head`); a second flush at exit must not complain.
        sys.stdout = None
    return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m data_provider", description=__doc__)
    posts = parser.add_subparsers(required=True).add_parser("posts", help="posts of a subreddit")
    posts.add_argument("subreddit", help="python, r/python or an address")
    posts.add_argument("--backend", choices=sorted(BACKENDS), default="native_json")
    posts.add_argument("--sort", choices=get_args(Sort), default="new")
    posts.add_argument("--time", choices=get_args(TimeFilter), default="all", dest="time_filter")
    posts.add_argument("--limit", type=int, default=100)
    posts.add_argument("--since", help="not before this instant, such as 2026-01-31T00:00:00Z")
    posts.add_argument("--until", help="before this instant")
    posts.add_argument("--client-id", help="your Reddit application (oauth)")
    posts.add_argument("--client-secret-file", type=Path, help="file that holds its secret")
    posts.add_argument("--base-url", help="where the source is, instead of reddit.com")
    return parser


async def _posts(options: argparse.Namespace) -> int:
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        query = Query(
            subreddit=options.subreddit,
            sort=options.sort,
            time_filter=options.time_filter,
            limit=options.limit,
            since=options.since,
            until=options.until,
        )
        source = get_scraper(options.backend, _config(options))
    except SourceError as error:
        return _fail(error, given=0)
    except OSError as error:
        _tell(f"not_configured: {error}")
        return FAILED
    async with source:
        return await _write_posts(source, query)


def _config(options: argparse.Namespace) -> ProviderConfig:
    """Return the settings of the options. A secret is read from a file: others see arguments."""
    secret_file: Path | None = options.client_secret_file
    given: dict[str, str | None] = {
        "reddit_client_id": options.client_id,
        "reddit_client_secret": secret_file.read_text().strip() if secret_file else None,
    }
    if url := options.base_url:
        given |= dict.fromkeys(_ADDRESSES, url)
        given["reddit_token_url"] = f"{url}/api/v1/access_token"
    return ProviderConfig.model_validate(given)


_ADDRESSES = (
    "reddit_www_url",
    "reddit_old_url",
    "reddit_oauth_url",
    "archive_url",
    "sandbox_url",
)


async def _write_posts(source: ScraperBackend, query: Query) -> int:
    given = 0
    try:
        async with aclosing(source.scrape_subreddit_posts_stream(query)) as items:
            async for item in items:
                if isinstance(item, Notice):
                    _tell(f"{item.code}: {item.detail} (waiting {item.retry_after or 0:.1f} s)")
                    continue
                _write(item)
                given += len(item.posts)
                _tell(f"{given} posts" + (f", {item.stopped_by}" if item.stopped_by else ""))
    except SourceError as error:
        return _fail(error, given)
    return COMPLETED


def _write(page: Page) -> None:
    for post in page.posts:
        sys.stdout.write(post.model_dump_json() + "\n")
    sys.stdout.flush()


def _fail(error: SourceError, given: int) -> int:
    _tell(f"{error.code}: {error.message}")
    return PARTIAL if given else FAILED


def _tell(text: str) -> None:
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
