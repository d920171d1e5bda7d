"""Joins the many small parts that a collector's segments become: the same rows in one part, under one batch."""

from __future__ import annotations

import os
import shutil
import time
from typing import TYPE_CHECKING, Any

from finops.core.contracts import CONTRACTS
from finops.ledger.connect import quoted
from finops.ledger.loading import add_batch, add_rows, next_id
from finops.ledger.parts import aside, relation_sql
from finops.ledger.schema import LINEAGE

if TYPE_CHECKING:
    from finops.ledger.store import Writer

SMALL_BYTES = 8 << 20
"""Batches with less on disk are joined."""
MANY = 16
"""So many small batches of a source and contract are worth it."""
KEPT_S = 3600
"""Parts that were joined stay on disk so long, for readers that have opened the ledger before."""

_SMALL = """
    WITH small AS (
        SELECT d.source, b.contract, b.batch_id, b.delivery_id, b.row_count, b.reject_count, b.ingest
        FROM batch b JOIN delivery d ON d.delivery_id = b.delivery_id JOIN part p ON p.batch_id = b.batch_id
        WHERE b.superseded_by IS NULL AND b.built AND contains(d.path, '.spool/')
        GROUP BY ALL HAVING sum(p.disk_bytes) < $1)
    SELECT source, contract, list(batch_id ORDER BY batch_id) AS batches, min(delivery_id) AS delivery_id, max(ingest) AS ingest,
        CAST(sum(row_count) AS BIGINT) AS row_count, CAST(sum(reject_count) AS BIGINT) AS rejects
    FROM small GROUP BY source, contract HAVING count(*) >= $2 ORDER BY source, contract
"""
"""Segments are never delivered again under another content, so their batches may become one. What models are not built from yet
is left as it is."""


def compact(writer: Writer, many: int | None = None) -> int:
    """Joins small batches of the collector, source by source, in this writer's transaction, where there are `many` (MANY) of
    them; answers with how many were joined.
    A row's content stays, its number within its file goes; the segments' deliveries stay known by their content."""
    _drop_retired(writer)
    found = writer.query(_SMALL, [SMALL_BYTES, many or MANY])
    for group in found:
        _join(writer, group)
    return sum(len(group["batches"]) for group in found)


def _join(writer: Writer, group: dict[str, Any]) -> None:
    contract, batch_id = CONTRACTS[group["contract"]], next_id(writer, "batch")
    old = ", ".join(str(int(number)) for number in group["batches"])
    files = [row["file"] for row in writer.query(f"SELECT file FROM part WHERE batch_id IN ({old}) ORDER BY file")]
    folder = aside(writer.path)
    try:
        writer.execute(
            f"COPY (SELECT * REPLACE (CAST({batch_id} AS BIGINT) AS {LINEAGE[0]},"
            f" row_number() OVER (ORDER BY {', '.join(LINEAGE)}) AS {LINEAGE[1]})"
            f" FROM {relation_sql(contract, [writer.part_path(file) for file in files])})"
            f" TO {quoted(str(folder))} (FORMAT parquet, COMPRESSION zstd, ROW_GROUPS_PER_FILE 64)"
        )
        add_rows(writer, contract, tuple(sorted(folder.glob("*.parquet"))), group["row_count"], batch_id)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    counts = (group["row_count"], group["rejects"])
    add_batch(writer, contract, batch_id, group["delivery_id"], group["ingest"], counts, ["segments of the collector, joined"])
    writer.execute(f"UPDATE batch SET built = true WHERE batch_id = {batch_id}")
    writer.execute(f"UPDATE batch SET superseded_by = delivery_id WHERE batch_id IN ({old})")
    for table in ("reject", "stated_total"):
        writer.execute(f"UPDATE {table} SET batch_id = {batch_id} WHERE batch_id IN ({old})")
    for file in files:
        os.utime(writer.part_path(file))  # from now on it is kept for earlier readers only
    writer.refresh_views()


def _drop_retired(writer: Writer) -> None:
    """Takes out of the catalogue what was joined a while ago: a batch that its own delivery has superseded. The next writer
    removes the files."""
    retired = writer.query(
        "SELECT b.batch_id, p.file FROM batch b JOIN part p ON p.batch_id = b.batch_id WHERE b.superseded_by = b.delivery_id"
    )
    now = time.time()
    fresh = {row["batch_id"] for row in retired if _age(writer, row["file"], now) < KEPT_S}
    if old := ", ".join(str(int(row["batch_id"])) for row in retired if row["batch_id"] not in fresh):
        for table in ("part", "slice", "batch"):
            writer.execute(f"DELETE FROM {table} WHERE batch_id IN ({old})")


def _age(writer: Writer, file: str, now: float) -> float:
    path = writer.part_path(file)
    return now - path.stat().st_mtime if path.exists() else KEPT_S
