"""`finops bench`: what was benchmarked and what it cost there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli.amounts import above_zero
from finops.cli.options import Globals
from finops.errors import UsageError

if TYPE_CHECKING:
    from finops.cli.app import Commands
    from finops.core.placing.bench_cost import Limits

Workload = Annotated[str | None, typer.Argument(help="Only this workload.")]


def register(commands: Commands) -> None:
    group = commands.group("bench", "Benchmarks in the ledger and what they cost.")
    group.add("list", list_)
    group.add("cost", cost)


def list_(g: Globals, workload: Workload = None) -> None:
    """The benchmark runs in the ledger.

    \b
    Examples:
      finops bench list
      finops bench list product-image-tagging -f json
    """
    from finops.cli.diagnostics import talking
    from finops.cli.output import emit
    from finops.steps.placing.bench import bench_list

    with talking(g) as talk:
        result = bench_list(g.overrides, workload=workload, talk=talk)
    emit(result, g)


def cost(
    g: Globals,
    workload: Workload = None,
    slo: Annotated[
        str | None,
        typer.Option(
            "--slo", metavar="e2e=MS,ttft=MS,tpot=MS|stated", help="Only what keeps these latencies, or its own limits."
        ),
    ] = None,
    utilisation: Annotated[str, typer.Option("--utilisation", help="Share of the time with work to do, above 0 up to 1.")] = "1",
    month: Annotated[
        str | None, typer.Option("--month", metavar="YYYY-MM", help="Size for the busiest hour of this month's calls.")
    ] = None,
    last: Annotated[
        str | None, typer.Option("--last", metavar="30d", help="Size for the busiest hour of the days up to the business date.")
    ] = None,
    busy: Annotated[str, typer.Option("--busy", help="How busy a machine may be in the busiest hour.")] = "0.7",
    units_per_day: Annotated[
        str | None, typer.Option("--units-per-day", help="Also the hours and the cost of so much work a day, and a month.")
    ] = None,
    against: Annotated[
        str | None, typer.Option("--against", metavar="MODEL", help="From how many tokens they cost less than this API's model.")
    ] = None,
    workflow: Annotated[
        str | None, typer.Option("--workflow", help="Whose calls are the demand; the workload's name, if nothing is said.")
    ] = None,
) -> None:
    """What a million tokens, and a unit of work, cost on the machines that were measured, and how many a demand needs.

    \b
    Examples:
      finops bench cost --slo e2e=6000
      finops bench cost product-image-tagging --month 2026-10
      finops bench cost contract-reading --units-per-day 100
    """
    from finops.cli.diagnostics import talking
    from finops.cli.output import emit
    from finops.steps.placing.bench_cost import bench_cost
    from finops.steps.placing.demand import Load

    if utilisation != "1" and (month or last):
        hint = "how busy machines are follows from the demand"
        raise UsageError("`--utilisation` can't stand beside a demand", where="--utilisation", hint=hint)
    load = Load(above_zero(utilisation, "--utilisation", largest=1), above_zero(busy, "--busy", largest=1), month, last, workflow)
    units = None if units_per_day is None else above_zero(units_per_day, "--units-per-day")
    with talking(g) as talk:
        result = bench_cost(
            g.overrides, workload=workload, limits=_limits(slo), load=load, units_per_day=units, api=against, talk=talk
        )
    emit(result, g)


def _limits(text: str | None) -> Limits:
    from finops.core.placing.bench_cost import Limits

    if text == "stated":
        return Limits(stated=True)
    found: dict[str, float] = {}
    for part in filter(None, (piece.strip() for piece in (text or "").split(","))):
        name, equals, amount = part.partition("=")
        if not equals or name.strip() not in ("e2e", "ttft", "tpot"):
            raise UsageError(f"`{part}` is no limit", where="--slo", hint="write it as e2e=6000,ttft=500,tpot=60, or `stated`")
        found[f"{name.strip()}_ms"] = float(above_zero(amount, "--slo"))
    return Limits(**found)  # type: ignore[arg-type]  # `stated` is none of them
