"""The sentences of a report, made from its numbers. They say "review", never "bad", and carry their uncertainty."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from finops.core import numbers
from finops.render.page import Page, PlacementMap, Review, Share

NAMES = {
    "__idle__": "idle capacity",
    "__left__": "left unallocated",
    "__untagged__": "untagged",
    "__unexplained__": "unexplained",
}
VERDICTS = {
    "low_value_high_cost": "review",
    "watch": "watch",
    "insufficient_data": "too little data",
    "keep": "keep",
    "exempt": "exempt",
}
OPTIONS = {"on_demand": "on-demand", "spot": "spot"}
ORDINALS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")


def owner_name(name: str) -> str:
    """What an owner is called; the named leftovers in plain words."""
    return NAMES.get(name, name)


def verdict_text(verdict: str | None) -> str:
    return VERDICTS.get(verdict, verdict) if verdict else ""


def likely(probability: Decimal) -> str:
    """A probability in words; never certain."""
    if probability > Decimal("0.99"):
        return "> 99% likely"
    if probability < Decimal("0.01"):
        return "< 1% likely"
    return f"{numbers.percent_total(probability)} likely"


def headline(page: Page) -> str:
    """The one sentence: how the month will close, or how it closed."""
    head, month = page.headline, numbers.month_name(page.first)
    year = f" {page.first.year}" if page.first.year != page.as_of.year else ""
    if page.spend is None:
        return f"No cost is known for {month}{year}."
    if page.closed:
        end = f"{month}{year} closed at {numbers.money_total(head.spent, page.currency)}"
        return end + _against_budget(page, head.spent) + "."
    if head.expected is None:
        return f"{month}{year} stands at {numbers.money_total(head.spent, page.currency)} after {_days(page)}."
    end = numbers.money_within(head.expected, head.low, head.high, page.currency)
    return f"{month}{year} will close at {end}{_against_budget(page, head.expected)}."


def _days(page: Page) -> str:
    days = (page.last - page.first).days + 1
    return "1 day" if days == 1 else f"{days} days"


def _against_budget(page: Page, amount: Decimal) -> str:
    budget = page.headline.budget
    if budget is None:
        return ""
    gap = amount - budget
    if not gap:
        return ", exactly its budget"
    return f", {numbers.money_total(abs(gap), page.currency)} {'over' if gap > 0 else 'under'} budget"


def subtitles(page: Page) -> list[str]:
    """Under the sentence: the interval, the main cause, and how much of it no bill covers yet."""
    head, said = page.headline, []
    if not page.closed and head.low is not None and head.high is not None:
        said.append(f"80% likely between {' and '.join(_ends(head.low, head.high, page.currency))}.")
    elif not page.closed and page.spend and page.spend.no_interval:
        said.append(sentence(page.spend.no_interval))
    if head.riser is not None and head.rise is not None and head.rise > 0 and head.spent_before:
        rise = numbers.money_change(head.rise, page.currency)
        said.append(f"The largest rise on the same days of the month before is {head.riser}, {rise}.")
    asked = [r for r in page.reviews if r.verdict == "low_value_high_cost"]
    if asked:
        said.append(_review_sentence(asked, page.currency))
    if head.estimated > 0 and head.spent > 0:
        said.append(f"{numbers.percent_total(head.estimated / head.spent)} of the spend is estimated: no bill covers it yet.")
    return said


def _ends(low: Decimal, high: Decimal, currency: str) -> tuple[str, str]:
    return numbers.money_within(low, low, high, currency), numbers.money_within(high, low, high, currency)


def _review_sentence(asked: Sequence[Review], currency: str) -> str:
    how_many = ORDINALS[len(asked)] if len(asked) < len(ORDINALS) else numbers.count(len(asked))
    agents = "agent costs" if len(asked) == 1 else "agents cost"
    loss = [r.monthly_loss for r in asked if r.monthly_loss is not None]
    if loss:
        return (
            f"{how_many} {agents} about {numbers.money_total(sum(loss, Decimal(0)), currency)} a month more than measured value."
        )
    return f"{how_many} {agents} more than measured value."


def change_text(now: Decimal | None, before: Decimal | None) -> str:
    """A relative change with a sign that needs no colour: ▲ 12%, ▼ 6.0%, unchanged, new."""
    if now is None or before is None:
        return "n/a"
    if before <= 0:
        return "new" if now > 0 else "n/a"
    ratio = now / before - 1
    if abs(ratio) < Decimal("0.0005"):
        return "unchanged"
    if ratio >= 10:
        return f"▲ × {numbers.count(now / before)}"
    return f"{'▲' if ratio > 0 else '▼'} {numbers.percent_total(abs(ratio))}"


def spend_finding(page: Page) -> str:
    """The heading of the spend figure."""
    head = page.headline
    change = change_text(head.spent, head.spent_before)
    if change in ("n/a", "new", "unchanged"):
        return f"{numbers.money_total(head.spent, page.currency)} spent in {_days(page)}"
    pace = "the month before" if page.closed else "the pace of the month before"
    return f"Spend is {change[2:]} {'above' if change.startswith('▲') else 'below'} {pace}"


def spend_description(page: Page) -> str:
    """The spend figure in words."""
    head, currency = page.headline, page.currency
    said = [f"Spent by {numbers.date_text(page.last)}: {numbers.money_total(head.spent, currency)}."]
    if head.expected is not None and not page.closed:
        end = numbers.money_within(head.expected, head.low, head.high, currency)
        said.append(f"Expected at the end of {numbers.month_text(page.first)}: {end}.")
        if head.low is not None:
            said.append(f"80% interval {numbers.range_text(head.low, head.high, currency)}.")
    if head.budget is not None:
        said.append(f"Budget: {numbers.money_total(head.budget, currency)}.")
    return " ".join(said)


def agents_finding(page: Page) -> str:
    """The heading of the agents table: how concentrated spend is."""
    owned = sorted((row.spend for row in page.agents if not row.leftover and row.spend > 0), reverse=True)
    total = sum((row.spend for row in page.agents), Decimal(0))
    if not owned or total <= 0:
        return "No spend has a known agent"
    if len(owned) <= 3:
        return f"{numbers.percent_total(sum(owned, Decimal(0)) / total)} of the spend has a known agent"
    return f"The three largest of {numbers.count(len(owned))} agents take {numbers.percent_total(sum(owned[:3]) / total)}"


def ranking_finding(rows: Sequence[Share], what: str) -> str:
    """The heading of a ranking: who spends most."""
    owned = [row for row in rows if not row.leftover and row.amount > 0]
    total = sum((row.amount for row in rows), Decimal(0))
    if not owned or total <= 0:
        return f"No spend has a known {what}"
    top = max(owned, key=lambda row: row.amount)
    return f"{top.name} is the largest {what}, with {numbers.percent_total(top.amount / total)} of the spend"


def ranking_description(rows: Sequence[Share], currency: str) -> str:
    """A ranking in words."""
    return "; ".join(f"{row.name} {numbers.money_table(row.amount, currency)}" for row in rows) + "."


def placement_finding(chart: PlacementMap) -> str:
    """The heading of the placement map: what is cheapest and how that compares with today."""
    if chart.best is None or chart.best_cost is None:
        return "No placement of this work has both a measurement and a price"
    _, region, instance, option = chart.best
    where = f"{instance} in {region}, {OPTIONS.get(option, option)}"
    if chart.today_cost and chart.best != chart.today and chart.best_cost < chart.today_cost:
        saving = 1 - chart.best_cost / chart.today_cost
        return f"{where}, would do the same work for {numbers.percent_total(saving)} less"
    if chart.today is not None and chart.best == chart.today:
        return f"The work already runs where it is cheapest: {where}"
    return f"The same work is cheapest on {where}"


def placement_sentences(chart: PlacementMap) -> list[str]:
    """The cheapest cost, the saving, and what it assumes."""
    if chart.best is None or chart.best_cost is None:
        return []
    said = f"Cheapest: {numbers.unit_price(chart.best_cost, chart.currency)} per {chart.unit}"
    if chart.today_cost is not None:
        said += f", against {numbers.unit_price(chart.today_cost, chart.currency)} today"
    parts = [said + "."]
    if chart.monthly_saving is not None and chart.monthly_saving > 0:
        parts.append(f"About {numbers.money_total(chart.monthly_saving, chart.currency)} a month less for the same work.")
    if chart.assumptions:
        parts.append(f"This assumes that {'; '.join(chart.assumptions)}.")
    return parts


def placement_description(chart: PlacementMap) -> str:
    """The map in words: its range and its best cell."""
    costs = [half.unit_cost for half in chart.halves() if half.unit_cost is not None]
    if not costs:
        return "No cell of the map has a cost."
    low, high = numbers.unit_price(min(costs), chart.currency), numbers.unit_price(max(costs), chart.currency)
    return f"{len(costs)} placements from {low} to {high} per {chart.unit}. {' '.join(placement_sentences(chart))}"


def placement_note(chart: PlacementMap) -> str:
    """How to read the map."""
    said = ["Solid frame: cheapest."]
    if chart.today is not None:
        said.append("Dashed frame: today.")
    states = {h.state for p in chart.panels for c in p.cells for h in (c.on_demand, c.spot)}
    if "not_offered" in states:
        said.append("“Not offered”: not sold there.")
    if "no_price" in states:
        said.append("“No price”: no price is known there.")
    if "other_currency" in states:
        said.append(f"“Other currency”: its price is not in {chart.currency}.")
    stale = [half.as_of for half in chart.halves() if half.stale and half.as_of is not None]
    if chart.all_stale and stale:
        said.append(f"All these prices are old, the oldest of {numbers.date_text(min(stale))}.")
    elif stale:
        said.append("*: an old price.")
    return " ".join(said)


def sentence(text: str) -> str:
    """A clause as a sentence."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".") if text else ""
