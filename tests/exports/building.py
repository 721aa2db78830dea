"""Projects with posts and comments of every kind, and exports of them."""

from __future__ import annotations

import asyncio
import hashlib
import io
import zipfile
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.core.files.base import ContentFile
from django.utils import timezone

from exports import files
from exports.builder import run_export
from exports.models import Export
from projects import runs
from projects.keeper import Guard, Keeper
from projects.models import Project
from scraper.models import ScrapedComment, ScrapedPost

if TYPE_CHECKING:
    from tests.callers import Caller

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)

# What people write to see a spreadsheet run it (X18), and what must pass untouched.
RISKY = [
    "=1+1", "+1+1", "-1+1", "@SUM(1)", "\t=1", "\r=1", "\n=1", " =1", "\u00a0=1", '"=1', "'=1",
    "＝1+1", "＋1", "－1", "＠x", "\ufeff=1", "=cmd|' /C calc'!A0", '=HYPERLINK("http://x","y")',
    "-5", "+", "=", "−1", "﹦1",
]  # fmt: skip
HARMLESS = ["plain", "a=b", "x;=1", "x,=1", 'say "hi"', "line\nbreak", "1+1", "naïve 東京 🚀", "5"]


def make_post(project: Project, number: int, **fields: Any) -> ScrapedPost:
    """Store a post of a project."""
    values: dict[str, Any] = {
        "fullname": f"t3_{number:x}",
        "subreddit": "python",
        "title": f"Post {number}",
        "author": f"user{number % 7}",
        "selftext": f"Text of {number}",
        "url": f"https://example.org/{number}",
        "permalink": f"/r/python/comments/{number:x}/post/",
        "domain": "example.org",
        "score": number - 3,
        "upvote_ratio": 0.95,
        "num_comments": 2,
        "flair": None,
        "over_18": number % 3 == 0,
        "spoiler": False,
        "stickied": False,
        "locked": False,
        "is_self": True,
        "post_type": "text",
        "thumbnail": None,
        "media": [{"type": "image", "url": "https://i/1", "width": 10, "height": None}],
        "crosspost_parent": None,
        "removed": None,
        "edited_at": None,
        "created_at": EPOCH + timedelta(hours=number),
        "fetched_at": EPOCH + timedelta(days=90),
        "backend": "sandbox",
    }
    return ScrapedPost.objects.create(project=project, **(values | fields))


def make_varied_project(owner: Caller) -> int:
    """Return the id of a project whose posts and comments differ in every column.

    Missing values, empty texts, other scripts, line breaks, separators, and numbers of all kinds.
    """
    project = Project.objects.create(owner=owner.user, name="Varied")
    texts = [
        *HARMLESS,
        *RISKY,
        'say "a", b; c\td',
        "one\ntwo\r\nthree\rfour",
        "👩\u200d🍳 مرحبا 日本",
        "  kept  ",
        "x" * 5000,
        *("NULL", "nan", "true", "2026-01-01", "007", "1e5", ""),
    ]
    for number, text in enumerate(texts, start=1):
        is_even = number % 2 == 0
        post = make_post(
            project,
            number,
            title=text,
            author=None if number % 4 == 0 else f"naïve_{number}",
            selftext=text[::-1],
            flair=(None, "", "Help, please", "ヘルプ")[number % 4],
            score=(None, 0, -7, 2**31 - 1, -(2**31))[number % 5],
            upvote_ratio=(None, 0.0, 1.0, 1 / 3, 0.07)[number % 5],
            num_comments=None if number % 6 == 0 else number,
            over_18=is_even,
            spoiler=not is_even,
            stickied=number % 3 == 0,
            locked=number % 5 == 0,
            is_self=is_even,
            post_type="text" if is_even else "link",
            thumbnail=None if is_even else f"https://b.example/é {number}.jpg?a=1&b=2",
            media=[]
            if is_even
            else [{"type": "image", "url": f"https://i/ü{number}", "width": None}],
            crosspost_parent=f"t3_{number}y" if number % 7 == 0 else None,
            removed="deleted" if number % 8 == 0 else None,
            edited_at=EPOCH + timedelta(seconds=number) if number % 3 == 1 else None,
            comments_fetched=None if is_even else 1,
            comments_expected=None if is_even else number,
            comments_fetched_at=None if is_even else EPOCH + timedelta(days=number),
        )
        if number % 3:
            make_comment(
                post,
                0,
                author=None if is_even else "ü",
                body=text,
                score=(None, -3, 0)[number % 3],
                is_submitter=is_even,
                distinguished="moderator" if is_even else None,
                removed="removed" if number % 5 == 0 else None,
                edited_at=EPOCH if is_even else None,
            )
    return project.pk


