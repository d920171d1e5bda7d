"""The one shape in which a step answers: rows, columns that know their kind, totals and meta."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from finops.core.explaining.figures import Figure

Kind = Literal["text", "count", "money", "unit_price", "ratio", "number", "date", "time", "bool", "list"]
"""`money` is a Decimal in the row's currency, `unit_price` a Decimal price of one unit, `ratio` a share of 1."""


@dataclass(frozen=True)
class Column:
    """One column of an answer. `metric` is the id in `core.metrics` for every figure that is a metric."""

    key: str
    label: str
    kind: Kind = "text"
    metric: str | None = None
    wide_only: bool = False
    """Left out of the table on narrow terminals; always in JSON, CSV and JSONL."""
    says_unit: bool = True
    """Whether a unit price names its unit in a table, where the row has one."""


@dataclass(frozen=True)
class Table:
    """A table for people that stands below the answer's own: another view of the same rows, which machines need not be given."""

    title: str
    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Result:
    """What a command answers. `notes` are sentences for people, shown under the table and kept in meta.notes."""

    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Any]]
    totals: Sequence[Mapping[str, Any]] = ()
    meta: Mapping[str, Any] = field(default_factory=dict)
    notes: Sequence[str] = ()
    files: Sequence[str] = ()
    """Files that the command wrote."""
    below: Sequence[Table] = ()
    made: Callable[[int], Sequence[Figure]] | None = None
    """How the figures of the row of that number are made, for `explain --trace`; None where nothing tells."""
