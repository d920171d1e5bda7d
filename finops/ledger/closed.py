"""Closed billing periods: a change of one needs consent, and its difference is told.

An account's billing period is closed once its charges carry an invoice id and a later period of the account has been loaded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from finops.core.contracts import CHARGE
from finops.core.numbers import plain_decimal
from finops.ledger.connect import named
from finops.ledger.parts import relation_sql
from finops.ledger.totals import ACCOUNT

if TYPE_CHECKING:
    from finops.ledger.store import Reader

Period = tuple[str, datetime]
"""An account and the start of its billing period."""


@dataclass(frozen=True)
class Difference:
    """What a closed billing period was and is, in one currency."""

    month: str
    issuer: str | None
    account: str | None
    currency: str
    before: Decimal
    after: Decimal

    def __str__(self) -> str:
        change = self.after - self.before
        sign = "+" if change >= 0 else ""
        return (
            f"{self.month} {self.issuer or '-'} {self.account or '-'}: {plain_decimal(self.before)}"
            f" -> {plain_decimal(self.after)} {self.currency} ({sign}{plain_decimal(change)})"
        )


def closed_periods(reader: Reader) -> set[Period]:
    """The closed billing periods of the ledger as it is."""
    rows = reader.query(
        """
        WITH periods AS (
            SELECT account, billing_period, bool_or(invoiced) AS invoiced FROM slice JOIN batch USING (batch_id)
            WHERE contract = 'charge' AND superseded_by IS NULL GROUP BY account, billing_period),
        newest AS (SELECT account, max(billing_period) AS newest FROM periods GROUP BY account)
        SELECT account, billing_period FROM periods JOIN newest USING (account) WHERE invoiced AND billing_period < newest
        """
    )
    return {(row["account"], row["billing_period"]) for row in rows}


def month_of(period: datetime) -> str:
    """The month that a billing period is called by. Periods start on the first in the issuer's zone, so look a day later."""
    return f"{period + timedelta(days=1):%Y-%m}"


def changed_periods(reader: Reader, ingest: int, closed: set[Period]) -> set[Period]:
    """Which of the closed periods hold other rows since the ingest call `ingest` began."""
    if not closed:
        return set()
    sides = []
    for condition in (_REMOVED, _ADDED):
        rows = reader.query(
            f"SELECT file FROM part JOIN batch USING (batch_id) WHERE part.contract = 'charge' AND {condition}", [ingest]
        )
        sides.append(_fingerprints(reader, [row["file"] for row in rows], closed))
    before, after = sides
    return {period for period in before | after if before.get(period) != after.get(period)}


def differences(reader: Reader, ingest: int, periods: set[Period]) -> list[Difference]:
    """The totals of the periods before the ingest call and now."""
    rows = reader.query(
        f"""
        SELECT billing_period, issuer, account, currency, coalesce(account, '(' || issuer || ')', '') AS key,
            coalesce(sum(stored) FILTER ({_PRESENT} OR {_REMOVED}), 0) AS before,
            coalesce(sum(stored) FILTER ({_PRESENT} OR {_ADDED}), 0) AS after
        FROM control JOIN batch USING (batch_id) WHERE {_PRESENT} OR {_REMOVED} OR {_ADDED}
        GROUP BY billing_period, issuer, account, currency ORDER BY ALL
        """,
        [ingest],
    )
    return [
        Difference(month_of(r["billing_period"]), r["issuer"], r["account"], r["currency"], r["before"], r["after"])
        for r in rows
        if (r["key"], r["billing_period"]) in periods and r["before"] != r["after"]
    ]


_TAKEN_AWAY = "EXISTS (SELECT 1 FROM delivery AS d WHERE d.delivery_id = batch.superseded_by AND d.ingest = $1)"
_REMOVED = f"(batch.ingest < $1 AND {_TAKEN_AWAY})"
_ADDED = "(batch.ingest = $1 AND batch.superseded_by IS NULL)"
_PRESENT = "(batch.ingest < $1 AND batch.superseded_by IS NULL)"


def _fingerprints(reader: Reader, files: list[str], periods: set[Period]) -> dict[Period, tuple[int, int]]:
    """Number of rows and the sum of their hashes, per period: equal for the same rows in any order."""
    if not files:
        return {}
    columns = ", ".join(named(name) for name in CHARGE.names)
    paths = [reader.part_path(file) for file in sorted(files)]
    parts = relation_sql(CHARGE, paths)
    rows = reader.query(
        f"SELECT {ACCOUNT} AS account, BillingPeriodStart AS period, count(*) AS n,"
        f" sum(CAST(hash({columns}) AS HUGEINT)) AS total FROM {parts} GROUP BY account, period"
    )
    return {(r["account"], r["period"]): (r["n"], r["total"]) for r in rows if (r["account"], r["period"]) in periods}
