"""`finops waste`: what was spent for nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli.options import Globals

if TYPE_CHECKING:
    from finops.cli.app import Commands


def register(commands: Commands) -> None:
    commands.add("waste", waste)


def waste(
    g: Globals,
    by: Annotated[
        str,
        typer.Option("--by", metavar="DIM[,DIM]", help="cause, tenant, agent, workflow, model, service, region, instance_type"),
    ] = "cause,agent",
    month: Annotated[str | None, typer.Option("--month", metavar="YYYY-MM", help="The days of one month.")] = None,
    last: Annotated[
        str | None, typer.Option("--last", metavar="30d", help="The days up to the business date; 30 where nothing is said.")
    ] = None,
    top: Annotated[int, typer.Option("--top", min=0, help="How many rows to show; 0 is all.")] = 0,
) -> None:
    """Spent for nothing: idle capacity, failed and looping calls, copies a cache would have served, agents without outcomes.

    \b
    Examples:
      finops waste
      finops waste --by cause,tenant --month 2026-10 -f json
    """
    from finops.cli.diagnostics import talking
    from finops.cli.output import emit
    from finops.steps.costs.waste import waste as answer

    with talking(g) as talk:
        names = tuple(part.strip() for part in by.split(",") if part.strip())
        result = answer(g.overrides, by=names, month=month, last=last, top=top, talk=talk)
    emit(result, g)
