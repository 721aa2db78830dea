"""Keyset pagination: a list is read from a place in its order, never from a page number.

Knows the ORM, not HTTP; `common.api` makes a REST framework paginator of it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from django.core.signing import BadSignature, Signer
from django.db.models import BooleanField, F, Func, IntegerField, QuerySet
from django.db.models.expressions import Combinable

from common.errors import InvalidInput

DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 200

R = TypeVar("R")


@dataclass(frozen=True)
class Key:
    """One column of an order; a nullable number needs `nulls_as`, indexed as Coalesce(field, n)."""

    field: str
    nulls_as: int | None = None

    @property
    def expression(self) -> Combinable:
        """What is compared and sorted by, spelled as in the index."""
        if self.nulls_as is None:
            return F(self.field)
        # SQLite uses an index on an expression only if the query spells the number out.
        template = f"COALESCE(%(expressions)s, {int(self.nulls_as)})"
        return Func(F(self.field), template=template, output_field=IntegerField())

    def value_of(self, row: Any) -> Any:
        """Return the row's value as it takes part in the order."""
        if isinstance(row, Mapping):
            value = row[self.field]
        else:
            value = attrgetter(self.field.replace("__", "."))(row)
        return self.nulls_as if value is None else value


@dataclass(frozen=True)
class Order:
    """The order of a list: keys that are unique together, all in one direction.

    `name` is part of every cursor: one made for another order is refused.
    """

    name: str
    keys: tuple[Key, ...]
    is_descending: bool = True


@dataclass(frozen=True)
class Place:
    """A place in an order, and the direction in which to read on; without values its beginning."""

    order: Order
    values: tuple[Any, ...]
    is_descending: bool

    def read(self, rows: QuerySet[Any, R], limit: int) -> list[R]:
        """Return up to `limit` rows of a queryset that come after the place."""
        keys = [key.expression for key in self.order.keys]
        ordering = [
            key.desc() if self.is_descending else key.asc()  # type: ignore[attr-defined]
            for key in keys
        ]
        return list(self.narrow(rows).order_by(*ordering)[:limit])

    def after(self, row: Any) -> "Place":
        """Return the place of a row of this order."""
        values = tuple(key.value_of(row) for key in self.order.keys)
        return Place(self.order, values, self.is_descending)

    def narrow(self, rows: QuerySet[Any, R]) -> QuerySet[Any, R]:
        """Return the rows that come after the place, in no order yet."""
        if not self.values:
            return rows
        keys = [key.expression for key in self.order.keys]
        operator = "<" if self.is_descending else ">"
        return rows.filter(_Beyond(*keys, values=self.values, operator=operator))


class Rows(Protocol[R]):
    """Something that can be read from a place on, as a queryset can."""

    def read(self, place: Place, limit: int) -> list[R]:
        """Return up to `limit` rows that come after the place, in its order."""
        ...


@dataclass(frozen=True)
class Page(Generic[R]):
    """Rows in order, and the cursors of the pages after and before; None where there is none."""

    rows: list[R]
    next: str | None
    previous: str | None


class _Beyond(Func):
    """`(a, b) < (x, y)`: the row comes after a place; one index range on either engine."""

    output_field = BooleanField()

    def __init__(
        self, *keys: Combinable, values: tuple[Any, ...] = (), operator: str = "<"
    ) -> None:
        super().__init__(*keys)
        self.values = values
        self.operator = operator

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        columns: list[str] = []
        params: list[Any] = []
        for expression in self.get_source_expressions():
            sql, own = compiler.compile(expression)
            columns.append(sql)
            params.extend(own)
        for expression, value in zip(self.get_source_expressions(), self.values, strict=True):
            field = expression.output_field
            params.append(field.get_db_prep_value(field.to_python(value), connection))
        places = ", ".join(["%s"] * len(columns))
        return f"({', '.join(columns)}) {self.operator} ({places})", params


def page_of(
    rows: QuerySet[Any, R] | Rows[R],
    order: Order,
    *,
    cursor: str | None = None,
    size: int = DEFAULT_PAGE_SIZE,
) -> Page[R]:
    """Read one page of a queryset of instances or `.values()`, or of `Rows`, with the order's keys.

    Raises InvalidInput `invalid_cursor` for a cursor that was not made by this list.
    """
    is_backwards, values = _read_cursor(order, cursor) if cursor else (False, ())
    place = Place(order, values, is_descending=order.is_descending != is_backwards)
    found = _read(rows, place, size + 1)
    has_more = len(found) > size
    found = found[:size]
    if is_backwards:
        found.reverse()
    has_next, has_previous = (True, has_more) if is_backwards else (has_more, bool(values))
    return Page(
        found,
        _cursor(order, found[-1:], is_backwards=False) if has_next else None,
        _cursor(order, found[:1], is_backwards=True) if has_previous else None,
    )


def _read(rows: QuerySet[Any, R] | Rows[R], place: Place, limit: int) -> list[R]:
    if isinstance(rows, QuerySet):
        return place.read(rows, limit)
    return rows.read(place, limit)


def read_page_size(text: str | None) -> int:
    """Return the asked page size; raises InvalidInput unless it is a number from 1 to 200."""
    if text is None:
        return DEFAULT_PAGE_SIZE
    if text.isascii() and text.isdigit() and len(text) <= len(str(MAX_PAGE_SIZE)):
        size = int(text)
        if 1 <= size <= MAX_PAGE_SIZE:
            return size
    raise InvalidInput(
        "invalid", f"Should be a number from 1 to {MAX_PAGE_SIZE}.", attr="page_size"
    )


def _signer(order: Order) -> Signer:
    # Signed, so that the values in a cursor are ones that a row had: of the right type and range.
    return Signer(salt=f"cursor:{order.name}")


def _cursor(order: Order, edge: Iterable[Any], *, is_backwards: bool) -> str | None:
    for row in edge:
        values = [_plain(key.value_of(row)) for key in order.keys]
        return _signer(order).sign_object([int(is_backwards), *values])
    return None


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _read_cursor(order: Order, cursor: str) -> tuple[bool, tuple[Any, ...]]:
    try:
        is_backwards, *values = _signer(order).unsign_object(cursor)
    except (BadSignature, ValueError) as error:
        raise InvalidInput(
            "invalid_cursor", "This cursor does not belong to this list.", attr="cursor"
        ) from error
    return bool(is_backwards), tuple(values)
