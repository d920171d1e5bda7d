"""How unsteady cost is, by owner: peaks, variation, cost at risk, and what of it is demand, price and retries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from finops.config import Overrides, load_settings
from finops.core.detecting.signatures import CAUSES
from finops.core.detecting.volatility import LEAST_DAYS, RISK_D, peak_hour, volatility
from finops.core.numbers import date_text
from finops.core.periods import last_period
from finops.core.result import Column, Result
from finops.core.talk import Talk
from finops.core.units.call_cost import CallRates
from finops.core.units.waste import priced_calls
from finops.errors import UsageError
from finops.ledger.store import Reader, one_state
from finops.steps.forecasting.history import complete_until
from finops.steps.reading import read_ledger

Row = dict[str, Any]
DIMENSIONS = ("tenant", "agent", "workflow", "model")
PARTS = ("demand", "price", "retries", "other")
_ALL = "all"


def volatility_of(overrides: Overrides, *, by: Sequence[str] = ("agent",), last: str = "90d", talk: Talk) -> Result:
    """The days up to the last complete one; the dearest risk first, and everything together in the totals."""
    settings = load_settings(overrides)
    by = _checked(by)
    period = last_period(last, settings.as_of)
    with read_ledger(settings) as reader, one_state(reader):
        reach = complete_until(reader, settings.as_of, settings.currency)
        if unbuilt := reader.unbuilt():
            talk.warn(f"{unbuilt:,} batches are not built yet: `finops build`")
        window = {"first": min(period.first, reach), "end": reach + timedelta(days=1)}
        days = _days(reader, window, by, settings.currency)
        hours = _hours(reader, window, by, settings.currency)
    rows = [row for key, parts in days.items() if (row := _row(key, by, parts, hours.get(key), window["first"])) is not None]
    totals = [row for row in rows if row[_ALL]]
    rows = [row for row in rows if not row[_ALL]]
    rows.sort(key=lambda row: (row["currency"], -(row["at_risk"] or Decimal(-1)), *(str(row[name]) for name in by)))
    for total in totals:
        for name in (_ALL, *by):
            total.pop(name)
    meta = {"currency": settings.currency, "as_of": settings.as_of, "period": period.label, "metric": "effective"}
    notes = [
        f"days up to {date_text(reach)}; at risk is what {RISK_D} days cost beyond their mean once in twenty (not additive)",
        "demand is tokens at the period's mean prices, price what a day paid beside them, retries are failed and looping calls, "
        "other is what no call cost",
    ]
    if any(row["at_risk"] is None for row in rows):
        notes.append(f"fewer than {LEAST_DAYS} days tell no risk")
    return Result(_columns(by), rows, totals, meta, notes)


def _checked(by: Sequence[str]) -> tuple[str, ...]:
    for name in by:
        if name not in DIMENSIONS:
            raise UsageError(f"volatility can't be grouped by `{name}`", where="--by", hint="one of: " + ", ".join(DIMENSIONS))
    if len(set(by)) < len(by):
        raise UsageError("a dimension is named twice", where="--by")
    return tuple(by)


def _columns(by: Sequence[str]) -> list[Column]:
    return [
        *(Column(name, name.capitalize()) for name in by),
        *(Column("currency", "Currency", wide_only=True), Column("days", "Days", "count")),
        *(Column("mean", "Mean day", "money", "volatility_mean"), Column("peak", "Peak", "money", wide_only=True)),
        *(
            Column("peak_day", "Peak day", "date", wide_only=True),
            Column("peak_to_mean", "Peak ÷ mean", "number", "peak_to_mean"),
        ),
        Column("peak_hour_to_mean", "Peak hour", "number", "peak_to_mean"),
        *(Column("variation", "Variation", "number", "variation"), Column("at_risk", "At risk", "money", "cost_at_risk")),
        *(Column(name, name.capitalize(), "ratio", "variance_share") for name in PARTS),
    ]


def _days(
    reader: Reader, window: Mapping[str, date], by: Sequence[str], currency: str | None
) -> dict[tuple[str | None, ...], dict[str, Any]]:
    """By key (and `all`) the days' cost in parts that add up to it, exact before they become floats."""
    size = (window["end"] - window["first"]).days
    rates = reader.read("call_rates", **window)
    at = CallRates(rates)
    tokens = [at.at_bill(row, row["list_cost"]) for row in reader.read("volatility_tokens", **window)]
    tokens = [row for row in tokens if currency in (None, row["currency"])]
    calls = reader.read("waste_calls", **window, by_outcome=False, by_call=False)
    needless = priced_calls(calls, rates, reader.read("waste_cache", **window))
    found: dict[tuple[str | None, ...], dict[str, Any]] = defaultdict(lambda: {name: np.zeros(size) for name in ("cost", *PARTS)})
    listed: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    used: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    paid: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    asked: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    listed_in: dict[tuple[str, str], str] = {}
    for row in tokens:
        kind = (row["currency"], row["listed_in"], row["model"], row["token_class"])
        listed[kind] += row["weighed"]
        used[kind] += row["tokens"]
        asked[kind[:2]] += row["weighed"]
        listed_in[row["model"], row["currency"]] = row["listed_in"]
    for row in reader.read("volatility_cost", **window, currency=currency):
        prices = listed_in.get((row["model"], row["currency"]))
        if prices is not None:
            paid[row["currency"], prices] += row["cost"]
        for key in _keys(row, by):
            own, at_day = found[key], (row["day"] - window["first"]).days
            own["cost"][at_day] += float(row["cost"])
            own["other" if prices is None else "price"][at_day] += float(row["cost"])
    for row in tokens:
        kind = (row["currency"], row["listed_in"], row["model"], row["token_class"])
        discount = float(paid[kind[:2]] / asked[kind[:2]]) if asked[kind[:2]] else 0.0
        amount = float(row["tokens"] * listed[kind] / used[kind]) * discount if used[kind] else 0.0
        for key in _keys(row, by):
            _move(found[key], "price", "demand", (row["day"] - window["first"]).days, amount)
    for row in needless:
        if row["cause"] in CAUSES and row["cause"] != "copy" and row["cost"] is not None and currency in (None, row["currency"]):
            for key in _keys(row, by):
                _move(found[key], "demand", "retries", (row["day"] - window["first"]).days, float(row["cost"]))
    return found


