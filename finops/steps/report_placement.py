"""The placement map of the report, cut from what `place` answers to the places that matter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from finops.core.numbers import percent
from finops.core.offer import STALE_AFTER_DAYS
from finops.core.result import Result
from finops.render.page import Cell, CellState, Half, PlacementMap, PriceDate

MOST_REGIONS, MOST_TYPES = 9, 7
OPTIONS = ("on_demand", "spot")
Rows = Sequence[Mapping[str, Any]]
Place = tuple[str, str, str]


@dataclass(frozen=True)
class PlacementPart:
    """The map and the dates of the prices it rests on."""

    figure: PlacementMap | None = None
    prices: tuple[PriceDate, ...] = ()


def placement_map(answers: tuple[Result, ...] | str, as_of: date) -> tuple[PlacementPart, str | None]:
    """The workload with the most at stake; else why there is no map."""
    if isinstance(answers, str):
        return PlacementPart(), answers
    known = [answer for answer in answers if _priced(answer.rows)]
    if not known:
        return PlacementPart(), "no benchmarked hardware has a known price" if answers else "no benchmark has been ingested"
    chosen = max(known, key=lambda answer: (_at_stake(answer.rows), str(answer.meta.get("workload"))))
    return PlacementPart(_map(chosen, as_of), _price_dates(_priced(chosen.rows), as_of)), None


def _map(answer: Result, as_of: date) -> PlacementMap:
    priced = _priced(answer.rows)
    today = next((row for row in priced if row.get("today")), None)
    model = (today or priced[0]).get("model")
    currency = str((today or priced[0]).get("currency") or "USD")
    unit = str((today or priced[0]).get("unit") or "unit")
    mine = [row for row in answer.rows if row.get("model") == model]
    costs = [r for r in mine if _is_priced(r) and r.get("currency") == currency and r.get("unit") == unit]
    shown = [r for r in costs if r["purchase_option"] in OPTIONS]
    best = min(shown or costs, key=_order)
    regions = _ranked(shown, "region", MOST_REGIONS, today)
    types = _ranked([r for r in shown if r["region"] in regions], "instance_type", MOST_TYPES, today)
    cells = tuple(_cell(mine, region, name, currency, as_of) for region in regions for name in types)
    on_map = sum(half.unit_cost is not None for cell in cells for half in (cell.on_demand, cell.spot))
    return PlacementMap(
        workload=str(answer.meta.get("workload") or ""),
        model=str(model or ""),
        unit=unit,
        currency=currency,
        regions=regions,
        instance_types=types,
        cells=cells,
        best=_place(best),
        today=_place(today) if today else None,
        best_cost=best["unit_cost"],
        today_cost=today["unit_cost"] if today else None,
        best_count=int(best.get("count") or 1),
        monthly_saving=_saving(best, today),
        assumptions=_assumptions(answer, best),
        left_out=len(costs) - on_map,
    )


def _ranked(rows: Rows, key: str, most: int, today: Mapping[str, Any] | None) -> tuple[str, ...]:
    """The names with the cheapest places, today's among them, together by provider."""
    best: dict[str, Mapping[str, Any]] = {}
    for row in sorted(rows, key=_order):
        best.setdefault(str(row[key]), row)
    names = list(best)[:most]
    if today is not None and str(today[key]) not in names and str(today[key]) in best:
        names[-1] = str(today[key])
    place = {name: index for index, name in enumerate(best)}
    return tuple(sorted(names, key=lambda name: (_provider_rank(best, name), place[name])))


def _provider_rank(best: Mapping[str, Mapping[str, Any]], name: str) -> int:
    """Where the provider of this name first appears among the cheapest."""
    providers = list(dict.fromkeys(str(row["provider"]) for row in best.values()))
    return providers.index(str(best[name]["provider"]))


def _cell(rows: Rows, region: str, instance_type: str, currency: str, as_of: date) -> Cell:
    halves = {option: _half(rows, region, instance_type, option, currency, as_of) for option in OPTIONS}
    return Cell(region, instance_type, halves["on_demand"], halves["spot"])


def _half(rows: Rows, region: str, instance_type: str, option: str, currency: str, as_of: date) -> Half:
    found = [r for r in rows if (r["region"], r["instance_type"], r["purchase_option"]) == (region, instance_type, option)]
    if not found:
        provider_has = {r["provider"] for r in rows if r["region"] == region} & {
            r["provider"] for r in rows if r["instance_type"] == instance_type
        }
        return Half("not_offered" if provider_has else "other_provider")
    priced = [r for r in found if _is_priced(r) and r.get("currency") == currency]
    if priced:
        row = min(priced, key=_order)
        day = row.get("price_as_of")
        stale = day is not None and (as_of - day).days > STALE_AFTER_DAYS
        return Half("priced", row["unit_cost"], day, stale, "advisor" in str(row.get("price_source") or ""))
    return Half(_absence(str(found[0].get("reason") or ""), found[0]))


def _absence(reason: str, row: Mapping[str, Any]) -> CellState:
    if reason.startswith("not offered"):
        return "not_offered"
    if "not measured" in reason:
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


def _price_dates(rows: Rows, as_of: date) -> tuple[PriceDate, ...]:
    """The oldest price that the map rests on, per provider and purchase option."""
    oldest: dict[tuple[str, str], date] = {}
    for row in rows:
        key, day = (str(row["provider"]), str(row["purchase_option"])), row.get("price_as_of")
        if day is not None:
            oldest[key] = min(day, oldest.get(key, day))
    return tuple(
        PriceDate(f"{provider} {option.replace('_', ' ')}", day, stale=(as_of - day).days > STALE_AFTER_DAYS)
        for (provider, option), day in sorted(oldest.items())
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
    return str(row["region"]), str(row["instance_type"]), str(row["purchase_option"])
