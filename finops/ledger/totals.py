"""Control totals of a batch of charges: the exact sum of the raw text beside the sum of what was stored; slices touched."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any

from finops.core.contracts import Contract
from finops.ledger.connect import named

if TYPE_CHECKING:
    import duckdb

_EXACT = Context(prec=300, Emax=9_999, Emin=-9_999)
CONTROL_KEY = ("BillingPeriodStart", "InvoiceIssuerName", "BillingAccountId", "BillingCurrency")
"""The columns by which totals are kept."""
_KEY = ", ".join(CONTROL_KEY)
ACCOUNT = "coalesce(BillingAccountId, '(' || InvoiceIssuerName || ')', '')"
"""Whose bill a charge is on: the billing account, else the issuer in brackets."""

_GRADE = (
    "CASE WHEN finops_places(billed_text) <= 20 AND abs(BilledCost) < 1000000 THEN 20"
    " WHEN finops_places(billed_text) <= 28 AND abs(BilledCost) < 1000000000 THEN 28 ELSE 0 END"
)


@dataclass(frozen=True)
class Control:
    """Totals of BilledCost of one (billing period, issuer, account, currency). `source_total` is exact."""

    billing_period: datetime | None
    issuer: str | None
    account: str | None
    currency: str
    rows: int
    source_total: Decimal
    stored: Decimal

    @property
    def rounding(self) -> Decimal:
        """Stored less source."""
        return _EXACT.subtract(self.stored, self.source_total)


def control_totals(connection: duckdb.DuckDBPyConnection, staged: str) -> list[Control]:
    """The totals of a staged relation with columns of `charge` and `billed_text`, null where the stored amount says it all.

    Texts of up to 20 decimal places are summed as DECIMAL(38, 20), up to 28 in two halves, others in Python."""
    rows = connection.execute(
        f"""
        WITH graded AS (
            SELECT {_KEY}, BilledCost, billed_text AS t, CASE WHEN t IS NOT NULL THEN {_GRADE} END AS grade FROM {staged}),
        read AS (
            SELECT *, CASE WHEN grade = 20 THEN CAST(t AS DECIMAL(38, 20)) END AS short,
            CASE WHEN grade = 28 THEN CAST(t AS DECIMAL(38, 28)) END AS long FROM graded)
        SELECT {_KEY}, count(*) AS n, sum(BilledCost) AS stored, coalesce(sum(BilledCost) FILTER (grade IS NULL), 0) AS said,
            coalesce(sum(short), 0) AS short, coalesce(sum(trunc(long)), 0) AS wholes,
            coalesce(sum(long - trunc(long)), 0) AS fractions,
            count(*) FILTER (grade = 0) AS odd
        FROM read GROUP BY ALL ORDER BY ALL
        """
    ).fetchall()
    odd = _odd_sums(connection, staged) if any(row[10] for row in rows) else {}
    totals = []
    for row in rows:
        key = (row[0], row[1], row[2], row[3])
        source = odd.get(key, Decimal(0))
        for piece in row[6:10]:
            source = _EXACT.add(source, piece)
        totals.append(Control(*key, row[4], source, row[5]))
    return totals


def unsaid(column: str, raw_type: str) -> str:
    """SQL for the raw text of an amount where the stored one may not say it all: an exponent, or more digits than are stored."""
    text = named(column) if raw_type == "VARCHAR" else f"CAST({named(column)} AS VARCHAR)"
    long = f"strlen({text}) > 13 OR contains({text}, 'e') OR contains({text}, 'E')"
    return f"CASE WHEN {long} THEN nullif(regexp_extract({text}, '^.*(?:[eE]|\\.\\d{{13}}).*$'), '') END"


def typed_totals(connection: duckdb.DuckDBPyConnection, staged: str, amounts: str) -> list[Control]:
    """The totals of a file of exact numbers: its own amounts summed beside what was stored. `amounts` selects them."""
    rows = connection.execute(
        f"""
        WITH here AS (SELECT {_KEY}, count(*) AS n, sum(BilledCost) AS stored FROM {staged} GROUP BY ALL),
        there AS (SELECT {_KEY}, sum(amount) AS source FROM ({amounts}) GROUP BY ALL)
        SELECT here.*, source FROM here LEFT JOIN there
            ON {" AND ".join(f"here.{name} IS NOT DISTINCT FROM there.{name}" for name in CONTROL_KEY)}
        ORDER BY ALL
        """
    ).fetchall()
    return [Control(row[0], row[1], row[2], row[3], row[4], Decimal(row[6] or 0), row[5]) for row in rows]


def sums_exactly(sql_type: str) -> bool:
    """True for a SQL type whose values are stored digit for digit: DECIMAL of at most 12 places, and whole numbers."""
    decimal = re.fullmatch(r"DECIMAL\(\d+, ?(\d+)\)", sql_type)
    return int(decimal[1]) <= 12 if decimal else sql_type in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT")


def _odd_sums(connection: duckdb.DuckDBPyConnection, staged: str) -> dict[tuple[Any, ...], Decimal]:
    """Exact sums of the texts that no DECIMAL holds, per key; equal texts are counted by the engine."""
    sums: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    cursor = connection.execute(
        f"SELECT {_KEY}, billed_text, count(*) AS n FROM {staged}"
        f" WHERE billed_text IS NOT NULL AND {_GRADE} = 0 GROUP BY {_KEY}, billed_text"
    )
    while rows := cursor.fetchmany(10_000):
        for *key, text, n in rows:
            sums[tuple(key)] = _EXACT.add(sums[tuple(key)], _EXACT.multiply(Decimal(text), Decimal(n)))
    return sums


def slices_sql(contract: Contract, staged: str, batch_id: int) -> str:
    """The slices that a batch touches, as rows of the table `slice`."""
    if contract.time is None:
        return f"SELECT {batch_id}, NULL, NULL, NULL, count(*), false FROM {staged} HAVING count(*) > 0"
    day = f'CAST("{contract.time}" AS DATE)'
    if contract.name != "charge":
        return f"SELECT {batch_id}, NULL, NULL, {day} AS touched, count(*), false FROM {staged} GROUP BY touched"
    return (
        f"SELECT {batch_id}, {ACCOUNT} AS account, BillingPeriodStart, {day} AS touched, count(*), bool_or(InvoiceId IS NOT NULL)"
        f" FROM {staged} GROUP BY account, BillingPeriodStart, touched"
    )


def amounts(totals: Sequence[Control]) -> dict[str, Decimal]:
    """The stored amount per currency."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for total in totals:
        sums[total.currency] = _EXACT.add(sums[total.currency], total.stored)
    return dict(sorted(sums.items()))
