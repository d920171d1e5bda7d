"""`finops bench`: what was benchmarked and what it cost there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli.amounts import above_zero
from finops.cli.options import Globals

if TYPE_CHECKING:
    from finops.cli.app import Commands

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
    from finops.steps.bench import bench_list

    with talking(g) as talk:
        result = bench_list(g.overrides, workload=workload, talk=talk)
    emit(result, g)


def cost(
    g: Globals,
    workload: Workload = None,
    units_per_day: Annotated[
        str | None, typer.Option("--units-per-day", help="Also the hours and the cost of so much work a day, and a month.")
    ] = None,
) -> None:
    """What a million output tokens, and a unit of work, cost on the machines that were measured.

    \b
    Examples:
      finops bench cost
      finops bench cost product-image-tagging -f csv
      finops bench cost contract-reading --units-per-day 100
    """
    from finops.cli.diagnostics import talking
    from finops.cli.output import emit
    from finops.steps.bench import bench_cost

    units = None if units_per_day is None else above_zero(units_per_day, "--units-per-day")
    with talking(g) as talk:
        result = bench_cost(g.overrides, workload=workload, units_per_day=units, talk=talk)
    emit(result, g)
