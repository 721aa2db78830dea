"""What runs inside a process beside a stack that deletes projects and loses the hint."""

from __future__ import annotations

from django.utils import timezone

from projects.models import Project, User
from scraper.models import ScrapingJob


def delete_unannounced(name: str) -> int:
    """Delete a project with a job, as if its hint at the workers were lost; its id."""
    owner = User.objects.create(username=name)
    project = Project.objects.create(owner=owner, name=name)
    ScrapingJob.objects.create(
        owner=owner, project=project, mode="bulk", backend="sandbox", status="completed"
    )
    Project.objects.filter(pk=project.pk).update(deleted_at=timezone.now())
    return project.pk


def is_left(project: int) -> bool:
    """Tell whether anything of the project is still there."""
    rows = Project.objects.filter(pk=project), ScrapingJob.objects.filter(project_id=project)
    return any(found.exists() for found in rows)
