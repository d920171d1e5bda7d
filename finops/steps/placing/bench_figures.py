"""How each figure of `finops bench cost` and `bench list` is made: rows of benchmarks, facts of prices, and the demand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.core.explaining.figures import Figure, Part
from finops.core.placing.placement import Assumptions, Measurement, Placement
from finops.core.placing.unit_cost import exact
from finops.steps.placing.demand import Demand, asked_for
from finops.steps.placing.measurements import PER_MILLION_OUTPUT
from finops.steps.placing.self_host import ApiPrice
from finops.steps.placing.work_figures import counted, hourly, largest, machines, measured, redone, told, unit_cost

if TYPE_CHECKING:
    from finops.core.placing.offer import Offer
    from finops.prices.lineage import PriceFiles

Row = Mapping[str, Any]
CALLS = "rows: `finops explain requests --trace`"


def bench_figures(
    row: Row, m: Measurement, offer: Offer | None, there: Placement | None, given: Assumptions, share: Decimal, prices: PriceFiles
) -> Iterator[Figure]:
    """The figures of one measurement at one way to buy its machine; `share` of its work counts."""
    count = machines(m)
    yield Figure("count", "count", (count,))
    if row["load"] is not None:
        yield Figure("load", "load", (Part("load", m.load, "concurrent requests", m.rows[0]["file"], m.rows[0]["line"]),))
    runs = measured(m, "duration_s", "repeats", "a run")
    yield Figure("repeats", "repeats", tuple(replace(part, value=1) for part in runs))
    if m.p95_ms is not None:
        yield Figure("p95_ms", *largest("p95", measured(m, "e2e_p95_ms", "p95", "95th percentile of a run, ms")))
    if m.goodput is not None:
        yield _goodput(m)
    seconds = tuple(part for part in unit_cost(m, given).parts if part.name in ("seconds", "units"))
    yield Figure("hours_per_unit", "count * seconds / 3600 / units", (count, *seconds))
    if m.spec is not None and m.spec.gpu_count is not None:
        gpus = told("gpus", m.spec.gpu_count, "the specification of the machine in pricing/specs", "GPUs of a machine")
        yield Figure("gpu_hours_per_unit", "hours_per_unit * gpus", (gpus,))
    spread = "Student's t x deviation / sqrt(n) / mean of the runs' seconds a unit"
    yield Figure("spread", None, seconds, spread)
    if offer is not None:
        yield hourly(offer, count, prices)
    if there is None:
        return
    stretch, interrupted = redone(there, given, prices)
    yield Figure("stretch", stretch, interrupted)
    yield unit_cost(m, given, share)
    yield from _by_token(m, seconds)


def _by_token(m: Measurement, work: Sequence[Part]) -> Iterator[Figure]:
    """The same by a million tokens: of the units of all runs over their tokens; by phase of a run."""
    units = tuple(part for part in work if part.name == "units")
    written = measured(m, "output_tokens", "output", "output tokens of a run")
    read = measured(m, "input_tokens", "input", "input tokens of a run")
    each = "unit_cost" if m.unit == PER_MILLION_OUTPUT else "unit_cost * units / output * 1000000"
    yield Figure("per_1m_output_tokens", each, () if m.unit == PER_MILLION_OUTPUT else (*units, *written))
    yield Figure("per_1m_total_tokens", "unit_cost * units / (input + output) * 1000000", (*units, *read, *written))
    first = measured(m, "ttft_p50_ms", "ttft", "median ms to the first token of a run")
    after = measured(m, "tpot_p50_ms", "tpot", "median ms of a token after it of a run")
    done = measured(m, "completed", "requests", "finished requests of a run")
    phases = "ttft / (ttft + tpot * max(output / requests - 1, 0))"
    parts = (*units, *read, *written, *first, *after, *done)
    yield Figure("per_1m_prefill_tokens", f"unit_cost * {phases} * units / input * 1000000", parts)
    yield Figure("per_1m_decode_tokens", f"unit_cost * (1 - {phases}) * units / output * 1000000", parts)


def _goodput(m: Measurement) -> Figure:
    """Good requests over all finished ones, never above 1."""
    parts: list[Part] = []
    terms: list[str] = []
    names = (("goodput_per_s", "good", "good requests a second"), ("duration_s", "seconds", "seconds of a run"))
    for number, row in enumerate(m.rows, 1):
        alone = replace(m, rows=[row])
        parts += [part for column, name, what in names for part in measured(alone, column, f"{name}_{number}", what)]
        terms.append(f"good_{number} * seconds_{number}")
    parts += measured(m, "completed", "requests", "finished requests of a run")
    return Figure("goodput_share", f"min(({' + '.join(terms)}) / requests, 1)", tuple(parts))


def sized_figures(row: Row, m: Measurement, demand: Demand, busy: Decimal, share: Decimal) -> Iterator[Figure]:
    """Machines for the busiest hour of a demand, and those that the mean would ask for."""
    asked = asked_for(demand, m)
    if asked is None or row["machines"] is None:
        return
    hours, _, what = asked
    said = f"{what} of {demand.workflow} in {demand.period}"
    peak = Part("peak", max(hours), f"the busiest hour's {said}", source=CALLS)
    mean = (
        Part("asked", sum(hours, Decimal(0)), f"all {said}", source=CALLS),
        Part("hours", len(hours), f"hours of {demand.period}", source=CALLS),
    )
    column, name = ("output_tokens", "output") if what == "output tokens" else ("completed", "requests")
    work = (*measured(m, column, name, f"{what} of a run"), *measured(m, "duration_s", "seconds", "seconds of a run"))
    parts = (*work, machines(m), told("busy_at_most", busy, "--busy", "how busy a machine may be then"))
    each = f"({name} / seconds{counted(share)} * 3600)"
    yield Figure("machines", f"count * max(1, ceil(peak / ({each} * busy_at_most)))", (peak, *parts))
    yield Figure("machines_by_mean", f"count * max(1, ceil(asked / hours / ({each} * busy_at_most)))", (*mean, *parts))
    yield Figure("busy", f"asked / hours / ({each} * machines / count)", (*mean, *parts))
    yield Figure("monthly_cost", "hourly_price / count * machines * 730", (machines(m),))


def day_figures(units: Decimal | None) -> Iterator[Figure]:
    """A day's and a month's work."""
    if units is not None:
        part = (told("units_per_day", units, "--units-per-day", "units of work of a day"),)
        yield Figure("gpu_hours_per_day", "gpu_hours_per_unit * units_per_day", part)
        yield Figure("gpu_hours_per_month", "gpu_hours_per_day * 730 / 24")
        yield Figure("cost_per_day", "unit_cost * units_per_day", part)
        yield Figure("cost_per_month", "cost_per_day * 730 / 24")


def api_figures(m: Measurement, api: ApiPrice | None) -> Iterator[Figure]:
    """An API's price for the measured share of input, and from how many tokens a month own machines cost less."""
    if api is None:
        return
    tokens = (*measured(m, "input_tokens", "input", "input tokens of a run"),)
    tokens += (*measured(m, "output_tokens", "output", "output tokens of a run"),)
    said = f"list price of a token of {api.model}"
    source = f"`finops prices list --model {api.model.partition('/')[2]}`"
    parts = (*tokens, told("input_price", api.input, source, said), told("output_price", api.output, source, said))
    blended = "(input * input_price + output * output_price) / (input + output)"
    yield Figure("api_per_1m_tokens", f"{blended} * 1000000", parts)
    yield Figure("cheaper_from_tokens", f"hourly_price * 730 / ({blended})", parts)


def listed_figures(row: Row) -> Iterator[Figure]:
    """Every figure of a benchmark's row is that of its file."""
    for name, value in row.items():
        if isinstance(value, int | float | Decimal) and not isinstance(value, bool) and name != "line":
            yield Figure(name, name, (Part(name, exact(value), "as the file says", row["file"], row["line"]),))
