"""What an operator can look up: exports with the lease they are held by."""

from django.contrib import admin
from django.http import HttpRequest

from exports.models import Export


class _ReadOnly:
    """Rows of a run are changed by its lifecycle only."""

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Export)
class ExportAdmin(_ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    """Exports with the file that came of them."""

    list_display = ("id", "status", "format", "rows", "size_bytes", "worker", "lease_until")
    list_filter = ("status", "format")