def make_comment(post: ScrapedPost, position: int, **fields: Any) -> ScrapedComment:
    """Store a comment of a post."""
    values: dict[str, Any] = {
        "project_id": post.project_id,
        "fullname": f"t1_{post.pk}_{position}",
        "parent_id": post.fullname,
        "position": position,
        "depth": 0,
        "author": f"user{position}",
        "body": f"Comment {position} of {post.fullname}",
        "score": -position,
        "is_submitter": False,
        "stickied": False,
        "distinguished": None,
        "removed": None,
        "edited_at": None,
        "created_at": post.created_at + timedelta(minutes=position),
        "fetched_at": post.fetched_at,
        "backend": "sandbox",
    }
    return ScrapedComment.objects.create(post=post, **(values | fields))


def make_project(owner: Caller, *, posts: int = 5, comments: int = 2, name: str = "Bread") -> int:
    """Return the id of a project with posts, each with comments."""
    project = Project.objects.create(owner=owner.user, name=name)
    for number in range(1, posts + 1):
        post = make_post(project, number)
        for position in range(comments):
            make_comment(post, position)
    return project.pk


def start(owner: Caller, project: int, form: str, **wish: Any) -> dict[str, Any]:
    """Ask for an export; its JSON."""
    answer = owner.post("/api/exports/", {"project": project, "format": form, **wish})
    assert answer.status_code == 202, answer.content
    export: dict[str, Any] = answer.json()
    return export


def claim(export_id: int) -> Export:
    """Return the export in the hands of a worker, whoever had it before."""
    taken = runs.take(Export, export_id, "worker", when=runs.unattended(timezone.now()))
    assert taken is not None
    return taken


def work(export: Export) -> Export:
    """Do a claimed export's work, as a worker does; the export as it is then."""

    async def drive() -> None:
        guard = Guard()
        with Keeper(Export).keeping(export, guard):
            await run_export(export, guard)

    asyncio.run(drive())
    return Export.objects.get(pk=export.pk)


def export_of(owner: Caller, project: int, form: str, **wish: Any) -> Export:
    """Return a finished export."""
    done = work(claim(start(owner, project, form, **wish)["id"]))
    assert done.status == "completed", done.error_detail
    return done


def finished_export(owner: Caller, project: int, content: bytes, **fields: Any) -> Export:
    """Return an export that ended with this file, without any work."""
    values: dict[str, Any] = {
        "status": "completed",
        "format": "jsonl",
        "suffix": "jsonl",
        "size_bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "expires_at": timezone.now() + timedelta(days=1),
    }
    export = Export.objects.create(owner=owner.user, project_id=project, **(values | fields))
    export.file_key = files.storage().save(f"{export.pk}/1.jsonl", ContentFile(content))
    export.save(update_fields=["file_key"])
    return export


def content_of(export: Export) -> bytes:
    """Return the bytes that were published."""
    with files.storage().open(export.file_key) as handle:
        return bytes(handle.read())


def members_of(export: Export) -> dict[str, bytes]:
    """Return the files of an export that is a zip."""
    with zipfile.ZipFile(io.BytesIO(content_of(export))) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def posts_in_rest(owner: Caller, project: int, query: str = "") -> list[dict[str, Any]]:
    """Return the posts as REST lists them, in the order of an export."""
    found: list[dict[str, Any]] = []
    path = f"/api/projects/{project}/posts/?order=asc&page_size=200{query}"
    while path:
        page = owner.get(path).json()
        found += page["results"]
        path = page["next"]
    return found


def comments_in_rest(owner: Caller, project: int, post: str) -> list[dict[str, Any]]:
    """Return a post's comments as REST lists them."""
    listed: list[dict[str, Any]] = owner.get(
        f"/api/projects/{project}/posts/{post}/comments/?page_size=200"
    ).json()["results"]
    return listed
