"""`finops volatility`: how unsteady cost is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli.options import Globals

if TYPE_CHECKING:
    from finops.cli.app import Commands


def register(commands: Commands) -> None:
    commands.add("volatility", volatility)


def volatility(
    g: Globals,
    by: Annotated[str, typer.Option("--by", metavar="DIM[,DIM]", help="tenant, agent, workflow, model")] = "agent",
    last: Annotated[str, typer.Option("--last", metavar="90d", help="The days up to the business date.")] = "90d",
) -> None:
    """How unsteady cost is: peaks over the mean, variation, cost at risk, and what of it is demand, price and retries.

    \b
    Examples:
      finops volatility
      finops volatility --by tenant,workflow --last 60d -f json
    """
    from finops.cli.diagnostics import talking
    from finops.cli.output import emit
    from finops.steps.detecting.volatility import volatility_of

    with talking(g) as talk:
        names = tuple(part.strip() for part in by.split(",") if part.strip())
        result = volatility_of(g.overrides, by=names, last=last, talk=talk)
    emit(result, g)
