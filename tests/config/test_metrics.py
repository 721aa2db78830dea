"""The figures of runs that `/metrics` tells."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from scraper.models import ScrapingJob
from tests.scraper.building import claimed_job, let_lease_expire, make_job

pytestmark = pytest.mark.django_db


def figure(name: str) -> float:
    lines = Client().get("/metrics").content.decode().splitlines()
    return next(
        float(line.rsplit(" ", 1)[1])
        for line in lines
        if line.startswith(f'teppan_{name}{{kind="scraping"}}')
    )


class TestRuns:
    def test_j39_tell_how_long_the_oldest_has_waited(self) -> None:
        assert (figure("queued_runs"), figure("oldest_queued_seconds")) == (0, 0)
        make_job()
        old = make_job()
        due_at = timezone.now() - timedelta(seconds=500)
        ScrapingJob.objects.filter(pk=old.pk).update(available_at=due_at)
        assert figure("queued_runs") == 2
        assert 500 <= figure("oldest_queued_seconds") < 600

    def test_j39_tell_which_workers_are_silent(self) -> None:
        claimed_job()
        silent = claimed_job()
        assert (figure("running_runs"), figure("running_without_heartbeat")) == (2, 0)
        let_lease_expire(silent)
        assert (figure("running_runs"), figure("running_without_heartbeat")) == (2, 1)

    def test_are_left_out_while_the_database_does_not_answer(self, monkeypatch: Any) -> None:
        monkeypatch.setattr(ScrapingJob._meta, "db_table", "not_there")
        answer = Client().get("/metrics")
        assert answer.status_code == 200
        assert b"teppan_threads" in answer.content
        assert b"queued_runs{" not in answer.content
