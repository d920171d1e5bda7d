"""Parts of a page cut to the size that is shown: the top agents with the rest in one row, the last months of the bill."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from finops.core import numbers
from finops.render.page import AgentRow, Page, ReconcileRow, Series
from finops.render.words import owner_name

SHOWN_AGENTS = 25
SHOWN_MONTHS = 3


@dataclass(frozen=True)
class AgentsView:
    """What the agents table shows; `top`, `rest` and `leftovers` add up to `total`."""

    top: tuple[AgentRow, ...]
    rest: AgentRow | None
    leftovers: tuple[AgentRow, ...]
    total: AgentRow


def agents_view(page: Page) -> AgentsView:
    """The agents by spend; those beyond the first in one row."""
    owned = sorted((a for a in page.agents if not a.leftover), key=lambda a: (-a.spend, a.agent, a.workflow))
    leftovers = sorted((a for a in page.agents if a.leftover), key=lambda a: (-a.spend, a.agent))
    top, beyond = owned[:SHOWN_AGENTS], owned[SHOWN_AGENTS:]
    rest = summed(f"{numbers.count(len(beyond))} more agents", beyond) if beyond else None
    named = tuple(replace(row, agent=owner_name(row.agent), workflow="") for row in leftovers)
    return AgentsView(tuple(top), rest, named, summed("Total", page.agents))


def summed(name: str, rows: Sequence[AgentRow]) -> AgentRow:
    """Several rows as one: amounts, runs and days add up; rates do not, so they are absent."""
    befores = [row.before for row in rows if row.before is not None]
    runs = [row.runs for row in rows if row.runs is not None]
    return AgentRow(
        agent=name,
        workflow="",
        spend=sum((row.spend for row in rows), Decimal(0)),
        before=sum(befores, Decimal(0)) if befores else None,
        runs=sum(runs) if runs else None,
        days=_added(row.days for row in rows),
    )


def _added(many: Iterable[Series]) -> Series:
    series = [one for one in many if one]
    length = max((len(one) for one in series), default=0)
    days = []
    for place in range(length):
        known = [value for one in series if len(one) == length and (value := one[place]) is not None]
        days.append(sum(known, Decimal(0)) if known else None)
    return tuple(days)


def reconciliation_view(page: Page) -> tuple[ReconcileRow, ...]:
    """The last months by issuer and currency, accounts added up."""
    periods = sorted({row.period for row in page.reconciliation}, reverse=True)[:SHOWN_MONTHS]
    groups: dict[tuple[str, str, str], list[ReconcileRow]] = {}
    for row in page.reconciliation:
        if row.period in periods:
            groups.setdefault((row.period, row.issuer, row.currency), []).append(row)
    order = sorted(groups, key=lambda key: (periods.index(key[0]), key[1], key[2]))
    return tuple(_one_row(groups[key]) for key in order)


def _one_row(rows: Sequence[ReconcileRow]) -> ReconcileRow:
    first = rows[0]

    def total(key: str) -> Decimal:
        return sum((getattr(row, key) for row in rows), Decimal(0))

    def known(key: str) -> Decimal | None:
        return None if any(getattr(row, key) is None for row in rows) else total(key)

    return ReconcileRow(
        period=first.period,
        issuer=first.issuer,
        account=first.account if len(rows) == 1 else f"{len(rows)} accounts",
        currency=first.currency,
        billed=total("billed"),
        allocated=total("allocated"),
        difference=total("difference"),
        invoice_total=known("invoice_total"),
        invoice_gap=known("invoice_gap"),
        direct=total("direct"),
        metered=total("metered"),
        shared=total("shared"),
        idle=total("idle"),
        left=total("left"),
        untagged=total("untagged"),
        unexplained=total("unexplained"),
        estimated=total("estimated"),
    )


def reconciliation_sentence(page: Page) -> str:
    """Whether everything that was billed was allocated, and whether an invoice confirms it."""
    rows = page.reconciliation
    if not rows:
        return "No bill has been ingested: every figure is estimated from traces and meters."
    off = [row for row in rows if row.difference]
    if off:
        these = f"{numbers.count(len(off))} of {numbers.count(len(rows))} bills"
        return f"{these} do not reconcile; the column Difference says by how much."
    checked = [row for row in rows if row.invoice_total is not None]
    gaps = [row for row in checked if row.invoice_gap]
    said = "Every unit that was billed is allocated; the difference is exactly 0."
    if not checked:
        return said + " Not checked against an invoice."
    if gaps:
        return said + f" {numbers.count(len(gaps))} of {numbers.count(len(checked))} known invoices differ from the bill."
    are = "is" if len(checked) == 1 else "are"
    return said + f" {numbers.count(len(checked))} of {numbers.count(len(rows))} bills {are} confirmed by an invoice."


def quality_sentence(page: Page) -> str:
    """What was read, refused, unpriced and not judged."""
    quality = page.quality
    rows, refused = sum(s.rows for s in quality.sources), sum(s.rejected for s in quality.sources)
    said = [f"{numbers.count(rows)} rows read, {numbers.count(refused)} refused."]
    if quality.billed_only:
        said.append("No charge has an EffectiveCost: every cost here is billed cost.")
    elif quality.uncosted_charges:
        billed = numbers.money_total(quality.uncosted_billed, page.currency)
        charges = numbers.count(quality.uncosted_charges)
        said.append(f"{charges} charges have no effective cost and are in no figure here; {billed} was billed for them.")
    if quality.calls:
        said.append(f"{numbers.count(quality.unpriced_calls)} of {numbers.count(quality.calls)} calls have no known price.")
    if quality.runs:
        said.append(
            f"{numbers.count(quality.unknown_runs)} of {numbers.count(quality.runs)} runs have no outcome and count neither way."
        )
    if quality.unbuilt:
        said.append(f"{numbers.count(quality.unbuilt)} batches are not built yet: `finops build`.")
    return " ".join(said)


def prices_text(page: Page) -> str:
    """The dates of the prices, for the masthead."""
    days = sorted({p.as_of for p in page.provenance.prices if p.as_of is not None})
    return f"prices as of {numbers.period_text(days[0], days[-1])}" if days else ""


def prices_old(page: Page) -> str:
    """One line where every price is old."""
    prices = page.provenance.prices
    if not prices or not all(p.stale for p in prices):
        return ""
    return "All prices are old; `finops prices stale` lists them, `finops prices refresh` fetches new ones."
