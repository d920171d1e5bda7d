"""Charges that stand beside the shares into which a provider has split them, and so count twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finops.core.numbers import plain_decimal

if TYPE_CHECKING:
    from finops.ledger.store import Reader

_SAME = (
    *("BillingAccountId", "SubAccountId", "BillingCurrency", "BillingPeriodStart", "InvoiceId", "ChargeCategory"),
    *("ChargePeriodStart", "ChargePeriodEnd", "ServiceName", "ResourceId", "SkuId", "SkuPriceId"),
)
"""FOCUS 1.3: the shares of a charge have its dimensions, and their costs add up to its costs. They take its place."""


def doubled_origins(reader: Reader, rows: str) -> list[str]:
    """What to tell of charges among the rows that their shares repeat exactly, per currency."""
    if not reader.query(f"SELECT 1 AS one FROM {rows} WHERE AllocatedMethodId IS NOT NULL LIMIT 1"):
        return []
    same = " AND ".join(f"o.{name} IS NOT DISTINCT FROM s.{name}" for name in _SAME)
    found = reader.query(
        f"""
        WITH share AS (
            SELECT {", ".join(_SAME)}, sum(BilledCost) AS billed, sum(EffectiveCost) AS effective FROM {rows}
            WHERE AllocatedMethodId IS NOT NULL GROUP BY ALL)
        SELECT o.BillingCurrency AS currency, count(*) AS n, CAST(sum(o.BilledCost) AS DECIMAL(38, 12)) AS billed
        FROM {rows} AS o JOIN share AS s ON {same}
        WHERE o.AllocatedMethodId IS NULL AND o.BilledCost = s.billed AND o.EffectiveCost IS NOT DISTINCT FROM s.effective
            AND (s.billed <> 0 OR s.effective <> 0)
        GROUP BY currency ORDER BY currency
        """
    )
    return [
        f"{row['n']:,} charges of {plain_decimal(row['billed'])} {row['currency']} stand beside shares that add up to them:"
        " they look counted twice; export split charges without the charges that they come from"
        for row in found
    ]
