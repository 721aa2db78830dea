"""`manage.py scrape` in the foreground: what it prints, and how it ends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from projects import runs
from scraper import services
from scraper.models import ScrapingJob

if TYPE_CHECKING:
    from data_provider.sandbox.testing import SandboxServer

pytestmark = pytest.mark.django_db(transaction=True)


def scrape(capfdbinary: Any, *arguments: str) -> tuple[Any, list[dict[str, Any]], str]:
    """Return the exit code, the objects printed, and what was told beside them."""
    with pytest.raises(SystemExit) as left:
        call_command("scrape", *arguments)
    stdout, stderr = capfdbinary.readouterr()
    return left.value.code, [json.loads(line) for line in stdout.splitlines()], stderr.decode()


class TestScrape:
    def test_prints_posts_and_their_comments(
        self, sandbox: SandboxServer, capfdbinary: Any
    ) -> None:
        code, found, told = scrape(
            capfdbinary, "r/longthreads", "--backend", "sandbox", "--limit", "2", "--comments"
        )
        posts = [one for one in found if one["id"].startswith("t3_")]
        comments = [one for one in found if one["id"].startswith("t1_")]
        assert (code, len(posts)) == (0, 2)
        assert {comment["post_id"] for comment in comments} == {post["id"] for post in posts}
        assert len(comments) > 200
        assert f"completed: 2 posts, {len(comments)} comments" in told
        assert ScrapingJob.objects.get().comments_scraped == len(comments)

    def test_reads_as_many_levels_of_comments_as_asked(
        self, sandbox: SandboxServer, capfdbinary: Any
    ) -> None:
        wish = ("r/longthreads", "--backend", "sandbox", "--limit", "1", "--comments")
        code, found, _ = scrape(capfdbinary, *wish, "--comment-depth", "1")
        depths = {one["depth"] for one in found if one["id"].startswith("t1_")}
        assert (code, depths) == (0, {0})
        with pytest.raises(CommandError, match="at least 1"):
            call_command("scrape", *wish, "--comment-depth", "0")

    def test_refuses_comments_of_a_source_without(self) -> None:
        with pytest.raises(CommandError, match="cannot read comments") as refused:
            call_command("scrape", "python", "--backend", "archive", "--comments")
        assert refused.value.returncode == 4

    def test_leaves_to_a_worker_what_it_took(
        self, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        begin = services.start_job

        def begun_by_a_worker(*given: Any, **wish: Any) -> ScrapingJob:
            job = begin(*given, **wish)
            assert runs.take(ScrapingJob, job.pk, "worker", when=runs.unattended(timezone.now()))
            return job

        monkeypatch.setattr(services, "start_job", begun_by_a_worker)
        with pytest.raises(CommandError, match="A worker took this job") as refused:
            call_command("scrape", "python", "--backend", "sandbox")
        assert refused.value.returncode == 4
        assert ScrapingJob.objects.get().worker == "worker"
