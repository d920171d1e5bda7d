"""What the catalogue knows of deliveries and their slices, and the few changes it takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from finops.core.contracts import PARQUET_CONTRACTS

if TYPE_CHECKING:
    from finops.ledger.handover import PartLike
    from finops.ledger.store import Reader, Writer


@dataclass(frozen=True, order=True)
class Slice:
    """A part of the time line that a batch touches: a day, for charges of an account in a billing period."""

    contract: str
    account: str | None
    billing_period: datetime | None
    day: date | None

    @property
    def replaced_together(self) -> tuple[object, ...]:
        """What one version of a file replaces as a whole: an account's billing period, else a day."""
        if self.contract == "charge":
            return (self.contract, self.account, self.billing_period)
        return (self.contract, self.day)


def next_ingest(reader: Reader) -> int:
    """The number of a new ingest call."""
    return int(reader.query("SELECT coalesce(max(ingest), 0) + 1 AS n FROM batch")[0]["n"])


def add_delivery(writer: Writer, delivery_id: int, ingest: int, source: str, part: PartLike) -> None:
    """The catalogue's line for a file."""
    writer.execute(
        "INSERT INTO delivery VALUES ($1, $2, $3, $4, $5, $6, $7, NULL)",
        [delivery_id, ingest, source, part.name, part.origin or str(part.path), part.content_hash, part.size],
    )


def grow_delivery(writer: Writer, delivery_id: int, part: PartLike) -> None:
    """Notes that a file has grown and that its tail was loaded."""
    writer.execute(
        "UPDATE delivery SET content_hash = $2, disk_bytes = $3, path = $4 WHERE delivery_id = $1",
        [delivery_id, part.content_hash, part.size, str(part.path)],
    )


def same_content(reader: Reader, source: str, content_hash: str, before: int) -> str | None:
    """The name under which this very content is loaded, if it is. What follows a bar in a hash says that the content was read
    together with others: alone, it is the same content still, where an earlier call than `before` loaded it."""
    found = reader.query(
        "SELECT name FROM delivery WHERE source = $1 AND superseded_by IS NULL"
        " AND (content_hash = $2 OR (starts_with(content_hash, $2 || '|') AND ingest < $3)) ORDER BY delivery_id LIMIT 1",
        [source, content_hash, before],
    )
    return str(found[0]["name"]) if found else None


def same_size(reader: Reader, source: str, size: int) -> bool:
    """Whether a file of so many bytes on disk is loaded."""
    found = reader.query(
        "SELECT 1 AS one FROM delivery WHERE source = $1 AND disk_bytes = $2 AND superseded_by IS NULL LIMIT 1", [source, size]
    )
    return bool(found)


def contents_of(reader: Reader, source: str, name: str) -> list[str]:
    """The content hashes of the current files of a name, sorted."""
    rows = reader.query(
        "SELECT content_hash FROM delivery WHERE source = $1 AND name = $2 AND superseded_by IS NULL ORDER BY 1", [source, name]
    )
    return [str(row["content_hash"]) for row in rows]


def deliveries_named(reader: Reader, source: str, name: str, before: int) -> list[int]:
    """The current deliveries of a name that came with earlier calls than `before`."""
    rows = reader.query(
        "SELECT delivery_id FROM delivery WHERE source = $1 AND name = $2 AND ingest < $3 AND superseded_by IS NULL ORDER BY 1",
        [source, name, before],
    )
    return [row["delivery_id"] for row in rows]


def slices_of(reader: Reader, delivery_ids: Sequence[int]) -> set[Slice]:
    """The slices of the current batches of some deliveries."""
    rows = reader.query(
        "SELECT DISTINCT contract, account, billing_period, day FROM slice JOIN batch USING (batch_id)"
        " WHERE delivery_id IN (SELECT unnest($1)) AND superseded_by IS NULL",
        [list(delivery_ids)],
    )
    return {Slice(**row) for row in rows}


def name_of(reader: Reader, delivery_id: int) -> str:
    """A delivery's name."""
    return str(reader.query("SELECT name FROM delivery WHERE delivery_id = $1", [delivery_id])[0]["name"])


def supersede_delivery(writer: Writer, delivery_id: int, by: int) -> None:
    """Takes a delivery out of the ledger's present. Its parts stay on disk and in the catalogue."""
    for row in writer.query("SELECT batch_id FROM batch WHERE delivery_id = $1 AND superseded_by IS NULL", [delivery_id]):
        supersede_batch(writer, row["batch_id"], by)
    writer.execute("UPDATE delivery SET superseded_by = $2 WHERE delivery_id = $1", [delivery_id, by])


def supersede_batch(writer: Writer, batch_id: int, by: int) -> None:
    """Takes one batch out of the present; its slices are dirty until the next build."""
    contract = writer.query("SELECT contract FROM batch WHERE batch_id = $1", [batch_id])[0]["contract"]
    if contract not in PARQUET_CONTRACTS:
        writer.execute(f"DELETE FROM {contract} WHERE batch_id = $1", [batch_id])
    writer.execute("UPDATE batch SET superseded_by = $2, built = false WHERE batch_id = $1", [batch_id, by])


def mark_built(writer: Writer) -> None:
    """Notes that the models hold everything that was loaded."""
    writer.execute("UPDATE batch SET built = true WHERE NOT built")
