"""Map columns whose texts repeat: each distinct text is read once, before the rows are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from finops.core.contracts import Contract
from finops.ledger.connect import named

if TYPE_CHECKING:
    import duckdb

MAX_BYTES = 16 << 20
"""Texts of a column that together may be longer are read row by row: what is kept apart stays small."""
_LEAST_ROWS = 20_000
"""A file of fewer rows is read sooner than it is looked at."""


def repeated_maps(
    connection: duckdb.DuckDBPyConnection, contract: Contract, sql: str, types: Mapping[str, str]
) -> dict[str, str]:
    """By column of the rows that `sql` selects, the TEMP table with the map (`known`) of each of its texts (`text`); none for
    columns whose texts seldom repeat."""
    maps = [field.name for field in contract.fields if field.kind == "map" and types.get(field.name) == "VARCHAR"]
    if not maps:
        return {}
    looks = ", ".join(f"approx_count_distinct({named(name)}), max(strlen({named(name)}))" for name in maps)
    rows, *seen = connection.execute(f"SELECT count(*), {looks} FROM ({sql})").fetchall()[0]
    tables = {}
    for place, name in enumerate(maps):
        texts, longest = seen[2 * place], seen[2 * place + 1]
        if rows < _LEAST_ROWS or not longest or texts * longest > MAX_BYTES or texts * 4 > rows:
            continue
        tables[name] = f"finops_texts_{place}"
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {tables[name]} AS SELECT text, finops_map(text) AS known"
            f" FROM (SELECT DISTINCT {named(name)} AS text FROM ({sql}))"
        )
    return tables


def joined(rows: str, tables: Mapping[str, str], values: Mapping[str, str]) -> str:
    """The rows with the maps found for their texts; `values` names the column of each map. A join keeps no order."""
    if not tables:
        return rows
    found = ", ".join(f"{table}.known AS {named(values[name])}" for name, table in tables.items())
    joins = " ".join(f"LEFT JOIN {table} ON {table}.text = v.{named(name)}" for name, table in tables.items())
    return f"SELECT v.*, {found} FROM ({rows}) v {joins}"
