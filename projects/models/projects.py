"""A project: the topic somebody researches, and everything stored for it."""

from django.conf import settings
from django.db import models


class Project(models.Model):
    """A person's research topic; a deleted one is hidden at once, emptied in the background."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="projects"
    )
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True, default="")
    keywords = models.JSONField(default=list)
    subreddits = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["owner", "created_at", "id"], name="project_by_owner")]

    def __str__(self) -> str:
        return self.name
