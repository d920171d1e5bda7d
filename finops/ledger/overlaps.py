"""Charges that two deliveries both bring: found by account, billing period and charge days, and replaced where that is asked."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from finops.core.contracts import CHARGE
from finops.ledger.catalogue import supersede_batch
from finops.ledger.connect import named, quoted
from finops.ledger.loading import add_batch, add_rows, next_id
from finops.ledger.parts import aside, relation_sql
from finops.ledger.schema import LINEAGE
from finops.ledger.totals import ACCOUNT

if TYPE_CHECKING:
    from finops.ledger.store import Reader, Writer


@dataclass(frozen=True)
class Overlap:
    """An earlier batch that holds charges of the same account, billing period and days as a new delivery."""

    batch_id: int
    delivery_id: int
    name: str
    account: str
    billing_period: datetime
    first: date
    last: date


def overlaps(reader: Reader, delivery_id: int, before: int) -> list[Overlap]:
    """Where a delivery brings what earlier calls than `before` brought under other names."""
    rows = reader.query(
        """
        WITH present AS (
            SELECT batch_id, delivery_id, ingest, account, billing_period, day FROM slice JOIN batch USING (batch_id)
            WHERE contract = 'charge' AND superseded_by IS NULL),
        fresh AS (SELECT DISTINCT account, billing_period, day FROM present WHERE delivery_id = $1)
        SELECT batch_id, delivery_id, delivery.name, account, billing_period, min(day) AS first, max(day) AS last
        FROM present JOIN fresh USING (account, billing_period, day) JOIN delivery USING (delivery_id)
        WHERE present.ingest < $2 AND present.delivery_id <> $1
        GROUP BY batch_id, delivery_id, delivery.name, account, billing_period
        ORDER BY batch_id, account, billing_period
        """,
        [delivery_id, before],
    )
    return [Overlap(**row) for row in rows]


def replace_overlaps(writer: Writer, fresh: Mapping[int, Sequence[Overlap]], ingest: int) -> None:
    """Takes out of earlier batches what new deliveries replace: of each, per account and billing period, its days from first to
    last. `fresh` gives the overlaps of each new delivery of the call; all of them are settled at once.

    What is left of an earlier batch goes on as a batch of the same delivery."""
    numbers = ", ".join(str(int(number)) for number in sorted(fresh))
    writer.execute(
        f"CREATE OR REPLACE TEMP TABLE replaced_days AS SELECT account, billing_period, min(day) AS first, max(day) AS last"
        f" FROM slice JOIN batch USING (batch_id) WHERE delivery_id IN ({numbers}) AND superseded_by IS NULL"
        f" GROUP BY delivery_id, account, billing_period"
    )
    for item in (item for found in fresh.values() for item in found):
        values = [item.account, item.billing_period, item.first, item.last]
        writer.execute("INSERT INTO replaced_days VALUES ($1, $2, $3, $4)", values)
    by: dict[tuple[int, int], int] = {}
    for number, found in sorted(fresh.items()):
        for item in found:
            by.setdefault((item.batch_id, item.delivery_id), number)
    for (batch_id, own), number in sorted(by.items()):
        rest = _keep_rest(writer, batch_id, own, ingest)
        supersede_batch(writer, batch_id, number)
        if not rest:
            writer.execute("UPDATE delivery SET superseded_by = $2 WHERE delivery_id = $1", [own, number])
    writer.execute("DROP TABLE temp.replaced_days")


def _keep_rest(writer: Writer, batch_id: int, delivery_id: int, ingest: int) -> int:
    """Carries the rows that are not replaced into a new batch; answers with their number."""
    files = [row["file"] for row in writer.query("SELECT file FROM part WHERE batch_id = $1 ORDER BY file", [batch_id])]
    paths = [writer.part_path(file) for file in files]
    old = relation_sql(CHARGE, paths)
    rest_id, folder = next_id(writer, "batch"), aside(writer.path)
    try:
        writer.execute(
            f"COPY (SELECT * REPLACE (CAST({rest_id} AS BIGINT) AS {LINEAGE[0]}) FROM {old} AS old WHERE NOT EXISTS"
            f" (SELECT 1 FROM replaced_days AS r WHERE r.account = {ACCOUNT} AND r.billing_period = old.BillingPeriodStart"
            f" AND CAST(old.{named(CHARGE.time or '')} AS DATE) BETWEEN r.first AND r.last))"
            f" TO {quoted(str(folder))} (FORMAT parquet, COMPRESSION zstd, ROW_GROUPS_PER_FILE 64)"
        )
        rest = tuple(sorted(folder.glob("*.parquet")))
        rows = writer.query(f"SELECT count(*) AS n FROM {relation_sql(CHARGE, rest)}")[0]["n"] if rest else 0
        if rows:
            add_rows(writer, CHARGE, rest, rows, rest_id)
            add_batch(writer, CHARGE, rest_id, delivery_id, ingest, (rows, 0), [f"what was left of batch {batch_id}"])
        return int(rows)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
