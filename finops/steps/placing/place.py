"""Where else measured work could run, and what a unit of it would cost there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Literal

from finops.config import Overrides, load_settings
from finops.core.placing.carbon import Carbon
from finops.core.placing.front import with_front
from finops.core.placing.offer import Spec
from finops.core.placing.placement import Assumptions, Measurement, Placement, best_fits, best_per_place, cheapest_first, placed
from finops.core.placing.transfer import Traffic
from finops.core.result import Result
from finops.errors import UsageError
from finops.steps.placing.measurements import benchmark_rows, measurements
from finops.steps.placing.place_figures import Asked, place_figures
from finops.steps.placing.place_needs import NOT_WORK, machines_that_hold
from finops.steps.placing.place_rows import columns, place_row
from finops.steps.placing.placement_carbon import carbon_notes
from finops.steps.placing.placement_limits import Limits, Rates, checked, outside, seen_from, too_few, with_traffic
from finops.steps.placing.placement_notes import name_of, placement_notes, unknown_names
from finops.steps.pricing.book import price_files

if TYPE_CHECKING:
    from finops.config import Settings
    from finops.core.placing.needs import Needs
    from finops.core.talk import Talk
    from finops.prices.book import PriceBook

OPTIONS = ("on_demand", "spot", "reserved_1y", "reserved_3y", "savings_plan_1y", "savings_plan_3y")


def place(
    overrides: Overrides,
    *,
    workload: str | None,
    talk: Talk,
    needs: Needs | None = None,
    region: str | None = None,
    provider: str | None = None,
    latency_limit_ms: float | None = None,
    utilisation: Decimal = Decimal(1),
    restart_minutes: float = 5.0,
    units_per_month: Decimal | None = None,
    limits: Limits | None = None,
    traffic: Traffic | None = None,
    hazard: float | None = None,
    keep: Literal["run", "request"] = "run",
    checkpoint_h: float | None = None,
    write_h: float = 0.0,
    infeasible: bool = False,
    top: int | None = None,
) -> Result:
    """Every place where the benchmarked work could run, cheapest per unit first, or by the month in all where there is traffic.
    Without a workload, every machine that holds what is needed, by the hour. `top` keeps that many and today's place."""
    from finops.prices.carbon import read_carbon
    from finops.steps.pricing.book import price_book

    settings = load_settings(overrides)
    talk.stage("Price the placements")
    book = price_book(settings)
    provider = _known(book, provider, region)
    limits, traffic = checked(limits or Limits()), traffic or Traffic()
    if traffic.asked and units_per_month is None:
        raise UsageError(
            "what is moved belongs to a volume of work", where="--units-per-month", hint="add the units of work of a month"
        )
    given = Assumptions(
        utilisation, restart_minutes / 60, latency_limit_ms, units_per_month, hazard, keep, checkpoint_h, write_h, traffic
    )
    measured = measurements(benchmark_rows(settings, workload), book) if needs is None else []
    if not measured and needs is None:
        talk.warn(f"no benchmark of `{workload}` has a duration and units of work; nothing can be priced")
    models = sorted({m.model or "" for m in measured})
    by_model = [[m for m in measured if (m.model or "") == model] for model in models]
    found = [row for group in by_model for row in places(group, book, given, limits, settings.as_of)]
    if needs is not None:
        found = list(machines_that_hold(needs, book, given, limits, settings.as_of))
    everything = best_per_place(found)
    if traffic.asked:
        everything = _with_traffic(settings, everything, _today(settings, everything, measured), traffic, units_per_month)
    carbon = Carbon(read_carbon(settings.carbon), settings.as_of, str(settings.carbon)) if settings.carbon else None
    everything = with_front(everything, carbon.per_unit if carbon else None)
    here = _today(settings, everything, measured)
    rows = [row for row in everything if _wanted(row, region, provider)]
    feasible = [row for row in rows if row.feasible]
    shown = feasible[:top] if top else list(feasible)
    if here is not None and here not in shown and _wanted(here, region, provider):
        shown.append(here)
    hidden = [row for row in rows if not row.feasible and row is not here]
    if infeasible:
        shown, hidden = shown + hidden, []
    shown = cheapest_first(shown)
    home = (here.provider, here.region) if here is not None and here.region is not None else None
    asked, files, rates = (
        Asked(given, limits, home, carbon, settings.as_of),
        price_files(settings),
        cache(partial(Rates, settings)),
    )
    return Result(
        columns=columns(shown, traffic.asked, settings.as_of, carbon),
        rows=[place_row(row, row is here, settings.as_of, given, carbon) for row in shown],
        meta=_meta(feasible, workload, given, settings.as_of, here, region, provider)
        | {"within": list(limits.within) or None, "needs": None if needs is None else str(needs)},
        notes=[
            *placement_notes(
                feasible, len([row for row in shown if row.feasible]), hidden, here, measured, given, settings.as_of
            ),
            *unknown_names(measured, book),
            *carbon_notes(feasible, carbon),
            *([] if needs is None else [NOT_WORK]),
        ],
        made=lambda place: place_figures(shown[place], asked, files(), rates() if traffic.asked else None),
    )


def _known(book: PriceBook, provider: str | None, region: str | None) -> str | None:
    """The provider's own name here. A filter that the price facts do not know is a mistake, not an empty answer."""
    from finops.prices.names import canonical_provider

    name = (canonical_provider(provider) or provider) if provider else None
    clouds = sorted({cloud for cloud, _ in book.places()})
    if name is not None and name not in clouds:
        raise UsageError(f"no price is known of `{provider}`", where="--provider", hint=f"known are {', '.join(clouds)}")
    places = sorted({place for cloud, place in book.places() if name in (None, cloud)})
    if region is not None and region not in places:
        close = get_close_matches(region, places, n=3)
        hint = f"did you mean {' or '.join(f'`{one}`' for one in close)}?" if close else "`finops prices list` shows the regions"
        raise UsageError(f"no price is known in a region `{region}`", where="--region", hint=hint)
    return name


