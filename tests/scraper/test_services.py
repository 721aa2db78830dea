"""Asking for a job: what is refused and by which name, what is created, retried and cancelled."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import transaction
from django.utils import timezone

from common.errors import Conflict, InvalidInput
from config.env import ROOT
from data_provider import Private, SourceError
from data_provider.testing import ScriptedBackend, make_posts
from projects import runs
from projects.keeper import Guard
from projects.models import IdempotencyKey
from scraper import store
from scraper.models import ScrapingJob, ScrapingTarget
from scraper.runner import run_job
from scraper.services import (
    MOST_AT_ONCE,
    MOST_TARGETS,
    StartJob,
    cancel_job,
    retry_job,
    start_job,
)
from tests.callers import signed_in
from tests.scraper.building import (
    claim,
    claimed_job,
    events_of,
    make_job,
    make_page,
    make_project,
    now_of,
    target_of,
)
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]

JOBS = "/api/scraper/jobs/"
NO_NAMES = [
    *["", " ", "a", "r/", "../x", "a/b", "x" * 300, "_python", "py thon", "python\x00", "пайтон"],
    *["https://example.org/r/python", "r/../admin", "%2e%2e", "python?x=1#", "\r\nHost: x"],
]


def start(*subreddits: str, **wish: Any) -> ScrapingJob:
    project = make_project()
    asked = StartJob(subreddits, **{"backend": "sandbox", **wish})
    return start_job(project.owner, project, asked, origin="api")


def names(job: ScrapingJob) -> list[str]:
    rows = ScrapingTarget.objects.filter(job=job).order_by("position")
    return list(rows.values_list("subreddit", flat=True))


def refusal(*subreddits: str, **wish: Any) -> tuple[str, str | None]:
    with pytest.raises(InvalidInput) as refused:
        start(*subreddits, **wish)
    assert not ScrapingJob.objects.exists()
    return refused.value.code, refused.value.attr


class TestStartJob:
    def test_creates_a_job_that_waits_with_its_first_event(self) -> None:
        job = start("python", "rust", metadata={"ticket": 7})
        assert (now_of(job).status, job.origin, job.metadata) == ("pending", "api", {"ticket": 7})
        assert names(job) == ["python", "rust"]
        assert [event.type for event in events_of(job)] == ["job.queued"]

    def test_keeps_every_option(self) -> None:
        options = {"sort": "top", "time_filter": "week", "limit": 7, "min_score": 3}
        kept = dataclasses.asdict(StartJob([], **options, on_disconnect="stop"))
        for name in ("subreddits", "mode", "backend", "metadata"):
            kept.pop(name)
        assert now_of(start("python", **options, on_disconnect="stop")).config == kept

    def test_takes_one_name_however_it_is_spelled(self) -> None:
        spellings = ["Python", "r/python", "/r/PYTHON/", "https://www.reddit.com/r/pyThon/new/"]
        assert names(start(*spellings, "rust")) == ["Python", "rust"]

    @pytest.mark.parametrize("name", NO_NAMES)
    def test_refuses_what_is_no_name(self, name: str) -> None:
        assert refusal("python", name) == ("invalid", "subreddits")

    def test_refuses_none_and_too_many(self) -> None:
        assert refusal() == ("invalid", "subreddits")
        assert refusal(*(f"sub{n}" for n in range(MOST_TARGETS + 1))) == ("invalid", "subreddits")

    def test_takes_as_many_as_it_may(self) -> None:
        job = start(*(f"sub{number}" for number in range(MOST_TARGETS)))
        assert ScrapingTarget.objects.filter(job=job).count() == MOST_TARGETS

    def test_a_live_job_takes_exactly_one(self) -> None:
        assert refusal("python", "rust", mode="stream") == ("invalid", "subreddits")
        assert names(start("python", "r/Python", mode="stream")) == ["python"]

    def test_a_live_job_waits_for_its_viewer(self, settings: Any) -> None:
        job = start("python", mode="stream")
        grace = settings.TEPPAN["VIEWER_GRACE_SECONDS"]
        assert runs.take_next(ScrapingJob, "w") is None
        left = (job.available_at - timezone.now()).total_seconds()
        assert 0 < left <= grace

    @pytest.mark.parametrize("limit", [0, -1, 1_000_001])
    def test_refuses_a_limit_beyond_the_source(self, limit: int) -> None:
        assert refusal("python", limit=limit) == ("unsupported", "limit")

    def test_refuses_a_limit_that_only_another_source_has(self) -> None:
        assert refusal("python", backend="native_json", limit=1001) == ("unsupported", "limit")

    @pytest.mark.parametrize("field", ["since", "until"])
    def test_refuses_dates_of_a_source_without(self, field: str) -> None:
        when = datetime(2026, 1, 1, tzinfo=UTC)
        assert refusal("python", **{field: when}) == ("unsupported", "since")

    def test_refuses_an_unknown_source(self) -> None:
        assert refusal("python", backend="nowhere") == ("unsupported", "backend")

    def test_names_the_setting_that_is_missing(self, settings: Any) -> None:
        settings.ENV = settings.ENV.model_copy(update={"TEPPAN_SANDBOX_URL": None})
        with pytest.raises(InvalidInput, match="TEPPAN_SANDBOX_URL") as refused:
            start("python")
        assert (refused.value.code, refused.value.attr) == ("not_configured", "backend")

    def test_names_the_order_when_auto_has_no_source(self, settings: Any) -> None:
        update = {"TEPPAN_AUTO_ORDER": ("sandbox",), "TEPPAN_SANDBOX_URL": None}
        settings.ENV = settings.ENV.model_copy(update=update)
        with pytest.raises(InvalidInput, match="TEPPAN_AUTO_ORDER"):
            start("python", backend="auto")

    @pytest.mark.parametrize(
        ("option", "value"),
        [("parallelism", 0), ("parallelism", 9)],
    )
    def test_refuses_what_it_would_not_do(self, option: str, value: Any) -> None:
        assert refusal("python", **{option: value}) == ("unsupported", option)

    @pytest.mark.parametrize(
        "other",
        [{"sort": "hot"}, {"sort": "top"}, {"since": datetime(2026, 1, 1, tzinfo=UTC)}],
        ids=["hot", "top", "since"],
    )
    def test_refuses_only_new_where_nothing_tells_what_is_new(
        self, other: dict[str, Any], settings: Any
    ) -> None:
        wish = {"backend": "archive"} if "since" in other else {}
        code, attr = refusal("python", only_new=True, **wish, **other)
        assert (code, attr) == ("unsupported", "only_new")

    def test_j14_a_rollback_leaves_no_job_and_no_hint(
        self, django_capture_on_commit_callbacks: Any
    ) -> None:
        with django_capture_on_commit_callbacks() as callbacks, transaction.atomic():
            start("python")
            transaction.set_rollback(True)
        assert (callbacks, ScrapingJob.objects.count()) == ([], 0)

    def test_the_dashboard_offers_no_more_at_once_than_it_takes(self) -> None:
        draft = ROOT / "frontend" / "src" / "features" / "jobs" / "job-draft.ts"
        assert f"MAX_PARALLELISM = {MOST_AT_ONCE};" in draft.read_text()


class TestRetryJob:
    def test_goes_on_where_each_target_stopped(self) -> None:
        job = claimed_job(None, "one", "two", "three", backend="sandbox")
        page = make_page(make_posts(2), None)
        store.commit_page(job, target_of(job, 0), page, page.posts)
        page = make_page(make_posts(2, 5), "after-7")
        two = target_of(job, 1)
        store.commit_page(job, two, page, page.posts)
        store.fail_target(job, two, Private("x"))
        store.fail_target(job, target_of(job, 2), Private("x"))
        store.finish(job)
        again = retry_job(now_of(job), origin="web")
        targets = ScrapingTarget.objects.filter(job=again).order_by("position")
        assert [(one.subreddit, one.cursor, one.status) for one in targets] == [
            ("two", "after-7", "pending"),
            ("three", "", "pending"),
        ]
        assert (again.retry_of, again.status, again.origin) == (job, "pending", "web")
        assert (again.config, again.backend, again.posts_scraped) == (job.config, "sandbox", 0)
        assert now_of(job).status == "partial"

    async def _rerun(self, job: ScrapingJob, error: SourceError) -> ScrapingJob:
        async for _ in run_job(job, lambda *_: ScriptedBackend([[], error]), Guard()):
            pass
        return await ScrapingJob.objects.aget(pk=job.pk)

    @pytest.mark.django_db(transaction=True)
    def test_what_stores_nothing_failed_though_it_went_on_from_a_page_of_before(self) -> None:
        job = claimed_job(backend="sandbox")
        page = make_page(make_posts(2), "1:2")
        target = target_of(job)
        store.commit_page(job, target, page, page.posts)
        store.fail_target(job, target, Private("x"))
        store.finish(job)
        again = claim(retry_job(now_of(job), origin="api"))
        ended = async_to_sync(self._rerun)(again, Private("Members only."))
        assert (ended.status, ended.error_code) == ("failed", "private")
        assert target_of(again).status == "failed"
        third = retry_job(ended, origin="api")
        assert target_of(third).cursor == "1:2", "the place is not lost with it"

    def test_takes_up_what_was_cancelled(self) -> None:
        job = start("python", "rust")
        cancel_job(job)
        assert names(retry_job(now_of(job), origin="api")) == ["python", "rust"]

    @pytest.mark.parametrize("is_claimed", [False, True])
    def test_refuses_while_it_is_not_finished(self, is_claimed: bool) -> None:
        job = claimed_job() if is_claimed else start("python")
        with pytest.raises(Conflict):
            retry_job(now_of(job), origin="api")
        assert ScrapingJob.objects.count() == 1

    def test_refuses_when_all_completed(self) -> None:
        job = claimed_job()
        page = make_page([], None)
        store.commit_page(job, target_of(job), page, page.posts)
        store.finish(job)
        with pytest.raises(Conflict):
            retry_job(now_of(job), origin="api")


class TestOverHttp:
    @pytest.mark.django_db(transaction=True)
    def test_j17_the_same_key_posted_ten_times_at_once_makes_one_job(self) -> None:
        project = make_project()
        body = {"project": project.pk, "subreddits": ["python"], "backend": "sandbox"}
        callers = [signed_in(project.owner) for _ in range(10)]
        answers = at_once(
            10, lambda index: callers[index].post(JOBS, body, headers={"Idempotency-Key": "k"})
        )
        assert [answer.status_code for answer in answers] == [202] * 10  # type: ignore[union-attr]
        job = ScrapingJob.objects.get()
        assert {answer.json()["id"] for answer in answers} == {job.pk}  # type: ignore[union-attr]
        assert {answer["Location"] for answer in answers} == {f"{JOBS}{job.pk}/"}  # type: ignore[index]
        assert [event.type for event in events_of(job)] == ["job.queued"]
        assert IdempotencyKey.objects.count() == 1

    def test_j17_another_body_under_the_key_is_a_conflict(self) -> None:
        project = make_project()
        caller = signed_in(project.owner)
        body = {"project": project.pk, "subreddits": ["python"], "backend": "sandbox"}
        first = caller.post(JOBS, body, headers={"Idempotency-Key": "k"})
        other = caller.post(JOBS, body | {"limit": 5}, headers={"Idempotency-Key": "k"})
        assert (first.status_code, other.status_code) == (202, 409)
        assert ScrapingJob.objects.count() == 1

    def test_a_refusal_names_its_field(self) -> None:
        project = make_project()
        body = {"project": project.pk, "subreddits": ["../x"], "backend": "sandbox"}
        answer = signed_in(project.owner).post(JOBS, body)
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["attr"] == "subreddits"

    def test_j21_cancel_twice_is_the_same_answer(self) -> None:
        project = make_project()
        job = claimed_job(project)
        caller = signed_in(project.owner)
        job.mark_completed(job.lease)
        answers = [caller.post(f"{JOBS}{job.pk}/cancel/") for _ in range(2)]
        assert [answer.status_code for answer in answers] == [202, 202]
        assert answers[0].json() == answers[1].json()
        assert answers[0].json()["status"] == "completed"

    def test_a_retry_while_running_is_a_conflict(self) -> None:
        project = make_project()
        job = claimed_job(project)
        assert signed_in(project.owner).post(f"{JOBS}{job.pk}/retry/").status_code == 409

    def test_lists_and_counts_by_origin_and_mode(self) -> None:
        project = make_project()
        make_job(project, "python", origin="web", status="completed")
        make_job(project, "rust", origin="cli", mode="stream")
        make_job(make_project("bob"), "golang", origin="web")
        caller = signed_in(project.owner)
        found = caller.get(f"{JOBS}?origin=cli").json()["results"]
        assert [job["targets"][0]["subreddit"] for job in found] == ["rust"]
        counts = caller.get(f"{JOBS}counts/?project={project.pk}").json()
        assert counts == dict.fromkeys(("running", "partial", "failed", "cancelled"), 0) | {
            "pending": 1,
            "completed": 1,
        }
        assert caller.get(f"{JOBS}counts/?mode=bulk").json()["pending"] == 0
        assert caller.get(f"{JOBS}?origin=mars").status_code == 400
