"""Models of calls that are built in pieces: so many spans at a time, so that memory does not grow with the calls of a day.

A model that can be built so says in its SELECT which tables' `row_key` its rows go by: `{{piece_of_s}}` for the alias `s`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from finops.errors import OutOfMemory
from finops.ledger.engine.database import Database, Readable
from finops.ledger.engine.model import Model

PIECE_SPANS = 200_000
"""About so many spans make a piece, at first."""

LEAST_SPANS = 2_000
"""Where memory does not do for a piece, it and those that come after it are halved, unless it has fewer spans than that."""

_MARK = re.compile(r"\{\{(piece_of_(\w+))\}\}")
_Edge = int | None


def is_in_pieces(model: Model) -> bool:
    """Whether the model can be built in pieces."""
    return bool(_MARK.search(model.sql))


def whole(model: Model) -> dict[str, str]:
    """The expressions that build the model at once."""
    return {name: "TRUE" for name, _ in _MARK.findall(model.sql)}


def need_pieces(database: Readable, model: Model) -> bool:
    """Whether the model can be built in pieces and there are more spans than a piece should have."""
    return is_in_pieces(model) and _spans(database, "TRUE") > PIECE_SPANS


def insert_in_pieces(database: Database, model: Model, insert: Callable[[Mapping[str, str]], int]) -> int:
    """Calls `insert` with the expressions of each piece; how many rows they have together."""
    rows = 0
    waiting = _pieces(database, None, None, max(1, -(-_spans(database, "TRUE") // PIECE_SPANS)))
    with _joined_as_written(database):
        while waiting:
            low, high = waiting[0]
            try:
                rows += insert({name: _within(f"{alias}.row_key", low, high) for name, alias in _MARK.findall(model.sql)})
                waiting = waiting[1:]
            except OutOfMemory:
                if _spans(database, _within("row_key", low, high)) < LEAST_SPANS:
                    raise
                waiting = [half for low, high in waiting for half in _pieces(database, low, high, 2)]
    return rows


@contextmanager
def _joined_as_written(database: Database) -> Iterator[None]:
    """Inside the block the smaller side of a join is the one written last: else the engine takes the wide rows of calls."""
    before = database.query("SELECT current_setting('disabled_optimizers') AS names")[0]["names"]
    database.execute(f"SET disabled_optimizers = '{','.join(filter(None, (before, 'build_side_probe_side')))}'")
    try:
        yield
    finally:
        database.execute(f"SET disabled_optimizers = '{before}'")


def _pieces(database: Readable, low: _Edge, high: _Edge, count: int) -> list[tuple[_Edge, _Edge]]:
    """The range of row keys in so many parts with about as many spans each."""
    if count < 2:
        return [(low, high)]
    parts = ", ".join(str(place / count) for place in range(1, count))
    within = _within("row_key", low, high)
    found = database.query(f"SELECT quantile_disc(row_key, [{parts}]) AS edges FROM stg_span WHERE {within}")[0]["edges"]
    edges = sorted(set(found or ()))
    return list(zip([low, *edges], [*edges, high], strict=True))


def _spans(database: Readable, within: str) -> int:
    return int(database.query(f"SELECT count(*) AS n FROM stg_span WHERE {within}")[0]["n"])


def _within(column: str, low: _Edge, high: _Edge) -> str:
    """SQL that says whether a row key is above one edge and not above the other."""
    sides = [f"{column} > {low}" if low is not None else "", f"{column} <= {high}" if high is not None else ""]
    return " AND ".join(side for side in sides if side) or "TRUE"