def places(measured: list[Measurement], book: PriceBook, given: Assumptions, limits: Limits, at: date) -> Iterator[Placement]:
    """One model's measurements on every instance type that the facts know: comparable ones by region, the others once."""
    specs = {(spec.provider, spec.instance_type): spec for spec in book.all_specs() if spec.gpu_name}
    for m in measured:  # its own type, though its specification may not be known
        if m.provider and m.instance_type:
            unknown = Spec(m.provider, m.instance_type, None, None, None, None, None)
            specs[m.provider, m.instance_type] = book.specs(m.provider, m.instance_type) or unknown
    for key in sorted(specs):
        fits, reason = best_fits(measured, specs[key])
        for measurement, assumption in fits:
            yield from _in_every_region(measurement, specs[key], assumption, book, given, limits, at)
        if not fits:
            yield Placement(
                provider=key[0], region=None, instance_type=key[1], count=measured[0].count, purchase_option=None,
                model=measured[0].model, feasible=False, reason=reason, unit=measured[0].unit,
            )  # fmt: skip


def _in_every_region(
    measurement: Measurement,
    spec: Spec,
    assumption: str | None,
    book: PriceBook,
    given: Assumptions,
    limits: Limits,
    at: date,
) -> Iterator[Placement]:
    if (unknown := book.unknown_name(spec.provider, None, spec.instance_type)) is not None:
        yield Placement(
            provider=spec.provider, region=None, instance_type=spec.instance_type, count=measurement.count,
            purchase_option=None, model=measurement.model, feasible=False, reason=unknown, unit=measurement.unit,
        )  # fmt: skip
        return
    offers = {(o.region, o.purchase_option): o for o in book.offers(spec.provider, None, spec.instance_type, None, at)}
    for region in [region for provider, region in book.places() if provider == spec.provider]:
        full = offers.get((region, "on_demand"))
        seen = seen_from(measurement, region, limits)
        kept_out = outside(spec.provider, region, limits)
        for option in OPTIONS:
            offer = offers.get((region, option))
            if offer is not None:
                bucket = book.buckets(spec.provider, region, spec.instance_type, at) if option == "spot" else None
                row = placed(seen, offer, assumption, given, bucket, full)
                why = kept_out or too_few(row, limits, given.units_per_month)
                yield replace(row, feasible=False, reason=why) if why else row
            elif option in ("on_demand", "spot"):
                absence = book.absence(spec.provider, region, spec.instance_type, option, at)
                yield Placement(
                    provider=spec.provider, region=region, instance_type=spec.instance_type, count=measurement.count,
                    purchase_option=option, model=measurement.model, feasible=False,
                    reason=absence.reason if absence else None, unit=measurement.unit,
                    absence=absence.kind if absence else None,
                )  # fmt: skip


def _with_traffic(
    settings: Settings, rows: list[Placement], here: Placement | None, traffic: Traffic, units: Decimal | None
) -> list[Placement]:
    if here is None or here.region is None:
        hint = "set provider, region and instance_type in finops.toml"
        raise UsageError("where the data is today is not known", where="[placement]", hint=hint)
    rates, home = Rates(settings), (here.provider, here.region)
    return cheapest_first(with_traffic(row, home, rates, traffic, units) for row in rows)


def _today(settings: Settings, rows: list[Placement], measured: list[Measurement]) -> Placement | None:
    """Where the work runs today: as configured, else where it was measured on demand."""
    configured = settings.placement
    places = [(configured.provider, configured.region, configured.instance_type, configured.purchase_option)]
    if configured.instance_type is None:
        places = [
            (configured.provider or m.provider, configured.region or m.region, m.instance_type, configured.purchase_option)
            for m in measured
        ]
    for row in rows:
        if (row.provider, row.region, row.instance_type, row.purchase_option) in places and row.unit_cost is not None:
            return row
    return None


def _wanted(row: Placement, region: str | None, provider: str | None) -> bool:
    return (region is None or row.region in (region, None)) and (provider is None or row.provider == provider)


def _meta(
    rows: list[Placement],
    workload: str | None,
    given: Assumptions,
    at: date,
    here: Placement | None,
    region: str | None,
    provider: str | None,
) -> dict[str, Any]:
    offers = [row.offer for row in rows if row.offer]
    return {
        "currency": _only({offer.currency for offer in offers}),
        "metric": "unit_cost",
        "as_of": at,
        "workload": workload,
        "unit": _only({row.unit for row in rows if row.unit}),
        "prices_as_of": min((offer.as_of for offer in offers), default=None),
        "stale_prices": sum(offer.is_stale(at) for offer in offers),
        "feasible": len(rows),
        "region": region,
        "provider": provider,
        "utilisation": given.utilisation,
        "restart_minutes": round(given.restart_h * 60, 3),
        "latency_limit_ms": given.latency_limit_ms,
        "today": None if here is None else name_of(here),
        "interruptions": "advisor lower bound" if given.hazard_per_h is None else "as asked",
        "hazard_per_hour": given.hazard_per_h,
        "kept": given.keep,
        "checkpoint_h": given.segment_h,
    }


def _only(values: set[str]) -> str | None:
    return values.pop() if len(values) == 1 else None
