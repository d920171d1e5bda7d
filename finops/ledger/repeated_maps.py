"""Map columns whose values repeat: each distinct one is read once, before the rows are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from finops.core.contracts import Contract
from finops.ledger.casting import Cast, value_name
from finops.ledger.connect import named

if TYPE_CHECKING:
    import duckdb

MAX_BYTES = 16 << 20
"""Values of a column that together may be longer are read row by row: what is kept apart stays small."""
_LEAST_ROWS = 20_000
"""A file of fewer rows is read sooner than it is looked at."""


@dataclass(frozen=True)
class RepeatedMap:
    """A map column of which every value is known: the TEMP `table` has its maps (`known`) by the file's own columns that they
    are made of, `keys` by the names that the raw rows give them. `value` and `unread` name the columns that it adds."""

    table: str
    keys: Mapping[str, str]
    value: str
    unread: str

    @property
    def same_keys(self) -> str:
        """The condition under which a raw row `v` has the map of a row of the table."""
        return " AND ".join(f"{self.table}.{named(key)} IS NOT DISTINCT FROM v.{named(key)}" for key in self.keys)


def repeated_maps(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    rows: str,
    made: Mapping[str, tuple[str, Sequence[str]]],
    types: Mapping[str, str],
) -> dict[str, RepeatedMap]:
    """By map column, where its values are found, for columns whose values repeat. `rows` are the file's own rows, for a FROM;
    `made` has the expression of each column and the file's own columns that it is made of."""
    casts = [Cast(field, types[field.name]) for field in contract.fields if field.kind == "map" and field.name in types]
    casts = [cast for cast in casts if cast.needs_reading and made[cast.field.name][1]]
    if not casts:
        return {}
    looks = ", ".join(f"approx_count_distinct({_together(made[cast.field.name][1])})" for cast in casts)
    total, *seen = connection.execute(f"SELECT count(*), {looks} FROM {rows}").fetchall()[0]
    found = {}
    for place, (cast, distinct) in enumerate(zip(casts, seen, strict=True)):
        if total < _LEAST_ROWS or not distinct or distinct * 4 > total or distinct > MAX_BYTES // 64:
            continue
        expression, own = made[cast.field.name]
        table, name = f"finops_texts_{place}", named(cast.field.name)
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT DISTINCT {', '.join(map(named, own))} FROM {rows}")
        size = " + ".join(f"coalesce(strlen(CAST({named(column)} AS VARCHAR)), 0)" for column in own)
        if connection.execute(f"SELECT coalesce(sum({size}), 0) FROM {table}").fetchall()[0][0] > MAX_BYTES:
            connection.execute(f"DROP TABLE {table}")
            continue
        keys = {f"key {place}.{at}": column for at, column in enumerate(own)}
        made_of = ", ".join(f"{named(column)} AS {named(key)}" for key, column in keys.items())
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT {', '.join(map(named, keys))}, {cast.value} AS known,"
            f" known IS NULL AND {name} IS NOT NULL AND {cast.is_given} AS unread"
            f" FROM (SELECT {made_of}, {expression} AS {name} FROM {table})"
        )
        found[cast.field.name] = RepeatedMap(table, keys, value_name(cast.field), f"unread {place}")
    return found


def joined(rows: str, tables: Mapping[str, RepeatedMap]) -> str:
    """The rows with the maps found for them. A join keeps no order."""
    if not tables:
        return rows
    found = ", ".join(
        f"{one.table}.known AS {named(one.value)}, {one.table}.unread AS {named(one.unread)}" for one in tables.values()
    )
    joins = " ".join(f"LEFT JOIN {one.table} ON {one.same_keys}" for one in tables.values())
    return f"SELECT v.*, {found} FROM ({rows}) v {joins}"


def _together(columns: Sequence[str]) -> str:
    return named(columns[0]) if len(columns) == 1 else f"({', '.join(map(named, columns))})"
