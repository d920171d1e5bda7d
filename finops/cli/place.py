"""`finops place`: where else the work could run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli.amounts import above_zero
from finops.cli.options import Globals

if TYPE_CHECKING:
    from finops.cli.app import Commands


def register(commands: Commands) -> None:
    commands.add("place", place)


def place(
    g: Globals,
    workload: Annotated[str, typer.Argument(help="A benchmarked workload; see `finops bench list`.")],
    region: Annotated[str | None, typer.Option("--region", help="Only this region.")] = None,
    provider: Annotated[str | None, typer.Option("--provider", help="Only this cloud: aws, azure, gcp.")] = None,
    latency_limit: Annotated[
        str | None, typer.Option("--latency-limit", metavar="MS", help="Largest p95 of a request, in milliseconds.")
    ] = None,
    utilisation: Annotated[str, typer.Option("--utilisation", help="Share of the time with work to do, above 0 up to 1.")] = "1",
    restart: Annotated[
        float,
        typer.Option("--restart", metavar="MINUTES", min=0.0, max=1440.0, help="Minutes to start again after an interruption."),
    ] = 5.0,
    units_per_month: Annotated[
        str | None, typer.Option("--units-per-month", help="Price this much work a month instead of an always-on month.")
    ] = None,
    infeasible: Annotated[bool, typer.Option("--all", help="Also the places that do not fit, with the reason.")] = False,
    top: Annotated[int, typer.Option("--top", min=0, help="How many places to show; 0 is all of them.")] = 20,
) -> None:
    """What a unit of measured work would cost in other regions, on other machines, on demand and on spot.

    \b
    Examples:
      finops place product-image-tagging
      finops place product-image-tagging --provider gcp --latency-limit 1500 --all
    """
    from finops.cli.diagnostics import talking
    from finops.cli.output import emit
    from finops.steps.place import place as answer

    with talking(g) as talk:
        result = answer(
            g.overrides,
            workload=workload,
            region=region,
            provider=provider,
            latency_limit_ms=None if latency_limit is None else float(above_zero(latency_limit, "--latency-limit")),
            utilisation=above_zero(utilisation, "--utilisation", largest=1),
            restart_minutes=restart,
            units_per_month=None if units_per_month is None else above_zero(units_per_month, "--units-per-month"),
            infeasible=infeasible,
            top=top,
            talk=talk,
        )
    emit(result, g)
