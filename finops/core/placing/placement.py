"""Where measured work could run and what a unit of it would cost there. Throughput is measured or absent, never invented."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache
from math import isinf
from typing import Any, Literal

from finops.core.placing import interconnect
from finops.core.placing.offer import InterruptionBucket, Offer, Spec
from finops.core.placing.transfer import NOTHING_MOVED, Moved, Traffic
from finops.core.placing.unit_cost import exact, monthly_cost, rounded, unit_cost
from finops.core.spot import interruptions as spot
from finops.core.spot.job import requeued

NOT_MEASURED = "not measured"
_HARDWARE = re.compile(r"^(?:(\d+)\s*[x×]\s*)?(?:NVIDIA[\s_-]+)?(.+?)(?:[\s_-]+(?:\d+\s*GB|SXM\d?|PCIE))*$", re.IGNORECASE)


@dataclass(frozen=True)
class Measurement:
    """One benchmark of a workload at one load on one kind of machine; repeats are added up."""

    workload: str
    model: str | None
    revision: str | None
    provider: str | None
    region: str | None
    instance_type: str | None
    hardware: str | None
    count: int
    load: int | None
    """Concurrent requests, where the benchmark limited them."""
    repeats: int
    duration_s: Decimal
    units: Decimal
    unit: str
    output_tokens: Decimal | None
    p95_ms: float | None
    """The worst repeat's 95th percentile of the whole request."""
    spec: Spec | None
    """What one of the machines holds; known from the instance type, else read from `hardware`."""
    input_tokens: Decimal | None = None
    requests: Decimal | None = None
    """Finished requests."""
    goodput: Decimal | None = None
    """The share of requests that met the limits which the benchmark was run with, where it says."""
    ttft_p50_ms: float | None = None
    ttft_p95_ms: float | None = None
    """The worst repeat's, like `p95_ms`; medians are the repeats' mean."""
    tpot_p50_ms: float | None = None
    tpot_p99_ms: float | None = None
    seconds_per_unit: tuple[Decimal, ...] = ()
    """Of each repeat."""
    rows: Sequence[Mapping[str, Any]] = field(default=(), compare=False, repr=False)
    """The benchmark's rows, one a repeat, each with its `file`, `line` and `units`."""


@dataclass(frozen=True)
class Assumptions:
    """What the arithmetic takes as given, printed with the answer."""

    utilisation: Decimal = Decimal(1)
    restart_h: float = 1 / 12
    latency_limit_ms: float | None = None
    units_per_month: Decimal | None = None
    hazard_per_h: float | None = None
    """Interruptions per machine and running hour; None takes the provider's monthly bucket of each place."""
    keep: Literal["run", "request"] = "run"
    """What an interruption takes: the work since the last checkpoint (the whole run where there is none), or the requests in
    flight, for as long as the slowest of twenty."""
    segment_h: float | None = None
    """Time between checkpoints; None keeps nothing before the end of a run."""
    write_h: float = 0.0
    traffic: Traffic = NOTHING_MOVED


@dataclass(frozen=True)
class Placement:
    """One place for the work. Figures are None where the place is not feasible or its price is not known."""

    provider: str
    region: str | None
    instance_type: str
    count: int
    purchase_option: str | None
    model: str | None
    feasible: bool
    reason: str | None
    """Why not feasible; else what is assumed about it, or None where it was measured as it stands."""
    offer: Offer | None = None
    unit_cost: Decimal | None = None
    unit: str | None = None
    monthly_cost: Decimal | None = None
    p95_ms: float | None = None
    load: int | None = None
    overhead: float = 1.0
    hazard_per_h: float = 0.0
    segment_h: float = 0.0
    on_demand_price: Decimal | None = None
    moved: Moved | None = None
    """The traffic that the place costs beside today's; None where none was asked for or its rates are not known."""
    total_cost: Decimal | None = None
    """A month of the given work with its traffic and the move spread over months; None where no volume was given."""
    absence: str | None = None
    """Why it has no price: `not_offered`, `no_price` or `unknown`, as the price facts say; None where it has one, or where no
    price was asked for because the work does not fit."""
    measurement: Measurement | None = None
    """What it rests on; None where the work does not fit or was never measured."""
    front: bool = False
    """No other place is better in one of cost, latency, interruptions and years bound, and as good in the others."""

    def price_status(self, at: date) -> str | None:
        """What is known of the price on a day: `current`, `old` (more than 30 days), `not_offered` or `unknown`; None where the
        work does not fit and no price was looked for."""
        if self.offer is not None:
            return "old" if self.offer.is_stale(at) else "current"
        return {"not_offered": "not_offered", None: None}.get(self.absence, "unknown")

    def tolerable_per_day(self, given: Assumptions) -> float | None:
        """Interruptions per running day above which spot is dearer than on-demand there, checkpoints and restarts included."""
        if self.offer is None or self.on_demand_price is None:
            return None
        rate = spot.tolerable_rate(
            float(self.on_demand_price), float(self.offer.price), lambda rate: _billed(rate, self.segment_h, given)
        )
        return None if rate is None else rate * 24

    @property
    def years(self) -> int:
        """How long a commitment binds."""
        option = self.purchase_option or ""
        return int(option[-2]) if option.endswith(("1y", "3y")) else 0