def _move(parts: Mapping[str, Any], source: str, target: str, day: int, amount: float) -> None:
    parts[source][day] -= amount
    parts[target][day] += amount


def _keys(row: Row, by: Sequence[str]) -> tuple[tuple[str | None, ...], ...]:
    return ((row["currency"], *(row[name] for name in by)), (row["currency"],))


def _hours(
    reader: Reader, window: Mapping[str, date], by: Sequence[str], currency: str | None
) -> dict[tuple[str | None, ...], Any]:
    size = (window["end"] - window["first"]).days * 24
    found: dict[tuple[str | None, ...], Any] = defaultdict(lambda: np.zeros(size))
    for row in reader.read("volatility_hours", **window, currency=currency):
        for key in _keys(row, by):
            found[key][row["hour"]] += float(row["cost"])
    return found


def _row(key: tuple[str | None, ...], by: Sequence[str], parts: Mapping[str, Any], hours: Any, first: date) -> Row | None:
    told = volatility(parts["cost"], {name: parts[name] for name in PARTS})
    if told is None:
        return None
    whole = len(key) == 1
    return {
        **{_ALL: whole, "currency": key[0], **dict(zip(by, key[1:] if not whole else [None] * len(by), strict=True))},
        **{"days": told.days, "mean": _money(told.mean), "peak": _money(told.peak)},
        **{"peak_day": first + timedelta(days=told.peak_day), "peak_to_mean": _rounded(told.peak_to_mean)},
        **{"peak_hour_to_mean": None if hours is None else _rounded(peak_hour(hours)), "variation": _rounded(told.variation)},
        "at_risk": None if told.at_risk is None else _money(told.at_risk),
        **{name: None if told.shares is None else round(told.shares[name], 6) for name in PARTS},
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _money(amount: float) -> Decimal:
    return Decimal(repr(round(amount, 6)))
