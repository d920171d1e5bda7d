"""A plain in-memory database with the ledger's tables, for tests of the models alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from finops.core.contracts import CONTRACTS
from finops.ledger.schema import sql_type

CATALOGUE = """
CREATE TABLE control (batch_id BIGINT, billing_period TIMESTAMP, issuer VARCHAR, account VARCHAR, currency VARCHAR,
    row_count BIGINT,
    source_total VARCHAR, rounding VARCHAR, stored DECIMAL(38, 12));
CREATE TABLE batch (batch_id BIGINT, delivery_id BIGINT, superseded_by BIGINT);
CREATE TABLE delivery (delivery_id BIGINT, source VARCHAR);
CREATE TABLE provider_alias (alias VARCHAR, provider VARCHAR);
CREATE TABLE model_alias (provider_raw VARCHAR, model_raw VARCHAR, provider VARCHAR, model VARCHAR);
CREATE TABLE price_token (batch VARCHAR, provider VARCHAR, model VARCHAR, token_class VARCHAR,
    service_tier VARCHAR, variant VARCHAR,
    min_input_tokens BIGINT, valid_from TIMESTAMP, valid_to TIMESTAMP, tod_from TIME, tod_to TIME, price DECIMAL(38, 18),
    currency VARCHAR, source VARCHAR, as_of DATE);
CREATE TABLE price_month (call_month DATE, batch VARCHAR);
CREATE TABLE price_exchange (day DATE, billed VARCHAR, priced VARCHAR, weight HUGEINT, weight_total HUGEINT);
CREATE TABLE shared_exchange (day DATE, billed VARCHAR, told VARCHAR, weight HUGEINT, weight_total HUGEINT);
CREATE TABLE price_instance (provider VARCHAR, region VARCHAR, instance_type VARCHAR,
    purchase_option VARCHAR, valid_from DATE, valid_to DATE, price DECIMAL(38, 18),
    currency VARCHAR, as_of DATE, source VARCHAR);
"""


class Tables:
    """A Database over one in-memory connection."""

    def __init__(self, threads: int | None = None) -> None:
        self.connection = duckdb.connect(":memory:")
        self.connection.execute("SET enable_progress_bar = false")
        if threads:
            self.connection.execute(f"SET threads = {threads}")
        for contract in CONTRACTS.values():
            columns = [f'"{f.name}" {sql_type(f)}' for f in contract.fields]
            self.execute(f"CREATE TABLE {contract.name} ({', '.join(columns)}, batch_id BIGINT, part_row BIGINT)")
        self.execute(CATALOGUE)

    def execute(self, sql: str) -> int:
        answer = self.connection.execute(sql).fetchall()
        return int(answer[0][0]) if answer and isinstance(answer[0][0], int) else 0

    def query(self, sql: str) -> list[dict[str, Any]]:
        cursor = self.connection.execute(sql)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def insert(self, table: str, rows: Sequence[Mapping[str, Any]], batch: int = 1) -> None:
        """Adds rows given as mappings; columns left out are null."""
        for number, row in enumerate(rows, 1):
            given = {**row, "batch_id": batch, "part_row": number} if table in CONTRACTS else dict(row)
            names = ", ".join(f'"{name}"' for name in given)
            marks = ", ".join("?" for _ in given)
            self.connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(given.values())).fetchall()