def placed(
    measurement: Measurement,
    offer: Offer,
    assumption: str | None,
    given: Assumptions,
    bucket: InterruptionBucket | None = None,
    on_demand: Offer | None = None,
) -> Placement:
    """The work of a measurement on an offer of the same or comparable machines."""
    segment_h = float(measurement.duration_s) / measurement.repeats / 3600  # one run is redone, not all repeats
    if given.segment_h is not None:
        segment_h = min(segment_h, given.segment_h)
    if given.keep == "request" and measurement.p95_ms is not None:
        segment_h = measurement.p95_ms / 3_600_000
    billed, rate, notes = 1.0, 0.0, [assumption]
    if offer.purchase_option == "spot":
        rate, ground = _hazard(given, bucket)
        billed = _overhead(rate, segment_h, given)
        notes.append(ground)
    comparable = on_demand is not None and on_demand.currency == offer.currency and offer.purchase_option == "spot"
    endless = isinf(billed)
    cost = None if endless else _cost(measurement, offer, given, billed)
    late = "a run this long would never end on spot" if endless else too_late(measurement, given.latency_limit_ms)
    return Placement(
        provider=offer.provider,
        region=offer.region,
        instance_type=offer.instance_type,
        count=measurement.count,
        purchase_option=offer.purchase_option,
        model=measurement.model,
        feasible=late is None,
        reason=late or "; ".join(note for note in notes if note) or None,
        offer=offer,
        unit_cost=cost,
        unit=measurement.unit,
        monthly_cost=_monthly(measurement, offer, cost, given),
        p95_ms=measurement.p95_ms,
        load=measurement.load,
        overhead=billed,
        hazard_per_h=rate,
        segment_h=segment_h,
        on_demand_price=on_demand.price if on_demand and comparable else None,
        measurement=measurement,
    )


def _hazard(given: Assumptions, bucket: InterruptionBucket | None) -> tuple[float, str | None]:
    """Interruptions per hour of spot, and what is assumed of them where the provider's bucket is taken."""
    if given.hazard_per_h is not None:
        return given.hazard_per_h, None
    if bucket is None:
        return spot.advisor_rate(1.0, spot.OPEN_BUCKET), "interruptions not published, taken as 20 % in a month"
    return spot.advisor_rate(float(bucket.high), float(bucket.low)), f"{bucket.label} taken back in a month, a lower bound"


@cache
def _overhead(rate: float, segment_h: float, given: Assumptions) -> float:
    return _billed(rate, segment_h, given)


def _billed(rate: float, segment_h: float, given: Assumptions) -> float:
    """Billed hours per useful hour at a rate of interruptions per running hour."""
    if given.keep == "request":
        return requeued(rate, segment_h, given.restart_h)
    return spot.overhead(rate, segment_h, given.restart_h, given.write_h if given.segment_h is not None else 0.0)


def too_late(measurement: Measurement, limit_ms: float | None) -> str | None:
    """Why the measured latency does not fit the limit; None where it does."""
    if limit_ms is None:
        return None
    if measurement.p95_ms is None:
        return "p95 not measured"
    if measurement.p95_ms > limit_ms:
        return f"p95 {measurement.p95_ms:,.0f} ms is above the limit of {limit_ms:,.0f} ms"
    return None


