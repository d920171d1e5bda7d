"""What a benchmark tells beside its mean: limits kept, how sure it is, prefill and decode, machines for a peak."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil, sqrt

from finops.core.placing.placement import Measurement
from finops.core.placing.unit_cost import exact, rounded

STUDENT_95 = (
    12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281, 2.2010, 2.1788, 2.1604, 2.1448, 2.1314,
    2.1199, 2.1098, 2.1009, 2.0930, 2.0860, 2.0796, 2.0739, 2.0687, 2.0639, 2.0595, 2.0555, 2.0518, 2.0484, 2.0452, 2.0423,
)  # fmt: skip
"""Student's t of 97.5 % for 1, 2, … degrees of freedom; beyond, 1.96."""


@dataclass(frozen=True)
class Limits:
    """Largest latencies in milliseconds: the 95th percentile of the request and of the first token, the 99th of a token after
    it. `stated` counts only the requests that met the limits which the benchmark itself was run with."""

    e2e_ms: float | None = None
    ttft_ms: float | None = None
    tpot_ms: float | None = None
    stated: bool = False


@dataclass(frozen=True)
class Split:
    """A cost by the phase that took the time: reading the prompt and writing the answer. They add up to the whole."""

    prefill: Decimal
    decode: Decimal


@dataclass(frozen=True)
class Fleet:
    """Machines for the busiest hour, those that the mean alone would ask for, and how busy the former are on average."""

    machines: int
    by_mean: int
    busy: Decimal


def broken(measurement: Measurement, limits: Limits) -> str | None:
    """Why a measurement does not count at the limits; None where it does."""
    for name, limit, found in (
        ("p95", limits.e2e_ms, measurement.p95_ms),
        ("p95 of the first token", limits.ttft_ms, measurement.ttft_p95_ms),
        ("p99 of a token", limits.tpot_ms, measurement.tpot_p99_ms),
    ):
        if limit is not None and found is None:
            return f"{name} not measured"
        if limit is not None and found is not None and found > limit:
            return f"{name} {found:,.0f} ms is above the limit of {limit:,.0f} ms"
    if limits.stated and measurement.goodput is None:
        return "the benchmark states no goodput"
    if limits.stated and not measurement.goodput:
        return "no request met the benchmark's own limits"
    return None


def counted_share(measurement: Measurement, limits: Limits) -> Decimal:
    """The share of the work that counts: all of it, or what met the benchmark's own limits."""
    return measurement.goodput if limits.stated and measurement.goodput else Decimal(1)


def spread(values: Sequence[Decimal]) -> Decimal | None:
    """Half the 95 % interval of the mean of repeated measurements, as a share of the mean: t s / sqrt(n) / mean. None for one."""
    if len(values) < 2:
        return None
    floats = [float(value) for value in values]
    mean = sum(floats) / len(floats)
    deviation = sqrt(sum((value - mean) ** 2 for value in floats) / (len(floats) - 1))
    student = STUDENT_95[len(floats) - 2] if len(floats) - 2 < len(STUDENT_95) else 1.96
    return rounded(exact(student * deviation / sqrt(len(floats)) / mean))


def phases(measurement: Measurement, cost: Decimal) -> Split | None:
    """A cost split by the median time to the first token and after it; None where they were not measured.

    prefill = TTFT / (TTFT + TPOT x (tokens of an answer - 1)). A wait for the first token counts as prefill."""
    first, after = measurement.ttft_p50_ms, measurement.tpot_p50_ms
    if not first or after is None or not measurement.requests or not measurement.output_tokens:
        return None
    length = measurement.output_tokens / measurement.requests
    whole = exact(first) + exact(after) * max(length - 1, Decimal(0))
    prefill = rounded(cost * exact(first) / whole)
    return Split(prefill, cost - prefill)


def fleet(demand_per_h: Sequence[Decimal], rate_per_s: Decimal, count: int, busy: Decimal) -> Fleet:
    """Machines for the busiest hour, each kept `busy` of its measured rate: count x ceil(peak / (3600 rate busy)), where
    `count` machines together made `rate_per_s`. The mean of the hours would leave the busy ones unserved."""
    if rate_per_s <= 0 or not 0 < busy <= 1 or not demand_per_h:
        raise ValueError("rate above 0, busy within (0, 1], at least one hour")
    each = rate_per_s * 3600
    mean = sum(demand_per_h, Decimal(0)) / len(demand_per_h)
    peak, usual = (max(1, ceil(rounded(hour / (each * busy)))) for hour in (max(demand_per_h), mean))
    return Fleet(peak * count, usual * count, rounded(mean / (each * peak)))
