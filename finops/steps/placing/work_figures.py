"""How the cost of measured work is made: facts of its price, rows of its benchmark, and what is billed for redone work."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.core.explaining.figures import Figure, Part
from finops.core.placing.placement import Assumptions, Measurement, Placement
from finops.core.placing.unit_cost import exact

if TYPE_CHECKING:
    from finops.core.placing.offer import Offer
    from finops.prices.lineage import PriceFiles


def told(name: str, value: Any, option: str, what: str) -> Part:
    """What a command was told, or takes where nothing was said."""
    return Part(name, value, what, source=option)


def measured(m: Measurement, column: str, name: str, what: str) -> tuple[Part, ...]:
    """A column of the benchmark's rows, one part a repeat."""
    return tuple(
        Part(name, exact(row[column]), what, row["file"], row["line"], row["time"].date() if row["time"] else None, row["tool"])
        for row in m.rows
        if row[column] is not None
    )


def work(m: Measurement) -> tuple[Part, ...]:
    """The seconds of the runs and the units that they did."""
    if not m.rows:
        return (Part("seconds", m.duration_s, "nothing was measured: an hour"), Part("units", m.units, m.unit))
    return (
        *measured(m, "duration_s", "seconds", "seconds of a run"),
        *measured(m, "units", "units", f"units of work of a run: {m.unit}"),
    )


def machines(m: Measurement) -> Part:
    """How many machines the benchmark ran on."""
    first = m.rows[0] if m.rows else {}
    return Part("count", m.count, "machines that worked together", first.get("file"), first.get("line"))


def hourly(offer: Offer, count: Part, prices: PriceFiles) -> Figure:
    """The price of an hour of all machines."""
    formula, parts = prices.behind(offer)
    return Figure("hourly_price", f"{formula} * count", (*parts, count))


def redone(row: Placement, given: Assumptions, prices: PriceFiles) -> tuple[str, tuple[Part, ...]]:
    """Billed hours of a useful hour: 1 but on spot, where work is redone; and the rate of interruptions that it rests on."""
    if row.purchase_option != "spot" or row.offer is None:
        return "1", ()
    offer = row.offer
    rate: tuple[Part, ...] = (told("rate", row.hazard_per_h, "--hazard", "interruptions of a machine's hour"),)
    if given.hazard_per_h is None:
        bucket = prices.bucket(offer)
        said = "interruptions of a machine's hour: -ln(1 - upper edge of the month's bucket) / 730"
        rate = (Part("rate", row.hazard_per_h, said, bucket.file, bucket.line, bucket.as_of, bucket.source),)
    segment = Part("segment", row.segment_h, "hours of work that an interruption takes", source="--keeps, else a run's length")
    restart = told("restart", given.restart_h, "--restart", "hours to start again")
    parts = (*rate, segment, restart)
    if given.keep == "request":
        again = "(exp(rate * segment) - 1) / (rate * segment)" if row.hazard_per_h * row.segment_h > 1e-12 else "1"
        return f"{again} + rate * restart", parts
    write = told("write", given.write_h if given.segment_h is not None else 0.0, "--write", "hours to write a checkpoint")
    if row.hazard_per_h <= 0:
        return "1 + write / segment", (*parts, write)
    return "exp(rate * restart) * (exp(rate * (segment + write)) - 1) / (rate * segment)", (*parts, write)


def unit_cost(m: Measurement, given: Assumptions, share: Decimal = Decimal(1)) -> Figure:
    """The cost of a unit: hours of the runs, redone work included, at the hourly price, over the units that count. Utilisation
    divides throughput. `stretch` is what `redone` comes to."""
    busy = told("utilisation", given.utilisation, "--utilisation, or the demand", "share of the time with work to do")
    formula = f"hourly_price * seconds / 3600 * stretch / (units{counted(share)} * utilisation)"
    return Figure("unit_cost", formula, (*work(m), busy))


def counted(share: Decimal) -> str:
    """What of the work counts, in a formula: all of it, or what met the benchmark's own limits."""
    return "" if share == 1 else " * goodput_share"


def largest(name: str, parts: Sequence[Part]) -> tuple[str, tuple[Part, ...]]:
    """The largest of several parts, as a formula over them by number."""
    numbered = [Part(f"{name}_{place}", *_rest(part)) for place, part in enumerate(parts, 1)]
    names = ", ".join(part.name for part in numbered)
    return (f"max({names})" if len(numbered) > 1 else names), tuple(numbered)


def _rest(part: Part) -> tuple[Any, ...]:
    return part.value, part.what, part.file, part.line, part.as_of, part.source
