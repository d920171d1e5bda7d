"""Waste in money: idle capacity, failed and looping calls, copies that a cache would have served, agents without outcomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from finops.config import Overrides, Settings, load_settings
from finops.core.numbers import count, money_table, percent
from finops.core.periods import Period, chosen_period
from finops.core.result import Column, Result
from finops.core.talk import Talk
from finops.core.units.waste import CAUSES, anything_told, cache_savings, grouped, priced_calls, unmeasured, untold
from finops.errors import UsageError
from finops.ledger.cube import CubeQuestion, cube_totals, require_built
from finops.ledger.store import Reader, one_state
from finops.steps.placing.commitment_fees import fee_notes, unnamed_fees
from finops.steps.reading import read_ledger

Row = dict[str, Any]
DIMENSIONS = ("cause", "tenant", "agent", "workflow", "model", "service", "region", "instance_type")
_ZERO = Decimal(0)


def waste(
    overrides: Overrides,
    *,
    by: Sequence[str] = ("cause", "agent"),
    month: str | None = None,
    last: str | None = None,
    top: int = 0,
    talk: Talk,
) -> Result:
    """What was spent for nothing, by cause and owner, each call under one cause; what can't be told is not called nothing."""
    settings = load_settings(overrides)
    by = _checked(by)
    period = chosen_period(month, last or (None if month else "30d"), settings.as_of)
    assert period is not None
    with read_ledger(settings) as reader, one_state(reader):
        require_built(reader, settings.currency)
        if unbuilt := reader.unbuilt():
            talk.warn(f"{unbuilt:,} batches are not built yet: `finops build`")
        found, savings, told = _found(reader, settings, period)
        fees = unnamed_fees(reader, settings, period)
        if fees and not any(row["cause"] == "unused_commitment" for row in found):
            told = {**told, "priced_charges": 0}
        question = CubeQuestion((), "effective", first=period.first, end=period.end, currency=settings.currency)
        spent = {currency: amount for currency, amount in cube_totals(reader, question) if amount}
    rows = grouped(found, by)
    for row in rows:
        total = spent.get(row["currency"])
        row["share"] = round(row["cost"] / total, 9) if row["cost"] is not None and total else None
    totals = _totals(found, savings, spent, _ZERO if anything_told(told) else None)
    notes = [*_total_notes(totals), *_untold_notes(told), *fee_notes(fees), *_left_out(rows, top)]
    rows = rows[: top or None]
    if "cause" in by:
        rows += [_unmeasured_row(by, cause.id) for cause in CAUSES if unmeasured(cause, told)]
    meta = {"currency": settings.currency, "as_of": settings.as_of, "period": period.label, "metric": "effective", "told": told}
    return Result(_columns(by), rows, totals, meta, notes)


def _found(reader: Reader, settings: Settings, period: Period) -> tuple[list[Row], list[Row], Mapping[str, int]]:
    window = {"first": period.first, "end": period.end}
    tokens = reader.read("waste_cache", **window)
    rates = reader.read("call_rates", **window)
    calls = priced_calls(reader.read("waste_calls", **window, by_outcome=True, by_call=False), rates, tokens)
    found = [*reader.read("waste_capacity", **window), *calls]
    savings = cache_savings(tokens)
    if settings.currency:
        found = [row for row in found if row["currency"] in (None, settings.currency)]
        savings = [row for row in savings if row["currency"] == settings.currency]
    return found, savings, reader.read("waste_told", **window)[0]


def _checked(by: Sequence[str]) -> tuple[str, ...]:
    for name in by:
        if name not in DIMENSIONS:
            raise UsageError(f"waste can't be grouped by `{name}`", where="--by", hint="one of: " + ", ".join(DIMENSIONS))
    if len(set(by)) < len(by):
        raise UsageError("a dimension is named twice", where="--by")
    return tuple(by)


def _columns(by: Sequence[str]) -> list[Column]:
    columns = [Column(name, name.replace("_", " ").capitalize()) for name in by]
    columns += [Column("calls", "Model calls", "count"), Column("uncosted", "No price", "count", wide_only=True)]
    columns += [Column("currency", "Currency", wide_only=True)]
    columns += [Column("list_cost", "At list price", "money", "list_cost", wide_only=True)]
    columns += [Column("cost", "Cost", "money", "waste_cost"), Column("share", "Share", "ratio", "cost_share")]
    return columns


def _unmeasured_row(by: Sequence[str], cause: str) -> Row:
    empty = dict.fromkeys(("calls", "uncosted", "currency", "list_cost", "cost", "share"))
    return {**dict.fromkeys(by), **empty, "cause": cause}


def _totals(found: Sequence[Row], savings: Sequence[Row], spent: Mapping[str, Decimal], nothing: Decimal | None) -> list[Row]:
    """`nothing` is what no cost of any cause means: no waste, or that nothing tells of waste."""
    wasted = {row["currency"]: row["cost"] for row in grouped(found, ())}
    saved = {row["currency"]: row["saved"] for row in grouped(savings, ())}
    return [
        {
            "currency": currency,
            "cost": nothing if wasted.get(currency) is None else wasted[currency],
            "metric": "waste_cost",
            "spent": amount,
            "cache_saved": saved.get(currency),
        }
        for currency, amount in sorted(spent.items())
    ]


def _total_notes(totals: Sequence[Row]) -> list[str]:
    notes = []
    for total in totals:
        if total["cost"] is None:
            of = money_table(total["spent"], total["currency"])
            notes.append(f"how much of {of} was spent for nothing is unknown: no calls, meters or commitments tell of any cause")
            continue
        share = percent(total["cost"] / total["spent"]) if total["spent"] else None
        of = f", {share} of {money_table(total['spent'], total['currency'])}" if share else ""
        notes.append(f"{money_table(total['cost'], total['currency'])} was spent for nothing that can be told{of}")
        if total["cache_saved"]:
            saved = money_table(total["cache_saved"], total["currency"])
            notes.append(f"prompt caches saved {saved} at list price, write premiums taken off")
    return notes


def _untold_notes(told: Mapping[str, int]) -> list[str]:
    notes = []
    for cause in CAUSES:
        missing = untold(cause, told)
        if missing and cause.among:
            things = cause.among.replace("_", " ")
            of = f"{count(missing)} of {count(told[cause.among])} {things} lack {cause.needs}"
            whole = unmeasured(cause, told)
            notes.append(f"`{cause.id}` is not measured: {of}" if whole else f"`{cause.id}` is told of a part only: {of}")
        elif cause.among is None and unmeasured(cause, told):
            notes.append(f"`{cause.id}` is not measured: there are no {cause.needs}")
    return notes


def _left_out(rows: Sequence[Row], top: int) -> list[str]:
    return [f"{len(rows) - top:,} more rows are not shown; the totals hold them all"] if top and len(rows) > top else []
