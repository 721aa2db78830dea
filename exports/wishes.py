"""What an export is to hold: checked when it is asked for, kept in its row, read by its makers."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from importlib.util import find_spec
from typing import Any, Literal, Self

from common.errors import InvalidInput
from exports.columns import COMMENT_COLUMNS, POST_COLUMNS
from exports.writers import FORMATS, Format
from exports.writers.base import Column
from scraper import words

# The sheet of an analysis in depth, which projects do not have yet.
THEMES = "themes"
# What is joined to what.
_JOINED_SHEETS = ("posts", "comments")
_INSTANTS = ("since", "until")
# As much of an unknown name as is repeated in the answer.
_LONGEST_SHOWN = 64


@dataclass(frozen=True)
class Wish:
    """One export's contents; names and defaults are those of the REST API."""

    format: str
    sheets: Sequence[str] = ()
    columns: Sequence[str] = ()
    comment_columns: Sequence[str] = ()
    filters: Mapping[str, Any] = field(default_factory=dict)
    comments: Literal["separate", "joined"] = "separate"
    safe: bool = True
    bom: bool = False
    mask_authors: bool = False
    include_removed: bool = True

    @classmethod
    def read(cls, form: str, config: Mapping[str, Any]) -> Self:
        """Return the wish that a row keeps."""
        filters = {
            name: datetime.fromisoformat(value) if name in _INSTANTS else value
            for name, value in config["filters"].items()
        }
        return cls(form, **{**config, "filters": filters})

    def as_config(self) -> dict[str, Any]:
        """Return what the row keeps: everything but the format, with defaults filled in."""
        config = asdict(self)
        del config["format"]
        sheets = self.sheets or self._default_sheets
        config["sheets"] = sorted(sheets, key=self.form.sheets.index)
        config["columns"] = list(self.columns)
        config["comment_columns"] = list(self.comment_columns)
        config["filters"] = {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in self.filters.items()
        }
        return config

    @property
    def form(self) -> Format:
        """The format's description."""
        return FORMATS[self.format]

    @property
    def _default_sheets(self) -> set[str]:
        more = _JOINED_SHEETS if self.comments == "joined" else ()
        return {*self.form.default_sheets, *more}

    @property
    def post_columns(self) -> tuple[Column, ...]:
        """The chosen columns of posts, all of them when none were."""
        return _chosen(POST_COLUMNS, self.columns)

    @property
    def chosen_comment_columns(self) -> tuple[Column, ...]:
        """The chosen columns of comments, all of them when none were."""
        return _chosen(COMMENT_COLUMNS, self.comment_columns)

    @property
    def has_joined_comments(self) -> bool:
        """Whether comments stand with their posts rather than by themselves."""
        return self.comments == "joined" and set(_JOINED_SHEETS) <= set(self.sheets)

    def check(self) -> None:
        """Raise InvalidInput, listing what exists, for what this format cannot hold."""
        _refuse_unknown("format", [self.format], tuple(FORMATS))
        if missing := [name for name in self.form.needs if find_spec(name) is None]:
            raise InvalidInput(
                "not_configured", f"This format needs {', '.join(missing)}.", attr="format"
            )
        if THEMES in self.sheets:
            raise InvalidInput(
                "not_available",
                f"This project has no analysis in depth, and so no sheet {THEMES}."
                f" There are: {', '.join(self.form.sheets)}.",
                attr="sheets",
            )
        _refuse_unknown("sheets", self.sheets, self.form.sheets)
        _refuse_unknown("columns", self.columns, tuple(one.name for one in POST_COLUMNS))
        names = tuple(one.name for one in COMMENT_COLUMNS)
        _refuse_unknown("comment_columns", self.comment_columns, names)
        self._check_joined()
        self._check_filters()

    def _check_joined(self) -> None:
        missing = [name for name in _JOINED_SHEETS if self.sheets and name not in self.sheets]
        if self.comments == "joined" and missing:
            raise InvalidInput(
                "incomplete",
                f"Joined comments need both of the sheets {' and '.join(_JOINED_SHEETS)};"
                f" {missing[0]} is not among those chosen.",
                attr="sheets",
            )

    def _check_filters(self) -> None:
        if "q" in self.filters:
            try:
                words.parse(self.filters["q"])
            except InvalidInput as error:
                raise InvalidInput(error.code, error.detail, attr="filters.q") from error


def _chosen(columns: tuple[Column, ...], names: Sequence[str]) -> tuple[Column, ...]:
    by_name = {column.name: column for column in columns}
    return tuple(by_name[name] for name in names) or columns


def _refuse_unknown(attr: str, names: Sequence[str], known: tuple[str, ...]) -> None:
    for name in names:
        if name not in known:
            raise InvalidInput(
                "unknown",
                f"There is no {name[:_LONGEST_SHOWN]!r}. There are: {', '.join(known)}.",
                attr=attr,
            )
    if len(set(names)) != len(names):
        raise InvalidInput("duplicate", "A name is given twice.", attr=attr)
