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
        str | None, typer.Option("--by", metavar="DIM", help="tenant, agent, workflow, provider, model or region.")
    ] = None,
    months: Annotated[int, typer.Option("--months", min=1, max=12, help="This month and the ones after it.")] = 1,
) -> None:
    """What the month will close at: expected, its interval, the budget, and how such forecasts did on your own history.

    \b
    Examples:
      finops forecast
      finops forecast --by tenant --months 3
    """
    from finops.cli.diagnostics import talking
    from finops.cli.output import emit
    from finops.steps.forecast import forecast as answer

    with talking(g) as talk:
        result = answer(g.overrides, by=by, months=months, talk=talk)
    emit(result, g)