def fit(measurement: Measurement, candidate: Spec) -> tuple[bool, str | None]:
    """Whether the measurement holds on the candidate, and what that assumes (or why it does not)."""
    measured = measurement.spec
    same_type = measurement.instance_type == candidate.instance_type and measurement.provider == candidate.provider
    if same_type:
        return True, None
    if measured is None or measured.gpu_name is None or candidate.gpu_name is None:
        return False, NOT_MEASURED
    if (measured.gpu_name.upper(), measured.gpu_count) != (candidate.gpu_name.upper(), candidate.gpu_count):
        return False, NOT_MEASURED
    if measured.gpu_memory_gb is not None and candidate.gpu_memory_gb != measured.gpu_memory_gb:
        return False, NOT_MEASURED
    for name, have, need in (
        ("vCPUs", candidate.vcpu, measured.vcpu),
        ("GiB of memory", candidate.memory_gib, measured.memory_gib),
    ):
        if have is not None and need is not None and have < need:
            return False, f"fewer {name} ({have}) than measured ({need})"
    if (short := interconnect.slower(measured, candidate, measurement.count)) is not None:
        return False, short
    machine = measurement.instance_type or measurement.hardware
    where = f" on {measurement.provider}" if measurement.provider not in (None, candidate.provider) else ""
    also = interconnect.assumed(measured, candidate, measurement.count)
    said = f"assumes the throughput measured on {machine}{where} (same {_accelerators(candidate)})"
    return True, said + (f" and {also}" if also else "")


def best_fits(measured: Sequence[Measurement], candidate: Spec) -> tuple[list[tuple[Measurement, str | None]], str]:
    """The measurements that hold on the candidate with what each assumes, and why there are none. Those of its own type beat
    all others, those of its own cloud beat other clouds', and of several machines the slowest stands in."""
    fits = [(measurement, *fit(measurement, candidate)) for measurement in measured]
    holding = [(measurement, note) for measurement, holds, note in fits if holds]
    if not holding:
        reasons = sorted({note for _, holds, note in fits if not holds and note and note != NOT_MEASURED})
        return [], reasons[0] if reasons else NOT_MEASURED
    own = [pair for pair in holding if pair[1] is None]
    near = [pair for pair in holding if pair[0].provider == candidate.provider]
    kept = own or near or holding
    machines = {_machine(measurement) for measurement, _ in kept}
    slowest = min(machines, key=lambda machine: (_pace(measured, machine), machine))
    return [pair for pair in kept if _machine(pair[0]) == slowest], ""


def accelerator_of(hardware: str | None, memory_gib: float | None = None) -> Spec | None:
    """What a line such as `4x NVIDIA L40S` or `NVIDIA A100-SXM4-80GB` says of a machine."""
    match = _HARDWARE.match((hardware or "").strip())
    if match is None or not match[2]:
        return None
    said = re.search(r"(\d+)\s*GB", hardware or "", re.IGNORECASE)
    memory = Decimal(said[1]) if said else None
    if memory is None and memory_gib is not None:
        memory = Decimal(round(memory_gib))
    return Spec("", "", match[2].upper().replace("_", " "), int(match[1] or 1), memory, None, None)


def cheapest_first(rows: Iterable[Placement]) -> list[Placement]:
    """Feasible places by cost per unit of work, then the others by name."""
    return sorted(rows, key=_order)


def best_per_place(rows: Sequence[Placement]) -> list[Placement]:
    """Of several loads measured on the same machine, the one that serves a unit cheapest within the limits."""
    best: dict[tuple[str, ...], Placement] = {}
    for row in cheapest_first(rows):
        key = (row.provider, row.region or "", row.instance_type, str(row.count), row.purchase_option or "", row.model or "")
        best.setdefault(key, row)
    return list(best.values())


def _order(row: Placement) -> tuple[object, ...]:
    known = row.unit_cost if row.total_cost is None else row.total_cost
    cost = known if row.feasible and known is not None else Decimal("Infinity")
    names = (row.provider, row.region or "", row.instance_type, row.count, row.purchase_option or "", row.model or "")
    return (not row.feasible, cost, *names, row.load or 0)


def _cost(measurement: Measurement, offer: Offer, given: Assumptions, billed: float) -> Decimal:
    return unit_cost(
        offer.price, measurement.count, measurement.duration_s, measurement.units, given.utilisation, _as_decimal(billed)
    )


@cache
def _as_decimal(billed: float) -> Decimal:
    return rounded(exact(billed))


def _monthly(measurement: Measurement, offer: Offer, cost: Decimal | None, given: Assumptions) -> Decimal | None:
    """A month always on, or a month's given volume of work."""
    if given.units_per_month is None:
        return monthly_cost(offer.price, measurement.count)
    return None if cost is None else rounded(cost * given.units_per_month)


def _machine(measurement: Measurement) -> tuple[str, ...]:
    names = (measurement.provider, measurement.instance_type, measurement.hardware, measurement.region)
    return (*(name or "" for name in names), f"{measurement.count:09d}")


def _pace(measured: Sequence[Measurement], machine: tuple[str, ...]) -> Decimal:
    """The most units per second and machine that were measured on it, at whatever load."""
    return max(m.units / m.duration_s / m.count for m in measured if _machine(m) == machine)


def _accelerators(spec: Spec) -> str:
    return f"{spec.gpu_count} x {spec.gpu_name}"
