"""Calls and cost without a tenant, agent or workflow: how much it is, and why, each under one cause, adding up to the whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from finops.config import Overrides, Settings, load_settings
from finops.core.attribution import CAUSES, DIMENSIONS, UNTAGGED
from finops.core.numbers import count, money_table
from finops.core.periods import Period, month_period
from finops.core.result import Column, Result
from finops.core.talk import Talk
from finops.ledger.cube import CubeQuestion, cube_rows, require_built
from finops.ledger.nameless_charges import nameless_charges
from finops.ledger.store import Reader, open_reader
from finops.steps.build import allocation_of

Row = dict[str, Any]
COLUMNS = (
    Column("dimension", "Lacks"),
    Column("what", "What"),
    Column("cause", "Id", wide_only=True),
    Column("said", "Cause"),
    Column("detail", "Name"),
    Column("source", "Source", wide_only=True),
    Column("calls", "Calls", "count", "calls"),
    Column("unpriced_calls", "of them unpriced", "count", "unpriced_calls", wide_only=True),
    Column("charges", "Charges", "count", wide_only=True),
    Column("tokens", "Tokens", "count"),
    Column("amount", "Amount", "money"),
    Column("currency", "Currency", wide_only=True),
    Column("remedy", "What helps", wide_only=True),
)
"""`amount` is what calls cost at list prices, and what was billed, or is estimated, of cost."""

SHOW = "`finops reconcile --unattributed` says which and what helps"


def unattributed(overrides: Overrides, *, month: str | None = None, talk: Talk) -> Result:
    """One row per dimension, cause and name. Calls are those of the business month, cost that of the billing month."""
    settings = load_settings(overrides)
    period = month_period(month) if month else None
    with open_reader(settings.ledger, memory=settings.memory, threads=settings.threads) as reader:
        require_built(reader, settings.currency)
        if unbuilt := reader.unbuilt():
            talk.warn(f"{unbuilt:,} batches are not built yet: `finops build`")
        meta = {"currency": settings.currency, "as_of": settings.as_of, "period": month, "unbuilt": unbuilt}
        return _answer(reader, settings, period, meta)


def _answer(reader: Reader, settings: Settings, period: Period | None, meta: Mapping[str, Any]) -> Result:
    calls = _calls(reader, period)
    costs = reader.read("unattributed_cost", month=period.label if period else None, currency=settings.currency)
    nameless = nameless_charges(reader, allocation_of(settings), period.label if period else None, settings.currency)
    placed = [found for found in costs if _cost_cause(found) != "no_rule_matched"]
    told = [*map(_charge_row, nameless), *map(_cost_row, placed)]
    rows = [_call_row(found) for found in calls] + _merged(told)
    rows.sort(key=lambda row: DIMENSIONS.index(row["dimension"]))
    every = _every_call(reader, period)
    totals: list[Row] = []
    for dimension in DIMENSIONS:
        own = [row for row in calls if row["dimension"] == dimension]
        totals.append({"dimension": dimension, "what": "calls", "number": sum(r["calls"] for r in own), "of": every})
        for currency in sorted({row["currency"] for row in costs if row["dimension"] == dimension}):
            amount = sum((r["amount"] for r in costs if (r["dimension"], r["currency"]) == (dimension, currency)), Decimal(0))
            totals.append({"dimension": dimension, "what": "cost", "cost": amount, "currency": currency})
    notes = [_sentence(dimension, calls, every) for dimension in DIMENSIONS]
    if any(row["what"] == "calls" and row["amount"] is not None for row in rows):
        notes.append("a call's amount is its list price; the cost that follows it is a part of the rows of cost")
    return Result(COLUMNS, rows, totals, meta, notes)


def call_notes(reader: Reader, dimensions: Sequence[str], period: Period | None = None) -> list[str]:
    """Per dimension, how many calls lack it and why; nothing where none does."""
    calls = _calls(reader, period)
    lacking = [
        dimension for dimension in DIMENSIONS if dimension in dimensions and any(r["dimension"] == dimension for r in calls)
    ]
    if not lacking:
        return []
    every = _every_call(reader, period)
    told = [_sentence(dimension, calls, every) for dimension in lacking]
    return [*told[:-1], f"{told[-1]}; {SHOW}"]


def nameless_cost_notes(reader: Reader, question: CubeQuestion, dimension: str) -> list[str]:
    """Per currency, what put the cost there whose `dimension` has no name: causes that add up to it."""
    where = {**(question.where or {}), dimension: UNTAGGED}
    found = cube_rows(reader, replace(question, by=("method", "rule"), where=where))
    notes = []
    for currency in sorted({row["currency"] for row in found}):
        causes: dict[str, Decimal] = {}
        for row in found:
            if row["currency"] == currency and row["cost"]:
                cause = _cost_cause(row)
                causes[cause] = causes.get(cause, Decimal(0)) + row["cost"]
        parts = sorted(causes.items(), key=lambda item: (-abs(item[1]), item[0]))
        if parts:
            whole = money_table(sum(causes.values(), Decimal(0)), currency)
            said = "; ".join(f"{money_table(amount, currency)}: {CAUSES[cause].said}" for cause, amount in parts)
            notes.append(f"{whole} has no {dimension} ({said})")
    return notes


def short_note(reader: Reader) -> list[str]:
    """One line for all three dimensions."""
    calls = _calls(reader, None)
    if not calls:
        return []
    lacking = [
        f"{count(number)} name no {dimension}"
        for dimension in DIMENSIONS
        if (number := sum(row["calls"] for row in calls if row["dimension"] == dimension))
    ]
    return [f"of {count(_every_call(reader, None))} calls in the ledger {', '.join(lacking)}: {SHOW}"]


def _calls(reader: Reader, period: Period | None) -> list[Row]:
    first, end = (None, None) if period is None else (period.first, period.end)
    return reader.read("unattributed_calls", first=first, end=end)


def _every_call(reader: Reader, period: Period | None) -> int:
    first, end = (None, None) if period is None else (period.first, period.end)
    return int(reader.read("counted_calls", first=first, end=end)[0]["calls"])


def _sentence(dimension: str, calls: Sequence[Row], every: int) -> str:
    """How many calls lack the dimension, what they cost where that is known, and by cause."""
    own = [row for row in calls if row["dimension"] == dimension]
    number = sum(row["calls"] for row in own)
    if not number:
        return (
            f"every one of {count(every)} calls names a {dimension}"
            if dimension != "agent"
            else f"every one of {count(every)} calls names an agent"
        )
    causes: dict[str, int] = {}
    costs: dict[str, Decimal] = {}
    for row in own:
        causes[row["cause"]] = causes.get(row["cause"], 0) + row["calls"]
        if row["list_cost"] is not None:
            costs[row["currency"]] = costs.get(row["currency"], Decimal(0)) + row["list_cost"]
    known = [money_table(amount, currency) for currency, amount in sorted(costs.items())]
    tokens = f"{count(sum(row['tokens'] for row in own))} tokens"
    said = "; ".join(
        f"{count(n)}: {CAUSES[cause].said}" for cause, n in sorted(causes.items(), key=lambda item: (-item[1], item[0]))
    )
    about = ", ".join([tokens, *(f"{amount} at list prices" for amount in known)])
    return f"{count(number)} of {count(every)} calls ({about}) name no {dimension} ({said})"


def _call_row(found: Row) -> Row:
    row = {"what": "calls", "amount": found["list_cost"], **_told(found["cause"], found["dimension"], found["detail"])}
    return {**row, **{key: found[key] for key in ("source", "calls", "unpriced_calls", "tokens", "currency")}}


def _charge_row(found: Row) -> Row:
    cause, detail = ("unread_tag", found["tag"]) if found["tag"] else ("no_rule_matched", found["service"])
    told = _told(cause, found["dimension"], detail)
    return {"what": "cost", "amount": found["amount"], "currency": found["currency"], "charges": found["charges"], **told}


def _cost_row(found: Row) -> Row:
    what = "cost" if found["basis"] == "billed" else "estimated cost"
    told = _told(_cost_cause(found), found["dimension"], found["service"] or found["rule"])
    return {"what": what, "amount": found["amount"], "currency": found["currency"], **told}


def _merged(rows: Sequence[Row]) -> list[Row]:
    """Rows that are told alike as one."""
    found: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        key = tuple(row[name] for name in ("dimension", "what", "cause", "detail", "currency"))
        before = found.get(key)
        charges = (row.get("charges") or 0) + ((before or {}).get("charges") or 0)
        amount = row["amount"] + (before["amount"] if before else 0)
        found[key] = {**row, "amount": amount, "charges": charges or None}
    return list(found.values())


def _cost_cause(found: Row) -> str:
    if found["method"] == "untagged" and found["rule"] == "no-rule":
        return "no_rule_matched"
    if found["method"] == "direct":
        return "names_other_owners"
    return "shared_as_a_whole" if found["method"] == "shared" else "follows_calls"


def _told(cause: str, dimension: str, detail: str | None) -> Row:
    about = CAUSES[cause]
    remedy = about.remedy.format(dimension=dimension, detail=detail or "…")
    return {"dimension": dimension, "cause": cause, "said": about.said, "detail": detail, "remedy": remedy}
