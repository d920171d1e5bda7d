"""One streaming pass over what a source hands over: raw columns in, typed Parquet out, faults marked row by row."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from finops.core.contracts import Contract
from finops.errors import DataError
from finops.ledger.casting import Cast, define_casts, reason_sql
from finops.ledger.connect import engine_errors, named, quoted
from finops.ledger.marked import TEXT_SHOWN, exact_amounts, marked_sql
from finops.ledger.parts import aside, relation_sql
from finops.ledger.plain import write_plain
from finops.ledger.scan import Malformed, Raw, check_scan, clear_malformed, csv_rows, malformed_rows, raw_arrow, raw_table
from finops.ledger.schema import LINEAGE
from finops.ledger.totals import CONTROL_KEY

if TYPE_CHECKING:
    from finops.ledger.handover import LoadLike
    from finops.ledger.store import Writer

ROW_GROUP_ROWS, ROWS_HELD = 49_152, 98_304
"""Each thread holds a row group while it is made: this, not the size of the input, is what a load takes in memory. All threads
together hold `ROWS_HELD` at most."""
MOST_THREADS = 4
"""Each thread reads with buffers of its own, too: more of them would take more than half a gigabyte."""
ROWS_PER_FILE = 7_864_320
"""Several medium files are scanned better than one huge one."""
PACKING_LEVEL = 1
"""Of zstd: a fifth less work than its usual level, for parts that are two hundredths larger."""


@dataclass(frozen=True)
class Staged:
    """Typed rows in Parquet files that no one else knows yet. `unread_maps` counts rows kept without an unreadable map."""

    contract: Contract
    files: tuple[Path, ...]
    rows: int
    rejected: int
    unread_maps: int
    amounts: str | None = None
    """The raw amounts with their keys, as a SELECT on the file itself, where it holds exact numbers. Else the staged rows keep
    the raw text beside an amount that does not say it all."""

    @property
    def relation(self) -> str:
        """The staged rows, for a FROM."""
        return relation_sql(self.contract, self.files)


@contextmanager
def staged(
    writer: Writer, contract: Contract, load: LoadLike, batch_id: int, where: str, rows_before: int = 0
) -> Iterator[Staged]:
    """Reads a load into typed Parquet and its rejects into the table `reject`."""
    first, second, third = (aside(writer.path) for _ in range(3))
    connection = writer.connection
    try:
        if not writer.casts_defined:
            define_casts(connection)
            writer.casts_defined = True
        plain, raw, before = _split(writer, contract, load, third, (batch_id, rows_before))
        if raw is not None:
            with _source_errors(raw, where):
                sql = marked_sql(contract, raw, (batch_id, before), where)
                _write(writer, sql, first, keep_order=not raw.numbered)
        malformed = _malformed(writer, load, where)
        marked = tuple(sorted(first.glob("*.parquet")))
        rejected, unread = _faults(writer, marked)
        _note_rejects(writer, contract, load, marked if rejected else (), malformed, batch_id)
        if rejected or malformed:
            _write(writer, _sound_sql(marked, malformed), second, keep_order=True)
            shutil.rmtree(first)
            marked = tuple(sorted(second.glob("*.parquet")))
        files = (*plain, *marked)
        rows = connection.execute(f"SELECT count(*) FROM {relation_of(files)}").fetchall()[0][0] if files else 0
        amounts = _amounts_sql(contract, raw, batch_id, rejected) if raw and exact_amounts(contract, raw) else None
        yield Staged(contract, files, rows, rejected + len(malformed) + len(load.rejects), unread, amounts)
    finally:
        clear_malformed(connection)
        connection.execute("DROP VIEW IF EXISTS temp.finops_stream")
        for folder in (first, second, third):
            shutil.rmtree(folder, ignore_errors=True)


def relation_of(files: tuple[Path, ...]) -> str:
    """Parquet files as one relation."""
    return f"read_parquet([{', '.join(quoted(str(file)) for file in files)}], hive_partitioning = false)"


def _split(
    writer: Writer, contract: Contract, load: LoadLike, folder: Path, lineage: tuple[int, int]
) -> tuple[tuple[Path, ...], Raw | None, int]:
    """Files of the rows that need no look of the engine's, what it has to look at (None where nothing is left), and how many rows
    come before the first that this counts."""
    data, connection, before = load.data, writer.connection, lineage[1]
    if isinstance(data, Iterator):
        plain = write_plain(connection, contract, data, folder, lineage)
        rest = None if plain.rest is None else raw_arrow(connection, contract, plain.rest)
        return plain.files, rest, before + plain.rows
    check_scan(contract, data)
    typed = csv_rows(connection, contract, data, folder, lineage) if data.format == "csv" else None
    if typed is None:
        if data.follower is not None:
            _ = data.follower.value  # whatever is wrong with the text is told before the engine meets it
        return (), raw_table(connection, contract, data), before
    return typed.files, raw_table(connection, contract, data, typed.rest) if typed.rest else None, before


def _malformed(writer: Writer, load: LoadLike, where: str) -> list[Malformed]:
    data = load.data
    return [] if isinstance(data, Iterator) or data.format != "csv" else malformed_rows(writer.connection, data.skip, where)


@contextmanager
def _source_errors(raw: Raw, where: str) -> Iterator[None]:
    try:
        with engine_errors("the file can't be read", where=where, hint="is it complete? Export it again"):
            yield
    except DataError as error:
        if raw.failures:
            raise raw.failures[0] from error
        raise


def _amounts_sql(contract: Contract, raw: Raw, batch_id: int, rejected: int) -> str:
    """Keys and raw amounts of the rows that were not rejected."""
    casts = [
        Cast(field, raw.types[field.name]) for field in contract.fields if field.name in raw.types and field.name in CONTROL_KEY
    ]
    given = ", ".join(f"{cast.given} AS {named(cast.field.name)}" for cast in casts)
    known = {cast.field.name: f"{cast.value} AS {named(cast.field.name)}" for cast in casts}
    keys = ", ".join(known.get(name, f"NULL AS {named(name)}") for name in CONTROL_KEY)
    sound = f" WHERE part_row NOT IN (SELECT row_number FROM reject WHERE batch_id = {batch_id})" if rejected else ""
    return f"SELECT {keys}, amount FROM (SELECT {given}, BilledCost AS amount FROM ({raw.sql}){sound})"


def _sound_sql(files: tuple[Path, ...], malformed: list[Malformed]) -> str:
    """The staged rows without those at fault. Lines that DuckDB set aside moved the row numbers; this moves them back."""
    source = f"SELECT * FROM {relation_of(files)} WHERE fault_column IS NULL"
    if not malformed:
        return source
    before = ", ".join(f"({row - place - 1}, {place + 1})" for place, (row, *_) in enumerate(malformed))
    return (
        f"SELECT * REPLACE (part_row + coalesce(moved, 0) AS part_row) FROM (SELECT s.*, m.moved FROM ({source}) AS s"
        f" ASOF LEFT JOIN (SELECT sound, max(moved) AS moved FROM (VALUES {before}) AS v(sound, moved) GROUP BY sound) AS m"
        f" ON s.part_row > m.sound)".replace("SELECT * REPLACE", "SELECT * EXCLUDE (moved) REPLACE", 1)
    )


def _write(writer: Writer, sql: str, folder: Path, *, keep_order: bool) -> None:
    connection = writer.connection
    threads = int(connection.execute("SELECT current_setting('threads')").fetchall()[0][0])
    rows = _group_rows(min(threads, MOST_THREADS))
    connection.execute(f"SET preserve_insertion_order = {'true' if keep_order else 'false'}")
    connection.execute(f"SET threads = {min(threads, MOST_THREADS)}")
    try:
        connection.execute(
            f"COPY ({sql}) TO {quoted(str(folder))} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL {PACKING_LEVEL},"
            f" ROW_GROUP_SIZE {rows}, ROW_GROUPS_PER_FILE {ROWS_PER_FILE // rows})"
        ).fetchall()
    finally:
        connection.execute(f"SET threads = {threads}")
        connection.execute("SET preserve_insertion_order = true")


def _group_rows(threads: int) -> int:
    """Rows of a row group: whole vectors of the engine."""
    return min(ROW_GROUP_ROWS, ROWS_HELD // threads // 2048 * 2048)


def _faults(writer: Writer, files: tuple[Path, ...]) -> tuple[int, int]:
    if not files:
        return 0, 0
    found = writer.connection.execute(
        f"SELECT count(fault_column), count(*) FILTER (fault_map AND fault_column IS NULL) FROM {relation_of(files)}"
    ).fetchall()
    return int(found[0][0]), int(found[0][1])


def _note_rejects(
    writer: Writer,
    contract: Contract,
    load: LoadLike,
    files: tuple[Path, ...],
    malformed: list[Malformed],
    batch_id: int,
) -> None:
    said = [(batch_id, r.row, r.column, r.reason, (r.text or "")[:TEXT_SHOWN] or None) for r in load.rejects]
    said += [(batch_id, row, column, f"malformed line: {reason}", text) for row, column, reason, text in malformed]
    if said:
        import pyarrow as pa

        names = ("batch_id", "row_number", "column_name", "reason", "raw_text")
        types = (pa.int64(), pa.int64(), pa.string(), pa.string(), pa.string())
        table = pa.table(
            dict(zip(names, (pa.array(c, t) for c, t in zip(zip(*said, strict=True), types, strict=True)), strict=True))
        )
        writer.connection.register("finops_said", table)
        writer.execute("INSERT INTO reject SELECT * FROM finops_said")
        writer.connection.unregister("finops_said")
    if files:
        marked = _sound_sql(files, malformed).replace("fault_column IS NULL", "fault_column IS NOT NULL", 1)
        writer.execute(
            f"INSERT INTO reject SELECT {LINEAGE[0]}, {LINEAGE[1]}, fault_column,"
            f" {reason_sql(contract.fields, 'fault_column', 'fault_text')}, fault_text FROM ({marked}) ORDER BY {LINEAGE[1]}"
        )
