"""Turns what a source hands over into one relation of raw columns and row numbers that DuckDB streams."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from pathlib import Path
from typing import TYPE_CHECKING

from finops.core.contracts import Contract
from finops.errors import DataError, FinopsError
from finops.ledger.connect import engine_errors, named, quoted
from finops.ledger.csv_typed import ROW, TypedCsv, typed_csv
from finops.ledger.repeated_maps import RepeatedMap, repeated_maps

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from finops.ledger.handover import Scan

MAX_COLUMNS = 4_096
MAX_LINE_BYTES = 4 << 20
MOST_READERS = 4
"""Threads that parse blocks of a CSV file: one writes what they find, and is busier than four of them."""
_REJECTS, _SCANS = "finops_csv_rejects", "finops_csv_scans"
_NAME = r'"((?:[^"]|"")+)"'
_SPELLED = re.compile(
    rf"{_NAME}|CAST\({_NAME} AS VARCHAR\)|CAST\(to_json\({_NAME}\) AS VARCHAR\)"
    rf"|\(CAST\(CAST\({_NAME} AS TIMESTAMP\) AS VARCHAR\) \|\| 'Z'\)"
)
"""Expressions that say nothing but "this column as text"."""


Malformed = tuple[int, str | None, str, str]
"""File row, column, reason and text of a line that DuckDB set aside."""


@dataclass(frozen=True)
class Raw:
    """A SELECT of `part_row` and one raw column per mapped field. `types` are the raw columns' SQL types.
    `numbered` is true where row numbers do not depend on the order of reading."""

    sql: str
    types: dict[str, str]
    numbered: bool
    maps: dict[str, RepeatedMap] = dataclass_field(default_factory=dict)
    """Map columns of which every value is known: `sql` has their keys in place of them. See `repeated_maps`."""
    failures: list[FinopsError] = dataclass_field(default_factory=list)
    """What the source raised while its batches were taken; the engine would only repeat it in its own words."""


def check_scan(contract: Contract, scan: Scan) -> None:
    """Refuses a table that is none, and columns that the contract does not have."""
    where = str(scan.path)
    if len(scan.header) > MAX_COLUMNS:
        raise DataError(
            f"the header has {len(scan.header):,} columns, at most {MAX_COLUMNS:,} are read", where=where, hint="is this a table?"
        )
    unknown = sorted(set(scan.columns) - set(contract.names))
    if unknown:
        raise DataError(f"the source maps columns that `{contract.name}` does not have: {', '.join(unknown)}", where=where)


def raw_table(connection: duckdb.DuckDBPyConnection, contract: Contract, scan: Scan, rest: Path | None = None) -> Raw:
    """The raw relation of a file that DuckDB reads itself; of a CSV file only of the rows that are the `rest`, where there is
    one. The header and columns are checked before."""
    with engine_errors(
        "the file can't be read", where=str(scan.path), hint="is it complete? Export it again, or name its kind with `--source`"
    ):
        if scan.format in ("jsonl", "json"):
            return _select(connection, contract, scan, _json(scan), {})
        if scan.format == "csv" and rest is None:
            return _select(connection, contract, scan, _csv(connection, scan), {})
        floats = any(field.kind == "float" for field in contract.fields)
        base, native = _parquet(connection, rest or scan.path, floats, named(ROW) if rest else "file_row_number + 1")
        return _select(connection, contract, scan, base, native, numbered=True)


def raw_arrow(connection: duckdb.DuckDBPyConnection, contract: Contract, batches: Iterator[pa.RecordBatch]) -> Raw:
    """The raw relation of Arrow batches, taken as they come."""
    import pyarrow as pa

    first = next(batches, None)
    schema = first.schema if first is not None else pa.schema([(name, pa.string()) for name in contract.names])
    missing = set(contract.names) - set(schema.names)
    if missing:
        raise DataError(f"the source left out columns of `{contract.name}`: {', '.join(sorted(missing))}")

    failures: list[FinopsError] = []

    def stream() -> Iterator[pa.RecordBatch]:
        if first is not None:
            yield first
        try:
            yield from batches
        except FinopsError as error:
            failures.append(error)
            raise

    connection.register("finops_stream", pa.RecordBatchReader.from_batches(schema, stream()))
    types = {
        row[0]: row[1] for row in connection.execute("SELECT column_name, column_type FROM (DESCRIBE finops_stream)").fetchall()
    }
    columns = ", ".join(named(name) for name in contract.names)
    return Raw(f"SELECT row_number() OVER () AS part_row, {columns} FROM finops_stream", types, False, failures=failures)


def malformed_rows(connection: duckdb.DuckDBPyConnection, skip: int, where: str) -> list[Malformed]:
    """File row, column, reason and text of the CSV lines that DuckDB set aside, in file order. A quote that swallowed the lines
    behind it is an error: they would be lost."""
    if not _exists(connection, _REJECTS):
        return []
    open_quote = connection.execute(
        f"SELECT min(line) FROM {_REJECTS} WHERE CAST(error_type AS VARCHAR) = 'UNQUOTED VALUE'"
        " AND contains(rtrim(csv_line, chr(10) || chr(13)), chr(10))"
    ).fetchall()[0][0]
    if open_quote is not None:
        what = "a quote opens a cell here and does not close it as it should"
        raise DataError(what, where=f"{where}, line {open_quote}", hint="close it, and write quotes within a cell twice")
    found = connection.execute(
        "SELECT line, arg_min(column_name, column_idx), min(CAST(error_type AS VARCHAR)), min(left(csv_line, 200))"
        f" FROM {_REJECTS} GROUP BY line ORDER BY line"
    ).fetchall()
    return [(int(line) - skip, column, reason.lower().replace("_", " "), text) for line, column, reason, text in found]


def clear_malformed(connection: duckdb.DuckDBPyConnection) -> None:
    """Forgets the lines set aside by the last file."""
    for table in (_REJECTS, _SCANS):
        connection.execute(f"DROP TABLE IF EXISTS temp.{table}")


def _select(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    scan: Scan,
    base: str,
    native: dict[str, str],
    *,
    numbered: bool = False,
) -> Raw:
    made = {f.name: _source_of(scan.columns[f.name], native) for f in contract.fields if f.name in scan.columns}
    rows = f"({base}){f' WHERE {scan.where}' if scan.where else ''}"
    sql = f"SELECT {', '.join(['part_row', *(f'{sql} AS {named(name)}' for name, sql in made.items())])} FROM {rows}"
    described = connection.execute(f"SELECT column_name, column_type FROM (DESCRIBE {sql})").fetchall()
    types = {name: kind for name, kind in described if name != "part_row"}
    if not numbered:
        return Raw(sql, types, False)
    own = {name: (sql, _own_columns(sql, native)) for name, sql in made.items()}
    maps = repeated_maps(connection, contract, rows, own, types)
    chosen = ["part_row", *(f"{sql} AS {named(name)}" for name, sql in made.items() if name not in maps)]
    chosen += [f"{named(column)} AS {named(key)}" for known in maps.values() for key, column in known.keys.items()]
    sql = f"SELECT {', '.join(chosen)} FROM {rows}"
    return Raw(sql, {name: kind for name, kind in types.items() if name not in maps}, True, maps)


def _own_columns(expression: str, native: dict[str, str]) -> list[str]:
    """The file's own columns that an expression names, each once."""
    found = re.findall(_NAME, re.sub(r"'(?:[^']|'')*'", "''", expression))
    known = dict.fromkeys(name.replace('""', '"').lower() for name in found)
    return [native[name][1:-1].replace('""', '"') for name in known if name in native]


