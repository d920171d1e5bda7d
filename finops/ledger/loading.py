"""Loads rows of one contract into the ledger as a batch: parts or table rows, rejects, totals and slices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from finops.core.contracts import CONTRACTS, PARQUET_CONTRACTS, Contract
from finops.core.numbers import plain_decimal
from finops.ledger.connect import engine_errors
from finops.ledger.identity import UNCHECKED, Identity, identity_of
from finops.ledger.origins import doubled_origins
from finops.ledger.parts import relation_sql, sealing
from finops.ledger.schema import column_names
from finops.ledger.staging import staged
from finops.ledger.totals import Control, control_totals, slices_sql, typed_totals

if TYPE_CHECKING:
    from finops.ledger.handover import LoadLike
    from finops.ledger.store import Writer


_CONTROL_TYPES = ("TIMESTAMP", "VARCHAR", "VARCHAR", "VARCHAR", "BIGINT", "VARCHAR", "VARCHAR", "VARCHAR")


@dataclass(frozen=True)
class Batch:
    """What one load brought."""

    batch_id: int
    contract: str
    rows: int
    rejected: int
    controls: tuple[Control, ...]
    notes: tuple[str, ...]
    identity: Identity = UNCHECKED


def load_batch(
    writer: Writer,
    load: LoadLike,
    *,
    delivery_id: int,
    ingest: int,
    where: str,
    rows_before: int = 0,
    read: Callable[[], None] = lambda: None,
) -> Batch:
    """Reads a load and adds it to the ledger as a new batch of the delivery. `where` names the file in errors;
    `rows_before` counts the rows of the file that earlier batches hold. `read` is called when all is read and nothing is in the
    ledger but the rejects; what it raises takes these out again."""
    contract = CONTRACTS[load.contract]
    batch_id = next_id(writer, "batch")
    with staged(writer, contract, load, batch_id, where, rows_before) as rows:
        try:
            read()
        except BaseException:
            writer.execute("DELETE FROM reject WHERE batch_id = $1", [batch_id])
            raise
        notes = [*load.notes]
        if rows.unread_maps:
            notes.append(f"{rows.unread_maps:,} rows have tags or attributes that are not a JSON object; they are kept without")
        if contract.name == "charge" and rows.rows:
            notes += doubled_origins(writer, rows.relation)
        identity = identity_of(writer.query, rows.relation) if contract.name == "call" and rows.files else UNCHECKED
        controls = add_rows(writer, contract, rows.files, rows.rows, batch_id, rows.amounts)
        add_batch(writer, contract, batch_id, delivery_id, ingest, (rows.rows, rows.rejected), notes)
        for name, total in sorted(load.control_totals.items()):
            writer.execute("INSERT INTO stated_total VALUES ($1, $2, $3)", [batch_id, name, total])
        return Batch(batch_id, contract.name, rows.rows, rows.rejected, tuple(controls), tuple(notes), identity)


def add_batch(
    writer: Writer, contract: Contract, batch_id: int, delivery_id: int, ingest: int, counts: tuple[int, int], notes: list[str]
) -> None:
    """The catalogue's line for a batch."""
    writer.execute(
        "INSERT INTO batch VALUES ($1, $2, $3, $4, $5, $6, $7, NULL, false)",
        [batch_id, delivery_id, ingest, contract.name, *counts, notes],
    )


def add_rows(
    writer: Writer, contract: Contract, files: tuple[Path, ...], rows: int, batch_id: int, amounts: str | None = None
) -> list[Control]:
    """Puts staged rows where the contract lives, with their slices; answers with the totals, for charges."""
    if not rows:
        return []
    in_parts = contract.name in PARQUET_CONTRACTS
    staged_rows = relation_sql(contract, files)
    with sealing(files if in_parts else ()) as sealed:
        writer.execute(f"INSERT INTO slice {slices_sql(contract, staged_rows, batch_id)}")
        controls = _totals(writer, staged_rows, amounts) if contract.name == "charge" else []
        _add_controls(writer, batch_id, controls)
        if not in_parts:
            writer.execute(f"INSERT INTO {contract.name} SELECT {column_names(contract)} FROM {staged_rows}")
            return controls
        for file in files:
            count = writer.query(f"SELECT count(*) AS n FROM {relation_sql(contract, (file,))}")[0]["n"]
            part = writer.add_part(file, contract.name, count, sealed(file))
            writer.execute(
                "INSERT INTO part VALUES ($1, $2, $3, $4, $5, $6)",
                [part.file, batch_id, contract.name, count, part.disk_bytes, part.content_hash],
            )
    return controls


def _totals(writer: Writer, staged_rows: str, amounts: str | None) -> list[Control]:
    connection = writer.connection
    with engine_errors("the amounts can't be added up", hint="they come to more than 26 digits: is a column shifted?"):
        return typed_totals(connection, staged_rows, amounts) if amounts else control_totals(connection, staged_rows)


def _add_controls(writer: Writer, batch_id: int, controls: list[Control]) -> None:
    if not controls:
        return
    rows = [
        (
            total.billing_period,
            total.issuer,
            total.account,
            total.currency,
            total.rows,
            plain_decimal(total.source_total),
            plain_decimal(total.rounding),
            str(total.stored),
        )
        for total in controls
    ]
    columns = ", ".join(f"unnest(${place}::{kind}[])" for place, kind in enumerate(_CONTROL_TYPES, 1))
    writer.execute(f"INSERT INTO control SELECT {batch_id}, {columns}", [list(column) for column in zip(*rows, strict=True)])


def next_id(writer: Writer, table: str) -> int:
    """The next number of a batch or delivery; numbers are never used twice."""
    return int(writer.query(f"SELECT coalesce(max({table}_id), 0) + 1 AS n FROM {table}")[0]["n"])
