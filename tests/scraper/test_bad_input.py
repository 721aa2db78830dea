"""What a job's start, end and repetition answer to input that cannot be meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from data_provider.types import SUBREDDIT_RULE
from scraper.models import ScrapingJob, ScrapingTarget
from tests.callers import signed_in
from tests.scraper.building import claimed_job, make_project, now_of, terminal_events

if TYPE_CHECKING:
    from projects.models import Project

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]

JOBS = "/api/scraper/jobs/"


def post(project: Project, **fields: Any) -> Any:
    body = {"project": project.pk, "subreddits": ["python"], "backend": "sandbox", **fields}
    return signed_in(project.owner).post(JOBS, body)


def refusal(answer: Any) -> tuple[int, str, str]:
    """Return status, and code and field of the first error; nothing was made."""
    assert not ScrapingJob.objects.filter(status="pending").exists()
    error = answer.json()["errors"][0]
    return answer.status_code, error["code"], error["attr"]


class TestStart:
    @pytest.mark.parametrize("number", [0, 1001])
    def test_refuses_no_subreddit_and_too_many(self, number: int) -> None:
        answer = post(make_project(), subreddits=[f"sub{n}" for n in range(number)])
        status, _, attr = refusal(answer)
        assert (status, attr.partition(".")[0]) == (400, "subreddits")

    @pytest.mark.parametrize("name", ["../x", "a", "x" * 300, "r/", "_x", "a-b", "r/a/../b"])
    def test_tells_the_rule_of_names(self, name: str) -> None:
        answer = post(make_project(), subreddits=["python", name])
        status, _, attr = refusal(answer)
        assert (status, attr.partition(".")[0]) == (400, "subreddits")
        assert SUBREDDIT_RULE in answer.json()["errors"][0]["detail"]

    def test_takes_one_subreddit_in_three_spellings_once(self) -> None:
        spellings = ["Python", "r/python", "https://www.reddit.com/r/PYTHON/"]
        answer = post(make_project(), subreddits=spellings)
        assert answer.status_code == 202
        assert [target["subreddit"] for target in answer.json()["targets"]] == ["Python"]

    @pytest.mark.parametrize(
        ("backend", "limit"), [("sandbox", 0), ("native_json", 0), ("native_json", 1001)]
    )
    def test_refuses_a_limit_out_of_range(self, backend: str, limit: int) -> None:
        status, _, attr = refusal(post(make_project(), backend=backend, limit=limit))
        assert (status, attr) == (400, "limit")

    def test_refuses_an_unknown_source(self) -> None:
        answer = post(make_project(), backend="gopher")
        assert refusal(answer) == (400, "invalid_choice", "backend")

    def test_names_the_setting_of_a_source_that_is_not_configured(self) -> None:
        answer = post(make_project(), backend="oauth")
        assert refusal(answer) == (400, "not_configured", "backend")
        assert "TEPPAN_REDDIT_CLIENT_ID" in answer.json()["errors"][0]["detail"]

    def test_answers_alike_for_a_foreign_project_and_a_missing_one(self) -> None:
        mine, theirs = make_project("ada"), make_project("bob")
        caller = signed_in(mine.owner)
        body = {"subreddits": ["python"], "backend": "sandbox"}
        answers = [caller.post(JOBS, body | {"project": n}) for n in (theirs.pk, 10**9)]
        assert {refusal(answer) for answer in answers} == {(400, "does_not_exist", "project")}
        assert answers[0].json() == answers[1].json()

    @pytest.mark.parametrize("number", [0, 9, "many"])
    def test_refuses_a_parallelism_out_of_range(self, number: Any) -> None:
        status, _, attr = refusal(post(make_project(), parallelism=number))
        assert (status, attr) == (400, "parallelism")

    @pytest.mark.parametrize("other", [{"sort": "hot"}, {"sort": "top"}, {"sort": "rising"}])
    def test_refuses_only_new_of_a_listing_that_does_not_tell(self, other: dict[str, str]) -> None:
        answer = post(make_project(), only_new=True, **other)
        assert refusal(answer) == (400, "unsupported", "only_new")

    def test_takes_only_new_and_parallelism(self) -> None:
        answer = post(make_project(), only_new=True, parallelism=8)
        assert answer.status_code == 202
        config = answer.json()["config"]
        assert (config["only_new"], config["parallelism"]) == (True, 8)
        assert answer.json()["targets"][0]["gap"] is None


class TestEnd:
    def test_a_retry_of_what_runs_is_a_conflict(self) -> None:
        job = claimed_job(make_project())
        answer = signed_in(job.owner).post(f"{JOBS}{job.pk}/retry/")
        assert answer.status_code == 409
        assert ScrapingJob.objects.count() == 1

    @pytest.mark.parametrize("status", ["completed", "failed", "cancelled"])
    def test_j21_a_cancel_of_what_has_ended_changes_nothing(self, status: str) -> None:
        job = claimed_job(make_project())
        if status == "completed":
            job.mark_completed(job.lease)
        elif status == "failed":
            job.mark_failed(job.lease, "internal", "x")
        else:
            ScrapingJob.objects.filter(pk=job.pk).update(cancel_requested=True)
            job.mark_cancelled(job.lease)
        caller = signed_in(job.owner)
        before = caller.get(f"{JOBS}{job.pk}/").json()
        answer = caller.post(f"{JOBS}{job.pk}/cancel/")
        assert answer.status_code == 202
        assert answer.json() == before
        assert terminal_events(job) == [f"scraping.{status}"]

    def test_j18_a_cancel_of_what_waits_is_at_once(self) -> None:
        project = make_project()
        number = post(project).json()["id"]
        answer = signed_in(project.owner).post(f"{JOBS}{number}/cancel/")
        assert (answer.status_code, answer.json()["status"]) == (202, "cancelled")
        assert ScrapingTarget.objects.get(job=number).status == "cancelled"

    @pytest.mark.parametrize("act", ["cancel", "retry"])
    def test_answers_alike_for_a_foreign_job_and_a_missing_one(self, act: str) -> None:
        job = claimed_job(make_project("ada"))
        caller = signed_in(make_project("bob").owner)
        answers = [caller.post(f"{JOBS}{number}/{act}/") for number in (job.pk, 10**9)]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].json() == answers[1].json()
        assert not now_of(job).cancel_requested


class TestList:
    def test_finds_by_status_origin_mode_and_project_page_by_page(self) -> None:
        project, other = make_project(), make_project()
        wanted = [
            ScrapingJob.objects.create(
                owner=project.owner, project=project, mode="bulk", backend="sandbox",
                config={"limit": 1}, status="failed", origin="schedule",
            )
            for _ in range(5)
        ]  # fmt: skip
        for fields in (
            {"status": "pending"},
            {"origin": "cli"},
            {"mode": "stream"},
            {"project": other},
        ):
            known: dict[str, Any] = {"status": "failed", "origin": "schedule", "mode": "bulk"}
            known |= {"project": project, "config": {"limit": 1}, "backend": "sandbox"}
            ScrapingJob.objects.create(owner=project.owner, **known | fields)
        caller = signed_in(project.owner)
        query = f"?project={project.pk}&status=failed&origin=schedule&mode=bulk&page_size=2"
        found, address = [], f"{JOBS}{query}"
        while address:
            answer = caller.get(address).json()
            found += [job["id"] for job in answer["results"]]
            address = answer["next"]
        assert found == [job.pk for job in reversed(wanted)]

    @pytest.mark.parametrize("query", ["status=done", "origin=fax", "mode=both", "colour=red"])
    def test_refuses_what_it_does_not_know(self, query: str) -> None:
        caller = signed_in(make_project().owner)
        assert caller.get(f"{JOBS}?{query}").status_code == 400
