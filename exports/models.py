"""The table of exports: what was asked for, how far it is, and the file that came of it."""

from typing import Any

from django.db import models

from projects.runs import Run


class Export(Run):
    """One file of a project's data; to run it again is to ask for its `config` again."""

    stream_kind = "export"

    format = models.CharField(max_length=16)
    config = models.JSONField(default=dict)
    rows = models.PositiveIntegerField(default=0)
    rows_expected = models.PositiveIntegerField(null=True)
    note = models.TextField(blank=True, default="")
    file_key = models.CharField(max_length=255, blank=True, default="")
    suffix = models.CharField(max_length=16, blank=True, default="")
    size_bytes = models.BigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True, default="")
    expires_at = models.DateTimeField(null=True)

    class Meta(Run.Meta):
        abstract = False
        indexes = [
            models.Index(fields=["status", "owner", "id"], name="export_fair_claim"),
            models.Index(fields=["project", "created_at", "id"], name="export_by_project"),
            models.Index(fields=["owner", "created_at", "id"], name="export_by_owner"),
            models.Index(
                fields=["expires_at"], name="export_by_expiry", condition=~models.Q(file_key="")
            ),
        ]

    def terminal_data(self) -> dict[str, Any]:
        """Return the data of the export's last event, by its status."""
        if self.status == self.Status.FAILED:
            return {"error": {"code": self.error_code, "detail": self.error_detail}}
        if self.status == self.Status.CANCELLED:
            return {"rows": self.rows}
        return {
            "status": self.status,
            "format": self.format,
            "rows": self.rows,
            "size_bytes": self.size_bytes,
            "sha256": self.sha256,
            "expires_at": self.expires_at and self.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
