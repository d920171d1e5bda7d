"""Brings a ledger file to the schema of this release by running the numbered SQL files it has not seen."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from finops.core.contracts import CONTRACTS, PARQUET_CONTRACTS
from finops.errors import DataError
from finops.ledger.schema import table_columns

if TYPE_CHECKING:
    import duckdb

_FOLDER = Path(__file__).parent / "migrations"


@cache
def migrations() -> tuple[tuple[int, Path], ...]:
    """Number and file of every migration, in order."""
    files = sorted(_FOLDER.glob("[0-9]*.sql"))
    return tuple((int(file.name.split("_")[0]), file) for file in files)


def newest_version() -> int:
    """The schema version of this release."""
    return migrations()[-1][0]


def schema_version(connection: duckdb.DuckDBPyConnection, path: Path) -> int:
    """The schema version of the attached ledger; 0 for an empty file. Refuses what a newer finops wrote."""
    tables = {row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables() WHERE NOT temporary").fetchall()}
    if not tables:
        return 0
    found = []
    if "meta" in tables:
        found = connection.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchall()
    if not found or not str(found[0][0]).isdigit():
        raise DataError(
            "this is a DuckDB database, but not a finops ledger", where=str(path), hint="give another file with `--ledger`"
        )
    version = int(found[0][0])
    if version > newest_version():
        raise DataError(
            f"the ledger was written by a newer finops (its schema is {version}, this finops knows {newest_version()})",
            where=str(path),
            hint="upgrade finops, or give another file with `--ledger`",
        )
    return version


def migrate(connection: duckdb.DuckDBPyConnection, version: int) -> bool:
    """Runs what is missing after `version`; true when something was run."""
    missing = [(number, file) for number, file in migrations() if number > version]
    for _, file in missing:
        connection.execute(file.read_text(encoding="utf-8"))
    if missing:
        for contract in CONTRACTS.values():
            if contract.name not in PARQUET_CONTRACTS:
                connection.execute(f"CREATE TABLE IF NOT EXISTS {contract.name} ({table_columns(contract)})")
        connection.execute("INSERT OR REPLACE INTO meta VALUES ('schema_version', $1)", [str(newest_version())])
    return bool(missing)