def _source_of(expression: str, native: dict[str, str]) -> str:
    """The typed column itself where the expression only spells it as text, else the expression."""
    spelled = _SPELLED.fullmatch(expression.strip())
    name = next((g for g in spelled.groups() if g), "") if spelled else ""
    return native.get(name.replace('""', '"').lower(), f"({expression})")


def _parquet(connection: duckdb.DuckDBPyConnection, file: Path, floats: bool, number: str) -> tuple[str, dict[str, str]]:
    """The file's rows, each with its `number`, and its columns by lower-case name. Floating numbers become text once, however
    many columns they feed; not where a contract keeps `floats`."""
    reader = f"read_parquet({quoted(str(file))}, file_row_number = true, hive_partitioning = false)"
    described = connection.execute(f"SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM {reader})").fetchall()
    kept = {name.lower(): named(name) for name, kind in described if kind != "BLOB"}
    numbers = [named(name) for name, kind in described if kind in ("DOUBLE", "FLOAT") and not floats]
    texts = f" REPLACE ({', '.join(f'CAST({name} AS VARCHAR) AS {name}' for name in numbers)})" if numbers else ""
    return f"SELECT *{texts}, {number} AS part_row FROM {reader}", kept


def csv_rows(
    connection: duckdb.DuckDBPyConnection, contract: Contract, scan: Scan, folder: Path, lineage: tuple[int, int]
) -> TypedCsv | None:
    """The rows of a large CSV file, typed in the `folder`; None where the engine has to read the lines."""
    threads = int(connection.execute("SELECT current_setting('threads')").fetchall()[0][0])
    return typed_csv(connection, contract, scan, _distinct(scan.header), folder, lineage, min(threads, MOST_READERS))


def _csv(connection: duckdb.DuckDBPyConnection, scan: Scan) -> str:
    clear_malformed(connection)
    columns = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in _distinct(scan.header))
    return (
        f"SELECT row_number() OVER () AS part_row, * FROM read_csv({quoted(str(scan.path))}, auto_detect = false, header = false,"
        f" skip = {scan.skip}, delim = {quoted(scan.delimiter)}, quote = '\"', escape = '\"', columns = {{{columns}}},"
        f" nullstr = '', max_line_size = {MAX_LINE_BYTES}, store_rejects = true,"
        f" rejects_table = '{_REJECTS}', rejects_scan = '{_SCANS}')"
    )


def _json(scan: Scan) -> str:
    columns = ", ".join(f"{quoted(name)}: 'JSON'" for name in _distinct(scan.header))
    texts = ", ".join(
        f"CASE WHEN json_type({named(name)}) IN ('OBJECT', 'ARRAY') THEN CAST({named(name)} AS VARCHAR)"
        f" ELSE {named(name)}->>'$' END AS {named(name)}"
        for name in _distinct(scan.header)
    )
    form = "array" if scan.format == "json" else "newline_delimited"
    return (
        f"SELECT row_number() OVER () AS part_row, {texts} FROM read_json({quoted(str(scan.path))}, format = '{form}',"
        f" columns = {{{columns}}}, maximum_object_size = {MAX_LINE_BYTES})"
    )


def _distinct(header: tuple[str, ...]) -> list[str]:
    """Column names that SQL can tell apart: a repeated or empty one gets its position."""
    seen: set[str] = set()
    names = []
    for position, name in enumerate(header, start=1):
        own = name if name and name.lower() not in seen else f"{name or 'column'}_{position}"
        seen.add(own.lower())
        names.append(own)
    return names


def _exists(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    found = connection.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = $1", [table]).fetchall()
    return bool(found[0][0])
