"""What an operator can look up: jobs and targets, with the sample of a page nobody understood."""

from django.contrib import admin
from django.http import HttpRequest

from scraper.models import ScrapingJob, ScrapingTarget


class _ReadOnly:
    """Rows of a run are changed by its lifecycle only."""

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(ScrapingJob)
class ScrapingJobAdmin(_ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    """Jobs with the lease they are held by."""

    list_display = ("id", "status", "mode", "backend", "worker", "lease_until", "attempt")
    list_filter = ("status", "mode", "backend")


@admin.register(ScrapingTarget)
class ScrapingTargetAdmin(_ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    """Targets with their errors and kept samples."""

    list_display = ("id", "job", "subreddit", "status", "error_code", "backend_used")
    list_filter = ("status", "error_code")
    list_select_related = ("job",)
