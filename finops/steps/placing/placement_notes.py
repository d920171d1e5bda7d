"""What `finops place` says in words: the best place against today's, and what the figures rest on."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from finops.core.numbers import money_table, percent, unit_price
from finops.core.placing.placement import Assumptions, Measurement, Placement

if TYPE_CHECKING:
    from finops.prices.book import PriceBook


def placement_notes(
    feasible: list[Placement], shown: int, hidden: list[Placement], here: Placement | None, measured: list[Measurement],
    given: Assumptions, at: date,
) -> list[str]:  # fmt: skip
    notes = [_sentence(feasible, here, given)]
    if any(row.purchase_option == "spot" for row in feasible):
        notes.append(_redone(given))
    front = sum(row.front for row in feasible)
    if front > 1:
        notes.append(f"{front} places are on the front: no other is as good in cost, p95, interruptions and years bound.")
    if given.traffic.asked:
        notes.append(_moved(given))
    stale = [row.offer for row in feasible if row.offer and row.offer.is_stale(at)]
    if stale:
        oldest = min(offer.as_of for offer in stale)
        said = f"All {len(stale)}" if len(stale) == len(feasible) else f"{len(stale)} of {len(feasible)}"
        notes.append(f"{said} prices are older than 30 days on {at}; the oldest is of {oldest}.")
    currencies = sorted({row.offer.currency for row in feasible if row.offer})
    if len(currencies) > 1:
        notes.append(f"Prices are in {' and '.join(currencies)}: places are compared within a currency alone.")
    if shown < len(feasible):
        notes.append(f"{shown} of {len(feasible)} places are shown; `--top 0` shows all.")
    unpriced = [row for row in hidden if row.purchase_option is not None and row.unit_cost is None]
    if unpriced:
        notes.append(f"{len(unpriced)} places with comparable machines have no known price; `--all` lists them.")
    if any(m.spec is None and m.instance_type is None for m in measured):
        notes.append("A benchmark names neither instance type nor accelerator, so it holds nowhere: add a hardware sidecar.")
    return [note for note in notes if note]


def unknown_names(measured: list[Measurement], book: PriceBook) -> list[str]:
    """Instance types and regions that benchmarks name and no price fact has, each once with the nearest name."""
    named = {(m.provider, m.region, m.instance_type) for m in measured}
    found = {
        unknown
        for provider, region, kind in named
        if provider and kind and (unknown := book.unknown_name(provider, region, kind))
    }
    return [f"A benchmark was measured on an {one}" for one in sorted(found)]


def _sentence(feasible: list[Placement], here: Placement | None, given: Assumptions) -> str:
    """The best place against today's, with what the comparison rests on."""
    if not feasible:
        return "No place is feasible: no measured hardware has a known price within the limits."
    currency = here.offer.currency if here and here.offer else None
    same = [row for row in feasible if row.offer and currency in (None, row.offer.currency)]
    best = same[0] if same else feasible[0]
    money = best.offer.currency if best.offer else "USD"
    said = f"Best is {name_of(best)} at {_price_of(best, money)}"
    if here is None or here.unit_cost is None:
        return f"{said}; today's place is not known: set [placement] in finops.toml to compare."
    if best is here:
        return f"{said}, which is where the work runs today."
    now, then = (here.unit_cost, best.unit_cost) if here.total_cost is None else (here.total_cost, best.total_cost)
    if then is None or then >= now:
        return f"{said}; today {name_of(here)} is no dearer."
    saving = 1 - then / now
    month = here.total_cost if here.total_cost is not None else here.monthly_cost
    month = None if month is None else month * saving
    said += f"; today {name_of(here)} costs {_price_of(here, money, short=True)}. Moving saves {percent(saving)}"
    said += f", {money_table(month, money)} a month for the same work. " if month is not None else ". "
    said += f"Machines are taken as {percent(given.utilisation)} busy; data transfer is "
    said += "included." if given.traffic.asked else "not included."
    return f"{said} Also taken: {best.reason}." if best.reason else said


def _price_of(row: Placement, currency: str, *, short: bool = False) -> str:
    """What the places are ordered by: a month in all where there is traffic, else a unit of work."""
    if row.total_cost is not None:
        return f"{money_table(row.total_cost, currency)} a month in all"
    return unit_price(row.unit_cost, currency) + ("" if short else f" per {row.unit}")


def _redone(given: Assumptions) -> str:
    lost = "the run so far"
    if given.keep == "request":
        lost = "the requests in flight"
    elif given.segment_h is not None:
        lost = f"what was done since the last checkpoint, of {given.segment_h * 60:g} minutes at most"
    said = f"Spot includes work redone after interruptions ({given.restart_h * 60:g} minutes of restart and {lost}); "
    if given.hazard_per_h is not None:
        return f"{said}they are taken to come {given.hazard_per_h:g} times an hour: see how many a day each place bears."
    return f"{said}their rate is the provider's monthly bucket, a lower bound: see how many a day each place bears."


def _moved(given: Assumptions) -> str:
    traffic = given.traffic
    parts = [
        f"{amount.normalize():,f} GB {what}"
        for amount, what in (
            (traffic.internet_gb, "a month to users"),
            (traffic.sync_gb, "a month kept in step with today's region"),
            (traffic.stored_gb, "kept there"),
            (traffic.disk_gb, "of disk on each machine"),
            (traffic.once_gb, f"moved once, spread over {traffic.months} months"),
        )
        if amount
    ]
    return f"Ordered by the month in all, with {', '.join(parts)}; the rates of moved data are published ones or your own."


def name_of(row: Placement) -> str:
    return f"{row.provider} {row.region} {row.instance_type} {row.purchase_option}"
