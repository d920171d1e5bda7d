"""Closed months keep the rules, owners, names and prices that they were closed with.

A month of charge days is closed once each billing period with charges in it is closed (see finops.ledger.closed); accounts
whose bills never carry an invoice number hold no month open. The build in which a month closes keeps its configuration.
Later builds place the month by that, whatever `finops.toml` and the price facts say by then, until it is restated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from finops.ledger.engine.configured import Configuration, configuration_of
from finops.ledger.engine.database import Database, Readable, literal

_TABLES = """
CREATE TABLE IF NOT EXISTS kept_configuration (configuration VARCHAR, document VARCHAR);
CREATE TABLE IF NOT EXISTS kept_month (month DATE, configuration VARCHAR);
"""


@dataclass(frozen=True)
class KeptMonths:
    """Months that share a configuration."""

    months: frozenset[date]
    configuration: Configuration


def closed_months(database: Readable) -> frozenset[date]:
    """The first days of the months that are closed."""
    rows = database.query(
        """
        WITH charged AS (
            SELECT s.account, s.billing_period, s.day, s.invoiced FROM slice s JOIN batch b ON b.batch_id = s.batch_id
            WHERE b.contract = 'charge' AND b.superseded_by IS NULL AND s.day IS NOT NULL),
        period AS (
            SELECT account, billing_period, bool_or(invoiced) AS invoiced FROM charged GROUP BY account, billing_period),
        account AS (
            SELECT account, max(billing_period) AS newest, bool_or(invoiced) AS invoiced FROM period GROUP BY account)
        SELECT month_of(c.day) AS month
        FROM charged c
        JOIN period p ON p.account = c.account AND p.billing_period = c.billing_period
        JOIN account a ON a.account = c.account
        WHERE a.invoiced
        GROUP BY month_of(c.day)
        HAVING bool_and(p.invoiced AND p.billing_period < a.newest)
        """
    )
    return frozenset(row["month"] for row in rows)


def kept_configurations(reader: Readable) -> dict[date, Configuration]:
    """Each kept month with what it was closed with."""
    if not reader.query("SELECT 1 AS one FROM duckdb_tables() WHERE table_name = 'kept_month'"):
        return {}
    rows = reader.query(
        "SELECT m.month, m.configuration AS key, c.document FROM kept_month m JOIN kept_configuration c USING (configuration)"
    )
    documents = {row["key"]: configuration_of(row["document"]) for row in rows}
    return {row["month"]: documents[row["key"]] for row in rows}


def keep_configurations(database: Database, months: Mapping[date, Configuration]) -> None:
    """Keeps these months' configurations and no others."""
    for statement in _TABLES.split(";"):
        if statement.strip():
            database.execute(statement)
    database.execute("DELETE FROM kept_month")
    database.execute("DELETE FROM kept_configuration")
    documents = {}
    for month, configuration in sorted(months.items()):
        key = configuration.key
        documents[key] = configuration.document
        database.execute(f"INSERT INTO kept_month VALUES ({literal(month)}, {literal(key)})")
    for key, document in sorted(documents.items()):
        database.execute(f"INSERT INTO kept_configuration VALUES ({literal(key)}, {literal(document)})")


def differing(kept: Mapping[date, Configuration], today: Configuration) -> list[KeptMonths]:
    """The kept months whose configuration is not today's, those of one configuration together, in order."""
    groups: dict[str, tuple[set[date], Configuration]] = {}
    for month, configuration in sorted(kept.items()):
        if configuration.document != today.document:
            groups.setdefault(configuration.key, (set(), configuration))[0].add(month)
    return [KeptMonths(frozenset(months), configuration) for months, configuration in groups.values()]


def month_names(months: Iterable[date]) -> tuple[str, ...]:
    """Months as they are written: 2026-09."""
    return tuple(f"{month:%Y-%m}" for month in sorted(months))
