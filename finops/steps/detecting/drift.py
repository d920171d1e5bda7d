"""Drift: prices, models, prompts, lengths, costs and retrieval that are not what they were, in money; updates beside them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from finops.config import Overrides, load_settings
from finops.core.detecting.drift import BEFORE_D, LEAST_CALLS, WEEK_D, Drift, drifts, shifts
from finops.core.detecting.drift_prices import PriceChange, price_changes
from finops.core.numbers import date_text, money_table, percent, unit_price
from finops.core.periods import last_period
from finops.core.result import Column, Result
from finops.core.talk import Talk
from finops.errors import UsageError
from finops.ledger.cube import require_built
from finops.ledger.store import Reader, one_state
from finops.steps.detecting.drift_updates import Mixes, update_rows
from finops.steps.reading import read_ledger

Row = dict[str, Any]
HISTORY_D = 180
ORDER = ("price", "model_mix", "prompt", "input_tokens", "output_tokens", "cost_per_call", "retrieval_latency")
"""Of one series' drifts that begin together, the first is the one that is told; the others are named with it."""
TOGETHER_D = 7
BY = ("agent", "tenant", "workflow", "route")
COLUMNS = (
    *(Column("since", "Since", "date"), Column("last", "Last", "date", wide_only=True), Column("path", "Where")),
    *(Column("class", "Class"), Column("change", "Change"), Column("currency", "Currency", wide_only=True)),
    Column("effect", "A day", "money", "drift_effect"),
    Column("effect_low", "From", "money", "drift_effect", wide_only=True),
    Column("effect_high", "To", "money", "drift_effect", wide_only=True),
    *(Column("bits", "Bits", "number", "drift_bits", wide_only=True), Column("usual", "Usual", "number", wide_only=True)),
    Column("with", "With it", "list", wide_only=True),
)


def drift(overrides: Overrides, *, by: str = "agent", last: str = "30d", talk: Talk) -> Result:
    """What began to differ in the days up to the business date, of each `by`, the newest first."""
    if by not in BY:
        raise UsageError(f"drift is told by one of {', '.join(BY)}, not `{by}`", where="--by")
    settings = load_settings(overrides)
    period = last_period(last, settings.as_of)
    window = {"first": period.first - timedelta(days=HISTORY_D), "end": settings.as_of + timedelta(days=1)}
    of = {**window, "by": by}
    with read_ledger(settings) as reader, one_state(reader):
        require_built(reader, settings.currency)
        if unbuilt := reader.unbuilt():
            talk.warn(f"{unbuilt:,} batches are not built yet: `finops build`")
        mixes = _mixes(reader, of)
        changes = [one for one in price_changes(reader.read("drift_prices", **window)) if one.since >= period.first]
        models = _models(mixes)
        updated = update_rows(reader, mixes, of, period.first)
    rows = [_price_row(one) for one in changes]
    rows += _drift_rows(mixes, by, window["first"], period.first, changes, models)
    rows += updated
    if settings.currency:
        rows = [row for row in rows if row["currency"] in (None, settings.currency)]
    rows.sort(key=lambda row: (-row["since"].toordinal(), row["class"] != "price", row["path"], row["class"]))
    meta = {"currency": settings.currency, "as_of": settings.as_of, "period": period.label, "by": by}
    return Result(COLUMNS, rows, (), meta, _notes(mixes, rows, settings.as_of))


def _mixes(reader: Reader, window: Mapping[str, Any]) -> Mixes:
    """By name and what may drift: names of classes, calls (days, classes), list cost, and the currency."""
    grouped: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in reader.read("drift_calls", **window):
        if not row["name"].startswith("__"):
            grouped[row["name"], row["what"]].append(row)
    days = (window["end"] - window["first"]).days
    begins = min((rows[0]["day"] for rows in grouped.values()), default=window["end"])
    skipped = (begins - window["first"]).days
    found: Mixes = {}
    for key, rows in grouped.items():
        names = sorted({row["class"] for row in rows})
        place = {name: number for number, name in enumerate(names)}
        calls = np.zeros((days, len(names)))
        cost = np.full((days, len(names)), np.nan)
        for row in rows:
            at = ((row["day"] - window["first"]).days, place[row["class"]])
            calls[at] = row["calls"]
            if row["priced"] == row["calls"]:
                cost[at] = float(row["cost"])
        found[key] = (names, calls, cost, next((row["currency"] for row in rows if row["currency"]), None), skipped)
    return found


def _models(mixes: Mixes) -> Mapping[str, set[str]]:
    return {name: set(names) for (name, what), (names, *_) in mixes.items() if what == "model_mix"}


