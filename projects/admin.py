"""The operator's view of accounts and projects at /django-admin/."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from projects.models import ApiToken, Project, Session, User

admin.site.register(User, UserAdmin)


@admin.register(Project)
class ProjectAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Projects, deleted ones included until their rows are gone."""

    list_display = ("name", "owner", "created_at", "deleted_at")
    search_fields = ("name", "owner__username")
    raw_id_fields = ("owner",)


@admin.register(Session)
class SessionAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Sign-ins; deleting one ends it."""

    list_display = ("user", "created_at", "rotated_at", "expires_at", "revoked_at")
    search_fields = ("user__username",)
    fields = readonly_fields = list_display

    def has_add_permission(self, request: object) -> bool:
        """Sessions begin by signing in."""
        return False


@admin.register(ApiToken)
class ApiTokenAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """API tokens without their digests; deleting one ends it."""

    list_display = ("name", "user", "prefix", "created_at", "last_used_at")
    search_fields = ("name", "user__username")
    fields = readonly_fields = list_display

    def has_add_permission(self, request: object) -> bool:
        """Tokens are shown once, to their owner, who makes them."""
        return False
