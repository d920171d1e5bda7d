"""`finops forecast`: what the month will close at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli.options import Globals

if TYPE_CHECKING:
    from finops.cli.app import Commands


def register(commands: Commands) -> None:
    commands.add("forecast", forecast)


def forecast(
    g: Globals,
    by: Annotated[
        str | None, typer.Option("--by", metavar="DIM[,DIM]", help="tenant, agent, workflow, model, region, …; else the whole.")
    ] = None,
    months: Annotated[int, typer.Option("--months", min=0, max=12, help="How many following months to add.")] = 0,
) -> None:
    """What the month will close at, with an interval of the total that is checked on your own past.

    \b
    Examples:
      finops forecast
      finops forecast --by tenant --months 3
    """
    from finops.cli.diagnostics import talking
    from finops.cli.output import emit
    from finops.steps.forecast import forecast as answer

    with talking(g) as talk:
        names = tuple(part.strip() for part in (by or "").split(",") if part.strip())
        result = answer(g.overrides, by=names, months=months, talk=talk)
    emit(result, g)