def _drift_rows(
    mixes: Mixes, by: str, first: date, since: date, changes: Sequence[PriceChange], models: Mapping[str, set[str]]
) -> list[Row]:
    found_of: dict[str, list[tuple[int, str, Drift, Sequence[str], str | None]]] = defaultdict(list)
    for (name, what), (names, calls, cost, currency, skipped) in mixes.items():
        for one in drifts(calls[skipped:], cost[skipped:], 0):
            day = first + timedelta(days=one.since + skipped)
            if day >= since and not (what == "cost_per_call" and _repriced(day, changes, models.get(name, set()))):
                found_of[name].append((one.since + skipped, what, one, names, currency))
    rows = []
    for name, found in sorted(found_of.items()):
        while found:
            begun = min(place for place, *_ in found)
            together = [each for each in found if each[0] - begun <= TOGETHER_D]
            found = [each for each in found if each[0] - begun > TOGETHER_D]
            together.sort(key=lambda one: ORDER.index(one[1]))
            rows.append(_row(f"{by}={name}", together, first))
    return rows


def _repriced(day: date, changes: Iterable[PriceChange], models: set[str]) -> bool:
    """Whether calls cost other than before because a price changed."""
    return any(one.model in models and abs((day - one.since).days) <= WEEK_D + BEFORE_D for one in changes)


def _row(path: str, together: Sequence[tuple[int, str, Drift, Sequence[str], str | None]], first: date) -> Row:
    begun, what, one, names, currency = together[0]
    skipped = begun - one.since
    return {
        **{"since": first + timedelta(days=begun), "last": first + timedelta(days=one.last + skipped)},
        **{"path": path, "class": what, "change": _said(what, one, names), "currency": currency},
        **{"effect": _money(one.effect), "effect_low": None, "effect_high": None},
        **{"bits": round(one.bits, 4), "usual": round(one.usual, 4), "with": [other[1] for other in together[1:]]},
    }


def _said(what: str, one: Drift, names: Sequence[str]) -> str:
    if what in ("model_mix", "prompt"):
        found = shifts(names, one.before, one.after)
        return ", ".join(f"{name} {percent(before)} → {percent(after)}" for name, before, after in found)
    middle = np.array([2 ** ((int(name) + 0.5) / 2) for name in names])
    before, after = (_typical(middle, side) for side in (one.before, one.after))
    if before == after:
        before, after = (float(middle @ side / side.sum()) for side in (one.before, one.after))
    if what == "retrieval_latency":
        return f"{before:,.0f} → {after:,.0f} ms"
    if what == "cost_per_call":
        return f"{before / 1e9:.3g} → {after / 1e9:.3g}"
    return f"{before:,.0f} → {after:,.0f} tokens"


def _typical(middle: Any, calls: Any) -> float:
    """The median, by classes in half powers of two."""
    order = np.argsort(middle)
    return float(middle[order][np.searchsorted(np.cumsum(calls[order]), calls.sum() / 2)])


def _price_row(one: PriceChange) -> Row:
    parts = [
        f"{kind.removesuffix('_uncached')} {_per_million(old, one.currency)} → {_per_million(new, one.currency)}"
        for kind, old, new in sorted(one.classes, key=lambda part: part[0] not in ("input_uncached", "output"))
    ]
    return {
        **{"since": one.since, "last": one.since + timedelta(days=one.days - 1), "path": f"model={one.model}", "class": "price"},
        **{"change": ", ".join(parts) + " per 1M", "currency": one.currency, "effect": _money(float(one.effect) / one.days)},
        **{"effect_low": None, "effect_high": None, "bits": None, "usual": None, "with": []},
    }


def _per_million(price: Decimal, currency: str) -> str:
    return unit_price(price, currency, "token").split(" per ")[0]


def _money(amount: float | None) -> Decimal | None:
    return None if amount is None else Decimal(repr(round(amount, 6)))


def _notes(mixes: Mixes, rows: Sequence[Row], as_of: date) -> list[str]:
    few = sorted({name for (name, what), (_, calls, *_) in mixes.items() if what == "model_mix" and _thin(calls)})
    notes = [
        f"up to {date_text(as_of)}: weeks of at least {LEAST_CALLS} calls beside the {BEFORE_D} days before, against their "
        "own past; effects are a day's, at list price, and don't add up"
    ]
    if few:
        notes.append(f"too few calls to judge: {', '.join(few[:5])}{f' and {len(few) - 5} more' if len(few) > 5 else ''}")
    for row in rows:
        if row["class"] == "price" and row["effect"] is not None:
            whole = row["effect"] * ((row["last"] - row["since"]).days + 1)
            notes.append(f"{row['path'].removeprefix('model=')}: {money_table(whole, row['currency'])} since by its price")
    return notes


def _thin(calls: Any) -> bool:
    return bool(calls[-WEEK_D:].sum() < LEAST_CALLS)
