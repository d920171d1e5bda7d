"""What a place must keep beside its measured latency: where data may live, and how far away its users are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_CEILING, Decimal
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from finops.core.placing.placement import Measurement, Placement
from finops.core.placing.tiered import Tier
from finops.core.placing.transfer import Moved, Tariff, Traffic, moved
from finops.core.placing.unit_cost import HOURS_PER_MONTH
from finops.errors import UsageError

if TYPE_CHECKING:
    from finops.config import Settings
    from finops.prices.tier_book import Tiers


@dataclass(frozen=True)
class Limits:
    """Countries or parts of the world that data may live in, and the round trip to users in milliseconds by region (`*` is any
    other region)."""

    within: Sequence[str] = ()
    round_trip_ms: Mapping[str, float] = field(default_factory=dict)
    capacity: Sequence[tuple[str, str, int]] = ()
    """(pattern of regions, pattern of instance types, how many are to be had); the first that matches holds."""

    def reach(self, region: str) -> float | None:
        """The round trip to a region; 0 where none was given at all, None where this one's is not known."""
        return self.round_trip_ms.get(region, self.round_trip_ms.get("*")) if self.round_trip_ms else 0.0


def checked(limits: Limits) -> Limits:
    """The limits with their names as the table of regions has them; a name that it has not is a mistake."""
    from finops.prices.names import regions

    known = {name for region in regions().values() for name in (region.country, region.zone_group)}
    given = [name.strip() for name in limits.within]
    names = [name.upper() if name.upper() in known else name.lower() for name in given]
    for name, said in zip(names, given, strict=True):
        if name not in known:
            parts = sorted(one for one in known if len(one) > 2)
            raise UsageError(
                f"no region is known in `{said}`", where="--within", hint=f"a country such as DE, or one of {', '.join(parts)}"
            )
    return replace(limits, within=tuple(names))


def too_few(row: Placement, limits: Limits, units: Decimal | None) -> str | None:
    """Why there are not enough machines there for the work, or for a month's units of it; None where there are, or where nobody
    said how many there are."""
    most = next(
        (
            most
            for region, kind, most in limits.capacity
            if fnmatchcase(row.region or "", region) and fnmatchcase(row.instance_type, kind)
        ),
        None,
    )
    if most is None or row.offer is None:
        return None
    needed = row.count
    if units is not None and row.unit_cost is not None:
        hours = row.unit_cost / row.offer.price * units  # billed hours of the month's work
        needed = max(needed, int((hours / HOURS_PER_MONTH).to_integral_value(ROUND_CEILING)))
    return None if needed <= most else f"{needed:,} machines are needed and {most:,} are to be had"


def outside(provider: str, region: str, limits: Limits) -> str | None:
    """Why data may not live there; None where it may."""
    from finops.prices.names import regions

    if not limits.within:
        return None
    there = regions().get((provider, region))
    if there is None:
        return "where the region stands is not known"
    if {there.country, there.zone_group} & set(limits.within):
        return None
    return f"stands in {there.country}, not in {', '.join(limits.within)}"


def seen_from(measurement: Measurement, region: str, limits: Limits) -> Measurement:
    """The measurement with the round trip to the region on its latency; its latency is unknown where the round trip is."""
    reach = limits.reach(region)
    if measurement.p95_ms is None or reach == 0.0:
        return measurement
    return replace(measurement, p95_ms=None if reach is None else measurement.p95_ms + reach)


class Rates:
    """Prices of moved and kept data in dollars, on the business date."""

    def __init__(self, settings: Settings) -> None:
        from finops.steps.pricing.book import tier_book

        self._book, self._at = tier_book(settings), settings.as_of

    def between(self, here: tuple[str, str], there: tuple[str, str], traffic: Traffic, machines: int = 1) -> Moved | None:
        """The cost of the traffic of work at `there` whose data lives at `here` (provider, region). To another cloud data leaves
        by the internet's rates; within one, the rate depends on whether it leaves its part of the world."""
        kinds = ("egress_internet", "storage_object", "storage_block")
        internet, copy, disk = (self._of(there, kind) for kind in kinds)
        return moved(
            traffic,
            Tariff(internet, self._of(here, self.leaving(here, there)), copy, disk),
            here=here == there,
            machines=machines,
        )

    def tiers(self, place: tuple[str, str], kind: str) -> Tiers | None:
        """The tiers in force at a place, where they are known in dollars."""
        found = self._book.tiers(*place, kind, self._at)
        return found if found is not None and found.currency == "USD" else None

    @staticmethod
    def leaving(here: tuple[str, str], there: tuple[str, str]) -> str:
        """What data that goes from one region to another is priced as."""
        return _leaving(here, there)

    def _of(self, place: tuple[str, str], kind: str) -> Sequence[Tier] | None:
        found = self.tiers(place, kind)
        return None if found is None else found.tiers


def with_traffic(
    row: Placement, here: tuple[str, str] | None, rates: Rates | None, traffic: Traffic, units: Decimal | None
) -> Placement:
    """The place with what its traffic costs and the month's total; not feasible where a rate is not known."""
    if rates is None or here is None or units is None or row.unit_cost is None or row.region is None or row.offer is None:
        return row
    if row.offer.currency != "USD":
        return replace(row, feasible=False, reason=f"rates of moved data are in USD, its price in {row.offer.currency}")
    cost = rates.between(here, (row.provider, row.region), traffic, row.count)
    if cost is None:
        return replace(row, feasible=False, reason=_unknown(here, (row.provider, row.region), traffic))
    return replace(row, moved=cost, total_cost=row.unit_cost * units + cost.spread(traffic.months))


def _leaving(here: tuple[str, str], there: tuple[str, str]) -> str:
    """What data that goes from one region to another is priced as."""
    from finops.prices.names import regions

    if here[0] != there[0]:
        return "egress_internet"
    known = [regions().get(place) for place in (here, there)]
    near = known[0] is not None and known[1] is not None and known[0].zone_group == known[1].zone_group
    return "egress_region" if near else "egress_continent"


def _unknown(here: tuple[str, str], there: tuple[str, str], traffic: Traffic) -> str:
    """Which prices would be needed, of which one at least is not known."""
    needed = [f"{_leaving(here, there)} of {here[0]} {here[1]}"] if here != there and (traffic.sync_gb or traffic.once_gb) else []
    needed += [
        f"{kind} of {there[0]} {there[1]}"
        for kind, gb in (
            ("egress_internet", traffic.internet_gb),
            ("storage_object", traffic.stored_gb if here != there else 0),
            ("storage_block", traffic.disk_gb),
        )
        if gb
    ]
    return f"not known what data costs: {' or '.join(needed)}"
