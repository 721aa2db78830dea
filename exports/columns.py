"""The columns of posts and comments: named as in REST, typed as their tables are."""

from collections.abc import Sequence

from django.db import models

from exports.writers.base import Column, Kind
from scraper.models import ScrapedComment, ScrapedPost
from scraper.selectors import COMMENT_FIELDS, POST_FIELDS

# Where REST's name is not that of the table's column.
_REST_NAMES = {"fullname": "id", "post__fullname": "post_id"}
_KINDS = (
    (models.BooleanField, Kind.FLAG),
    (models.IntegerField, Kind.INTEGER),
    (models.FloatField, Kind.NUMBER),
    (models.DateTimeField, Kind.INSTANT),
    (models.JSONField, Kind.JSON),
)


def _columns_of(table: type[models.Model], fields: Sequence[str]) -> tuple[Column, ...]:
    return tuple(Column(_REST_NAMES.get(name, name), _kind_of(table, name)) for name in fields)


def _kind_of(table: type[models.Model], name: str) -> Kind:
    if "__" in name:
        return Kind.TEXT
    field = table._meta.get_field(name)  # noqa: SLF001 -- Django's documented way
    return next((kind for type_, kind in _KINDS if isinstance(field, type_)), Kind.TEXT)


def field_of(column: Column) -> str:
    """Return the name by which the ORM knows a column."""
    return _FIELDS.get(column.name, column.name)


_FIELDS = {rest: field for field, rest in _REST_NAMES.items()}

POST_COLUMNS = _columns_of(ScrapedPost, POST_FIELDS)
COMMENT_COLUMNS = _columns_of(ScrapedComment, COMMENT_FIELDS)
