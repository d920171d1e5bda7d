"""Machines by what they hold, for work that nobody has measured: an hour of each, with no claim of what it does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from finops.core.placing.needs import Needs
from finops.core.placing.placement import Assumptions, Measurement, Placement, placed
from finops.steps.placing.placement_limits import Limits, outside, seen_from, too_few

if TYPE_CHECKING:
    from finops.prices.book import PriceBook

NOT_WORK = "Nothing was measured: an hour of one machine does not do the work of an hour of another."


def machines_that_hold(needs: Needs, book: PriceBook, given: Assumptions, limits: Limits, at: date) -> Iterator[Placement]:
    """Every offer of a machine that is known to hold what is needed; a unit of work is an hour of it."""
    hour = Measurement(
        workload=str(needs), model=None, revision=None, provider=None, region=None, instance_type=None, hardware=None, count=1,
        load=None, repeats=1, duration_s=Decimal(3600), units=Decimal(1), unit="machine hour", output_tokens=None, p95_ms=None,
        spec=None,
    )  # fmt: skip
    for spec in filter(needs.met_by, book.all_specs()):
        offers = book.offers(spec.provider, None, spec.instance_type, None, at)
        full = {offer.region: offer for offer in offers if offer.purchase_option == "on_demand"}
        for offer in offers:
            spot = offer.purchase_option == "spot"
            bucket = book.buckets(spec.provider, offer.region, spec.instance_type, at) if spot else None
            row = placed(seen_from(hour, offer.region, limits), offer, None, given, bucket, full.get(offer.region))
            why = outside(spec.provider, offer.region, limits) or too_few(row, limits, given.units_per_month)
            yield replace(row, feasible=False, reason=why) if why else row
