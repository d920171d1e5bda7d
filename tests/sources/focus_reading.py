"""Reads a FOCUS file as the ledger does: all columns as text, then the expressions that the source gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from finops.sources.base import Load, TableScan
from finops.sources.focus import SOURCE
from finops.sources.focus_columns import quoted


def scanned(path: Path, options: dict[str, Any] | None = None) -> TableScan:
    """The one scan of the file."""
    loads: list[Load] = [load for part in SOURCE.parts(path, path.parent) for load in SOURCE.open(part, options or {})]
    assert [load.contract for load in loads] == ["charge"]
    assert isinstance(loads[0].data, TableScan)
    assert list(loads[0].data.notes) == loads[0].notes
    return loads[0].data


def rows(path: Path, *wanted: str, options: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    """The wanted contract columns as text, in file order; null where the source maps nothing."""
    import duckdb

    scan = scanned(path, options)
    if scan.format == "parquet":
        base = (
            f"SELECT {', '.join(f'CAST({quoted(n)} AS VARCHAR) AS {quoted(n)}' for n in scan.header)} FROM read_parquet('{path}')"
        )
    else:
        columns = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in scan.header)
        base = (
            f"FROM read_csv('{path}', auto_detect = false, header = false, skip = {scan.skip}, delim = '{scan.delimiter}',"
            f" quote = '\"', escape = '\"', columns = {{{columns}}})"
        )
    selected = ", ".join(scan.columns.get(name, "NULL") for name in wanted)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return connection.execute(f"SELECT {selected} FROM ({base})").fetchall()
