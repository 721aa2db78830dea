"""Shapes of exports in REST: what is accepted, and what the OpenAPI document says of answers."""

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from common.api import StrictSerializer
from exports.writers import FORMATS
from projects.runs import Run
from scraper.serializers import PostFilterSerializer

# Longer than any name there is: what is unknown is answered with those that exist.
_LONGEST_NAME = 4096
_MOST_NAMES = 1000


class ExportFilterSerializer(PostFilterSerializer):
    """The filters of the posts list; an export has an order of its own."""

    sort = None  # type: ignore[assignment]
    order = None  # type: ignore[assignment]

    def to_internal_value(self, data: Any) -> Any:
        """Validate as usual; an unknown filter is answered with those that exist."""
        if isinstance(data, dict):
            known = ", ".join(self.fields)
            unknown = sorted(set(data) - set(self.fields))
            if unknown:
                detail = ErrorDetail(f"There is no such filter. There are: {known}.", "unknown")
                raise ValidationError({name: [detail] for name in unknown})
        return super().to_internal_value(data)


class WishSerializer(StrictSerializer):
    """Body of POST /api/exports/ and of its estimate."""

    project = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    format = serializers.CharField(max_length=_LONGEST_NAME, help_text=", ".join(FORMATS))
    sheets = serializers.ListField(
        child=serializers.CharField(max_length=_LONGEST_NAME),
        required=False,
        max_length=_MOST_NAMES,
        help_text=f"Of {', '.join(FORMATS['xlsx'].sheets)} (the first in xlsx only);"
        " the format's default sheets when left out.",
    )
    columns = serializers.ListField(
        child=serializers.CharField(max_length=_LONGEST_NAME),
        required=False,
        max_length=_MOST_NAMES,
        help_text="Columns of posts, named as in REST; all when left out.",
    )
    comment_columns = serializers.ListField(
        child=serializers.CharField(max_length=_LONGEST_NAME),
        required=False,
        max_length=_MOST_NAMES,
        help_text="Columns of comments, named as in REST; all when left out.",
    )
    filters = ExportFilterSerializer(required=False)
    comments = serializers.ChoiceField(
        choices=("separate", "joined"),
        default="separate",
        help_text="joined: nested in jsonl and parquet, one row per comment in csv and xlsx;"
        " needs both sheets, posts and comments, which are chosen when sheets are left out.",
    )
    safe = serializers.BooleanField(
        default=True, help_text="Prefix texts of csv and xlsx that a spreadsheet could evaluate."
    )
    bom = serializers.BooleanField(default=False, help_text="A byte order mark in csv.")
    mask_authors = serializers.BooleanField(
        default=False, help_text="Pseudonyms instead of the authors' names."
    )
    include_removed = serializers.BooleanField(
        default=True, help_text="Posts that were deleted or removed, too."
    )

    def validate_sheets(self, value: list[str]) -> list[str]:
        """Take sheets by the names that workbooks show, too."""
        return [name.lower() for name in value]


class ExportListFilterSerializer(StrictSerializer):
    """Query of GET /api/exports/."""

    project = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    status = serializers.ChoiceField(choices=Run.Status.choices, required=False)
    format = serializers.ChoiceField(choices=tuple(FORMATS), required=False)


class ExportErrorSerializer(serializers.Serializer[Any]):
    """Why an export failed."""

    code = serializers.CharField()
    detail = serializers.CharField()


class ExportSerializer(serializers.Serializer[Any]):
    """An export."""

    id = serializers.IntegerField()
    project = serializers.IntegerField()
    format = serializers.ChoiceField(choices=tuple(FORMATS))
    status = serializers.ChoiceField(choices=Run.Status.choices)
    cancel_requested = serializers.BooleanField()
    config = serializers.DictField(help_text="The request, with its defaults.")
    progress = serializers.FloatField(help_text="0 to 1.")
    eta_seconds = serializers.FloatField(allow_null=True)
    rows = serializers.IntegerField(
        help_text="Posts and comments in the file; while it is made, those that are written, or"
        " read to find keywords and sentiment in them."
    )
    rows_expected = serializers.IntegerField(allow_null=True)
    note = serializers.CharField(allow_null=True)
    error = ExportErrorSerializer(allow_null=True)
    file_name = serializers.CharField(allow_null=True)
    size_bytes = serializers.IntegerField(allow_null=True)
    sha256 = serializers.CharField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)
    is_expired = serializers.BooleanField()
    event_seq = serializers.IntegerField()
    attempt = serializers.IntegerField()
    origin = serializers.ChoiceField(choices=Run.Origin.choices)
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class EstimateSerializer(serializers.Serializer[Any]):
    """What an export would hold."""

    posts = serializers.IntegerField()
    comments = serializers.IntegerField()
    size_bytes = serializers.IntegerField(help_text="About.")


class FormatSerializer(serializers.Serializer[Any]):
    """A format, and what can be chosen in it."""

    name = serializers.CharField()
    is_available = serializers.BooleanField()
    needs = serializers.ListField(child=serializers.CharField())
    sheets = serializers.ListField(child=serializers.CharField())
    default_sheets = serializers.ListField(child=serializers.CharField())
    columns = serializers.ListField(child=serializers.CharField())
    comment_columns = serializers.ListField(child=serializers.CharField())


class DownloadLinkSerializer(serializers.Serializer[Any]):
    """An address that needs no header, for a while."""

    url = serializers.CharField()
    expires_at = serializers.DateTimeField()
