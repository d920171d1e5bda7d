"""What a provider's own cost report says of the months that were billed: named as what it is, and never called an invoice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from finops.core.numbers import plain_decimal

Row = dict[str, Any]
_AWS = ("aws", "amazon")
_MOST_ACCOUNTS = 5


def put_cross_checks(rows: Sequence[Row], told: Sequence[Mapping[str, Any]]) -> list[str]:
    """Notes for each month and currency, with the accounts that differ most. Where the whole of a month's bill is one row that no
    invoice is known for, its total goes there too, and `invoice_source` says whose it is."""
    notes: list[str] = []
    by_month: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for one in told:
        by_month[one["period"], one["currency"]].append(one)
    for (period, currency), own in sorted(by_month.items()):
        said = sum((one["said"] or Decimal(0) for one in own), Decimal(0))
        billed = sum((one["billed"] or Decimal(0) for one in own), Decimal(0))
        source = next(one["source"] for one in own if one["source"])
        estimated = any("estimated" in (one["status"] or "") for one in own)
        name = f"{source} ({'a cross-check, still estimated' if estimated else 'a cross-check'}; no invoice)"
        gap = plain_decimal(said - billed)
        text = f"{period}: {name} says {_money(said, currency)}, billed {_money(billed, currency)}, gap {gap}"
        notes += [text, *_accounts(period, currency, own)]
        ours = [row for row in rows if (row["period"], row["currency"]) == (period, currency) and _is_aws(row)]
        if len(ours) == 1 and ours[0]["billed"] == billed and ours[0]["invoice_total"] is None:
            ours[0] |= {"invoice_total": said, "invoice_gap": said - billed, "invoice_source": name}
    return notes


def _accounts(period: str, currency: str, own: Sequence[Mapping[str, Any]]) -> list[str]:
    """The linked accounts that differ, the widest gap first."""
    gaps = [((one["said"] or Decimal(0)) - (one["billed"] or Decimal(0)), one["account"] or "-") for one in own]
    wide = sorted(((gap, account) for gap, account in gaps if gap), key=lambda pair: (-abs(pair[0]), pair[1]))
    if not wide:
        return []
    told = ", ".join(f"{account} {'+' if gap > 0 else ''}{plain_decimal(gap)}" for gap, account in wide[:_MOST_ACCOUNTS])
    rest = f" and {len(wide) - _MOST_ACCOUNTS} more" if len(wide) > _MOST_ACCOUNTS else ""
    return [f"{period}: linked accounts of which it says other than the bill ({currency}): {told}{rest}"]


def _money(amount: Decimal, currency: str) -> str:
    return f"{plain_decimal(amount)} {currency}"


def _is_aws(row: Row) -> bool:
    return row["billed"] is not None and (row["issuer"] or "").lower().startswith(_AWS)
