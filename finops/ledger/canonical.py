"""A contract or table in its one canonical form: every column but the lineage, sorted by all of them."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from finops.core.contracts import PARQUET_CONTRACTS
from finops.errors import UsageError
from finops.ledger.connect import named
from finops.ledger.schema import LINEAGE

if TYPE_CHECKING:
    from finops.ledger.store import Reader


def canonical_rows(reader: Reader, name: str) -> tuple[list[str], list[dict[str, Any]]]:
    """Column names and rows. Two ledgers of the same files, loaded in any order, give the same answer."""
    known = relations(reader)
    if name not in known:
        near = get_close_matches(name, known, n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"one of: {', '.join(known)}"
        raise UsageError(f"the ledger has no contract or table `{name}`", hint=hint)
    described = reader.query(f"SELECT column_name AS name, column_type AS kind FROM (DESCRIBE {named(name)})")
    columns = [row["name"] for row in described if row["name"] not in LINEAGE]
    order = [
        f"CAST({named(row['name'])} AS VARCHAR)" if row["kind"].startswith("MAP") else named(row["name"])
        for row in described
        if row["name"] in columns
    ]
    chosen = ", ".join(named(column) for column in columns)
    sorting = ", ".join(f"{column} NULLS FIRST" for column in order)
    return columns, reader.query(f"SELECT {chosen} FROM {named(name)} ORDER BY {sorting}")


def relations(reader: Reader) -> list[str]:
    """The contracts and tables of the ledger, by name."""
    tables = reader.query("SELECT table_name AS name FROM duckdb_tables() WHERE database_name = 'ledger'")
    return sorted({*PARQUET_CONTRACTS, *(row["name"] for row in tables)})
