"""`finops commitments`: how much to reserve, and for how long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli.amounts import discounts, share
from finops.cli.options import Globals

if TYPE_CHECKING:
    from finops.cli.app import Commands


def register(commands: Commands) -> None:
    commands.add("commitments", commitments)


def commitments(
    g: Globals,
    month: Annotated[str | None, typer.Option("--month", metavar="YYYY-MM", help="The hours of one month.")] = None,
    last: Annotated[
        str | None, typer.Option("--last", metavar="60d", help="The days up to the business date; 60 where nothing is said.")
    ] = None,
    fall: Annotated[str, typer.Option("--fall", metavar="SHARE", help="How far demand may fall, below 100%.")] = "30%",
    assume: Annotated[
        str | None,
        typer.Option("--assume", metavar="TERM=DISCOUNT[,…]", help="Discounts off on-demand of terms whose price is not known."),
    ] = None,
    demand: Annotated[
        str,
        typer.Option("--demand", metavar="forecast|history", help="Demand over the terms: as forecast, or as in those days."),
    ] = "forecast",
    top: Annotated[int, typer.Option("--top", min=0, help="How many places to show; 0 is all.")] = 0,
) -> None:
    """How many instances to reserve beyond what is held, at which term, by their hourly demand; what that saves and risks.

    \b
    Examples:
      finops commitments
      finops commitments --assume reserved_1y=37%,savings_plan_3y=50% --fall 50%
    """
    from finops.cli.diagnostics import talking
    from finops.cli.output import emit
    from finops.steps.placing.commitments import commitments as answer

    with talking(g) as talk:
        result = answer(
            g.overrides,
            month=month,
            last=last,
            fall=share(fall, "--fall"),
            assume=discounts(assume),
            top=top,
            demand=demand,
            talk=talk,
        )
    emit(result, g)
