"""Examines a ledger: its file, its parts against the catalogue, and what dead processes left behind."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from finops.errors import DataError
from finops.ledger.connect import attach, close, connect, engine_errors, parts_dir, quoted, spill_dir
from finops.ledger.migrations import newest_version, schema_version
from finops.ledger.parts import orphans, sha256_of, stale_copies

if TYPE_CHECKING:
    from finops.core.talk import Talk


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `ok` is false where data is missing or damaged."""

    check: str
    ok: bool
    detail: str


@dataclass(frozen=True)
class Health:
    """What an examination found. `leftovers` are files that nobody needs, unless a writer is at work."""

    findings: tuple[Finding, ...]
    leftovers: tuple[Path, ...]
    outdated: bool = False
    """Whether the ledger has an older schema, which only a writer brings up to date."""

    @property
    def sound(self) -> bool:
        return all(finding.ok for finding in self.findings)


@dataclass(frozen=True)
class _Listed:
    file: str
    rows: int
    disk_bytes: int
    content_hash: str


def examine(path: Path, talk: Talk) -> Health:
    """Reads the catalogue and every part. Changes nothing."""
    spill = spill_dir(path)
    connection = connect(spill)
    try:
        attach(connection, path, read_only=True)
        version = schema_version(connection, path)
        findings = [Finding("ledger file", True, f"DuckDB {duckdb.__version__}, schema {version} of {newest_version()}")]
        with engine_errors("the catalogue can't be read", where=str(path)):
            listed = connection.execute("SELECT file, row_count, disk_bytes, content_hash FROM part ORDER BY file").fetchall()
            unbuilt = connection.execute("SELECT count(*) FROM batch WHERE NOT built").fetchall()[0][0]
            rejects = connection.execute("SELECT count(*) FROM reject").fetchall()[0][0]
            old = connection.execute(
                "SELECT count(*), coalesce(sum(disk_bytes), 0) FROM part JOIN batch USING (batch_id)"
                " WHERE superseded_by IS NOT NULL"
            ).fetchall()[0]
        findings += _parts(connection, path, [_Listed(*row) for row in listed], talk)
        findings.append(Finding("older versions", True, f"{old[0]:,} parts ({old[1]:,} bytes) of deliveries that were replaced"))
        findings.append(Finding("rejects", True, f"{rejects:,} rows could not be read: `finops query 'SELECT * FROM reject'`"))
        findings.append(
            Finding("unbuilt", True, f"{unbuilt:,} batches wait for `finops build`" if unbuilt else "none: every batch is built")
        )
    finally:
        close(connection, spill)
    known = {row[0] for row in listed}
    return Health(tuple(findings), (*stale_copies(path), *orphans(path, known)), version < newest_version())


def _parts(connection: duckdb.DuckDBPyConnection, path: Path, listed: list[_Listed], talk: Talk) -> list[Finding]:
    talk.stage("Checking parts", total=sum(part.disk_bytes for part in listed))
    findings = []
    for part in listed:
        fault = _fault(connection, parts_dir(path) / part.file, part)
        if fault:
            findings.append(Finding("part", False, f"{part.file}: {fault}"))
        talk.advance(part.disk_bytes, part.rows)
    rows = sum(part.rows for part in listed)
    return [
        *findings,
        Finding("parts", not findings, f"{len(listed):,} in the catalogue, {rows:,} rows, {len(findings):,} damaged"),
    ]


def _fault(connection: duckdb.DuckDBPyConnection, file: Path, part: _Listed) -> str | None:
    if not file.is_file():
        return "missing"
    if file.stat().st_size != part.disk_bytes:
        return f"{file.stat().st_size:,} bytes instead of {part.disk_bytes:,}"
    if sha256_of(file) != part.content_hash:
        return "the content is not what was written"
    try:
        with engine_errors("unreadable"):
            rows = connection.execute(f"SELECT count(*) FROM read_parquet({quoted(str(file))})").fetchall()[0][0]
    except DataError as error:
        return error.what
    return None if rows == part.rows else f"{rows:,} rows instead of {part.rows:,}"
