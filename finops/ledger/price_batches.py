"""Dated batches of prices in the ledger: what a refresh or an import brought. A batch is added and never changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from finops.ledger.store import Reader, Writer

Rows = list[dict[str, Any]]
FACT_COLUMNS = (
    *("kind", "provider", "region", "sku", "purchase_option", "unit", "price", "currency", "share", "low", "high"),
    *("tier_from", "valid_from", "valid_to", "as_of", "source", "derived_from", "line"),
)
"""What a fact is made of. `kind` is price, discount or saving; what a kind lacks is null. `line` is that of an imported file."""

_TABLES = """
CREATE TABLE IF NOT EXISTS price_batch (batch VARCHAR, name VARCHAR, position BIGINT, own BOOLEAN, complete BOOLEAN, as_of DATE,
    source VARCHAR, facts BIGINT, digest VARCHAR);
CREATE TABLE IF NOT EXISTS price_fact (batch VARCHAR, kind VARCHAR, provider VARCHAR, region VARCHAR, sku VARCHAR,
    purchase_option VARCHAR, unit VARCHAR, price DECIMAL(38, 18), currency VARCHAR, share DECIMAL(38, 18), low DECIMAL(38, 18),
    high DECIMAL(38, 18), tier_from DECIMAL(38, 6), valid_from DATE, valid_to DATE, as_of DATE, source VARCHAR,
    derived_from VARCHAR);
ALTER TABLE price_fact ADD COLUMN IF NOT EXISTS line BIGINT;
"""
_DECIMALS = {"price": "DECIMAL(38, 18)", "share": "DECIMAL(38, 18)", "low": "DECIMAL(38, 18)", "high": "DECIMAL(38, 18)"}
_DECIMALS["tier_from"] = "DECIMAL(38, 6)"


@dataclass(frozen=True)
class PriceBatch:
    """A batch to be added. `name` is its provider or file; a later batch of a contract (`own`) takes the place of earlier ones
    of its name, a later one of a list stands beside them. `digest` tells same from changed content."""

    name: str
    own: bool
    complete: bool
    as_of: date
    source: str
    digest: str


def add_price_batch(writer: Writer, batch: PriceBatch, facts: Sequence[Sequence[Any]]) -> str | None:
    """Adds a batch of facts (in the order of FACT_COLUMNS, decimals as text) and answers its id; None where the newest batch
    of that name and day, or for a contract of that name, holds the same already."""
    import pyarrow as pa

    for statement in _TABLES.split(";"):
        if statement.strip():
            writer.execute(statement)
    same_day = "" if batch.own else "AND as_of = $as_of"
    newest = writer.query(
        f"SELECT digest FROM price_batch WHERE name = $name AND own = $own {same_day} ORDER BY position DESC LIMIT 1",
        {"name": batch.name, "own": batch.own, **({} if batch.own else {"as_of": batch.as_of})},
    )
    if newest and newest[0]["digest"] == batch.digest:
        return None
    position = writer.query("SELECT coalesce(max(position), 0) + 1 AS next FROM price_batch")[0]["next"]
    name = f"{batch.name}-{batch.as_of.isoformat()}-{batch.digest[:8]}-{position}"
    writer.execute(
        "INSERT INTO price_batch VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        [name, batch.name, position, batch.own, batch.complete, batch.as_of, batch.source, len(facts), batch.digest],
    )
    types = {"valid_from": pa.date32(), "valid_to": pa.date32(), "as_of": pa.date32(), "line": pa.int64()}
    columns = list(zip(*facts, strict=True)) or [()] * len(FACT_COLUMNS)
    table = pa.table({c: pa.array(v, types.get(c, pa.string())) for c, v in zip(FACT_COLUMNS, columns, strict=True)})
    casts = ", ".join(f"CAST({column} AS {_DECIMALS[column]})" if column in _DECIMALS else column for column in FACT_COLUMNS)
    writer.connection.register("incoming_price_facts", table)
    try:
        writer.execute(f"INSERT INTO price_fact SELECT $1, {casts} FROM incoming_price_facts", [name])
    finally:
        writer.connection.unregister("incoming_price_facts")
    return name


def price_batches(reader: Reader, at: date | None = None) -> Rows:
    """The batches known on the day `at` (None: all), in the order in which they were added."""
    if not _has_batches(reader):
        return []
    return reader.query(
        "SELECT * FROM price_batch WHERE $at IS NULL OR as_of <= CAST($at AS DATE) ORDER BY position",
        {"at": at and at.isoformat()},
    )


def price_facts(
    reader: Reader,
    at: date | None = None,
    *,
    skus: Sequence[str] | None = None,
    history: bool = False,
    upto: int | None = None,
    units: Sequence[str] | None = None,
) -> Rows:
    """The facts known on the day `at` with `name`, `own`, `complete` and `listed_on` of their batch, in the order of batches.
    Of a fact that several lists tell only the newest, but all of them with `history`; of a contract its last version. `upto` is
    the position of the last batch that counts. `units` leaves out prices of other units: lists of a cloud's machines are long."""
    if not _has_batches(reader):
        return []
    newest = (
        ""
        if history
        else """QUALIFY row_number() OVER (
            PARTITION BY f.kind, b.own, f.provider, f.region, f.sku, f.purchase_option, f.tier_from, f.valid_from
            ORDER BY f.as_of DESC, b.position DESC
        ) = 1"""
    )
    known = {row["column_name"] for row in reader.query("DESCRIBE ledger.price_fact")}  # an older finops kept no lines
    columns = ", ".join(f"f.{column}" if column in known else f"NULL AS {column}" for column in FACT_COLUMNS)
    parameters: dict[str, Any] = {"at": at and at.isoformat(), "skus": None if skus is None else list(skus), "upto": upto}
    parameters |= {"units": None if units is None else list(units)}
    return reader.query(
        f"""
        WITH known AS (
            SELECT *, row_number() OVER (PARTITION BY name, own ORDER BY position DESC) AS nth FROM price_batch
            WHERE ($at IS NULL OR as_of <= CAST($at AS DATE)) AND ($upto IS NULL OR position <= $upto)
        )
        SELECT b.name, b.own, b.complete, b.as_of AS listed_on, b.batch, b.position, {columns}
        FROM price_fact f JOIN known b ON b.batch = f.batch
        WHERE (NOT b.own OR b.nth = 1)
            AND ($units IS NULL OR f.kind <> 'price' OR list_contains(CAST($units AS VARCHAR[]), f.unit))
            AND ($skus IS NULL OR f.kind = 'discount' OR list_contains(CAST($skus AS VARCHAR[]), f.sku))
        {newest}
        ORDER BY b.position, f.kind, f.provider, f.region, f.sku, f.purchase_option, f.tier_from, f.valid_from
        """,
        parameters,
    )


def _has_batches(reader: Reader) -> bool:
    return bool(
        reader.query("SELECT 1 AS one FROM duckdb_tables() WHERE table_name = 'price_batch' AND database_name = 'ledger'")
    )
