"""The placement map of the report, cut from what `place` answers to the places that matter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from finops.core.numbers import percent
from finops.core.result import Result
from finops.render.page import Cell, CellState, Half, Panel, PlacementMap, PriceDate

MOST_PANELS, MOST_REGIONS, MOST_OTHER_REGIONS, MOST_TYPES = 3, 6, 3, 5
"""How much of the map is shown: the cheapest provider in more regions than the others."""
OPTIONS = ("on_demand", "spot")
Rows = Sequence[Mapping[str, Any]]
Place = tuple[str, str, str, str]


@dataclass(frozen=True)
class PlacementPart:
    """The map and the dates of the prices it rests on."""

    figure: PlacementMap | None = None
    prices: tuple[PriceDate, ...] = ()


def placement_map(answers: tuple[Result, ...] | str) -> tuple[PlacementPart, str | None]:
    """The workload with the most at stake; else why there is no map."""
    if isinstance(answers, str):
        return PlacementPart(), answers
    known = [answer for answer in answers if _priced(answer.rows)]
    if not known:
        return PlacementPart(), "no benchmarked hardware has a known price" if answers else "no benchmark has been ingested"
    chosen = max(known, key=lambda answer: (_at_stake(answer.rows), str(answer.meta.get("workload"))))
    return PlacementPart(_map(chosen), _price_dates(_priced(chosen.rows))), None


def _map(answer: Result) -> PlacementMap:
    priced = _priced(answer.rows)
    today = next((row for row in priced if row.get("today")), None)
    model = (today or priced[0]).get("model")
    currency = str((today or priced[0]).get("currency") or "USD")
    unit = str((today or priced[0]).get("unit") or "unit")
    mine = [row for row in answer.rows if row.get("model") == model]
    costs = [r for r in mine if _is_priced(r) and r.get("currency") == currency and r.get("unit") == unit]
    shown = [r for r in costs if r["purchase_option"] in OPTIONS]
    best = min(shown or costs, key=_order)
    panels = _panels(mine, shown, currency, today)
    on_map = sum(h.unit_cost is not None for p in panels for c in p.cells for h in (c.on_demand, c.spot))
    return PlacementMap(
        workload=str(answer.meta.get("workload") or ""),
        model=str(model or ""),
        unit=unit,
        currency=currency,
        panels=panels,
        best=_place(best),
        today=_place(today) if today else None,
        best_cost=best["unit_cost"],
        today_cost=today["unit_cost"] if today else None,
        best_count=int(best.get("count") or 1),
        monthly_saving=_saving(best, today),
        assumptions=_assumptions(answer, best),
        left_out=len(costs) - on_map,
    )


def _panels(rows: Rows, shown: Rows, currency: str, today: Mapping[str, Any] | None) -> tuple[Panel, ...]:
    """The providers, cheapest first; today's is always among them."""
    providers = _names(shown, "provider", MOST_PANELS, today)
    made: list[Panel] = []
    for provider in providers:
        own = [row for row in rows if row["provider"] == provider]
        priced = [row for row in shown if row["provider"] == provider]
        here = today if today is not None and today["provider"] == provider else None
        regions = _names(priced, "region", MOST_OTHER_REGIONS if made else MOST_REGIONS, here)
        types = _names([row for row in priced if row["region"] in regions], "instance_type", MOST_TYPES, here)
        cells = tuple(_cell(own, region, name, currency) for region in regions for name in types)
        made.append(Panel(provider, regions, types, cells))
    return tuple(made)


def _names(rows: Rows, key: str, most: int, today: Mapping[str, Any] | None) -> tuple[str, ...]:
    """The names with the cheapest places, in that order; today's takes the last seat where it is not among them."""
    ranked = list(dict.fromkeys(str(row[key]) for row in sorted(rows, key=_order)))
    names = ranked[:most]
    if today is not None and str(today[key]) in ranked[most:]:
        names[-1] = str(today[key])
    return tuple(names)


def _cell(rows: Rows, region: str, instance_type: str, currency: str) -> Cell:
    halves = {option: _half(rows, region, instance_type, option, currency) for option in OPTIONS}
    return Cell(region, instance_type, halves["on_demand"], halves["spot"])


def _half(rows: Rows, region: str, instance_type: str, option: str, currency: str) -> Half:
    found = [r for r in rows if (r["region"], r["instance_type"], r["purchase_option"]) == (region, instance_type, option)]
    if not found:
        return Half("no_price")
    priced = [r for r in found if _is_priced(r) and r.get("currency") == currency]
    if priced:
        row = min(priced, key=_order)
        derived = "advisor" in str(row.get("price_source") or "")
        return Half("priced", row["unit_cost"], row.get("price_as_of"), row.get("price_status") == "old", derived)
    return Half(_absence(found[0]))


def _absence(row: Mapping[str, Any]) -> CellState:
    if row.get("price_status") == "not_offered":
        return "not_offered"
    if _is_priced(row):
        return "other_currency"
    if "not measured" in str(row.get("reason") or ""):
        return "not_measured"
    return "not_feasible" if row.get("unit_cost") is not None else "no_price"


def _saving(best: Mapping[str, Any], today: Mapping[str, Any] | None) -> Decimal | None:
    if today is None or not today["unit_cost"] or today.get("monthly_cost") is None:
        return None
    return Decimal(today["monthly_cost"] * (1 - best["unit_cost"] / today["unit_cost"]))


def _assumptions(answer: Result, best: Mapping[str, Any]) -> tuple[str, ...]:
    said = []
    busy = answer.meta.get("utilisation")
    if busy is not None:
        said.append(f"machines are {percent(busy)} busy in both places")
    if best.get("count") and int(best["count"]) > 1:
        said.append(f"{best['count']} machines are used together, as measured")
    if best["purchase_option"] == "spot":
        said.append("work lost to interruptions is redone, at the provider's published rate, which is a lower bound")
    reason = str(best.get("reason") or "")
    if "assumes" in reason:
        said.append(reason.split(";")[0].replace("assumes", "").strip() + " holds here")
    said.append("moving the data costs nothing")
    return tuple(said)


def _price_dates(rows: Rows) -> tuple[PriceDate, ...]:
    """The oldest price that the map rests on, per provider and purchase option."""
    oldest: dict[tuple[str, str], tuple[bool, date]] = {}
    for row in rows:
        key, day = (str(row["provider"]), str(row["purchase_option"])), row.get("price_as_of")
        if day is not None:
            age = (row.get("price_status") != "old", day)
            oldest[key] = min(age, oldest.get(key, age))
    return tuple(
        PriceDate(f"{provider} {option.replace('_', ' ')}", day, stale=not current)
        for (provider, option), (current, day) in sorted(oldest.items())
    )


def _at_stake(rows: Rows) -> Decimal:
    today = [row["monthly_cost"] for row in rows if row.get("today") and row.get("monthly_cost") is not None]
    return max(today, default=Decimal(0))


def _priced(rows: Rows) -> list[Mapping[str, Any]]:
    return sorted((row for row in rows if _is_priced(row)), key=_order)


def _is_priced(row: Mapping[str, Any]) -> bool:
    return bool(row.get("feasible")) and row.get("unit_cost") is not None


def _order(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return (row["unit_cost"], row["provider"], row["region"] or "", row["instance_type"], row["purchase_option"] or "")


def _place(row: Mapping[str, Any]) -> Place:
    return str(row["provider"]), str(row["region"]), str(row["instance_type"]), str(row["purchase_option"])
