"""Invoice totals beside the charges of the account that they are of: what an invoice has and no charge says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from finops.core.settings import Invoice
from finops.steps.reconciling.evidence import Gathered, Key, Part, whole

Row = Mapping[str, Any]
_ZERO = Decimal(0)


def put_invoices(
    gathered: Gathered, invoices: Sequence[Invoice], issued: Iterable[Row], billed: Iterable[Row], month: str | None
) -> list[str]:
    """Puts `invoice total - charges` on the account's own row. What the configuration says goes before what was loaded; an
    invoice of several accounts is left to `finops reconcile`."""
    totals: dict[tuple[str, str, str | None, str], Decimal] = {
        (row["period"], row["issuer"], row["account"], row["currency"]): row["total"] for row in issued
    }
    told: dict[tuple[str, str, str | None, str], Decimal] = defaultdict(Decimal)
    for one in invoices:
        told[one.period, one.issuer, one.account, one.currency] += one.total
    accounts: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in billed:
        accounts[row["period"], row["issuer"], row["currency"]].append(row)
    shown = {(key.period, key.provider, key.account) for key, side in gathered.sides.items() if side.evidence.bill}
    checked: set[tuple[str, str | None, str | None]] = set()
    for (period, issuer, currency), rows in sorted(accounts.items()):
        several = len(rows) > 1
        for row in rows:
            account = gathered.accounts.of_charge(period, row["provider"], row["account"])
            total = told.get((period, issuer, row["account"], currency)) or (
                None if several else told.get((period, issuer, None, currency))
            )
            configured = total is not None
            total = totals.get((period, issuer, row["account"], currency)) if total is None else total
            if total is None or (period, row["provider"], account) not in shown:
                continue
            checked.add((period, row["provider"], account))
            if total != row["billed"]:
                side = whole(gathered, Key(period, row["provider"], account, currency, None))
                assert side.evidence.bill is not None
                side.evidence.bill.invoice_only += total - row["billed"]
                given = [i for i in invoices if (i.period, i.issuer, i.currency) == (period, issuer, currency)]
                own = [i for i in given if i.account == row["account"]] or [i for i in given if i.account is None]
                side.parts.append(Part("invoice_only", {**row, "invoices": own if configured else ()}, total - row["billed"]))
    open_accounts = {one for one in shown if month is None or one[0] == month} - checked
    if not open_accounts:
        return []
    if not checked:
        return ["no invoice total is known: `Invoice` is the sum of the charges"]
    of = f"{len(open_accounts):,} of {len(shown):,} months of accounts"
    return [f"of {of} no invoice total is known: `Invoice` is the sum of their charges"]
