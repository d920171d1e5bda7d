"""`finops forecast`: what the month will close at."""

from __future__ import annotations

from pathlib import Path
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
    plan: Annotated[
        Path | None,
        typer.Option("--plan", metavar="FILE", help="[[plan]] tables beside those of finops.toml: launches, ends, changes."),
    ] = None,
    volume: Annotated[
        list[str] | None,
        typer.Option("--volume", metavar="NAME=±N%", help="What if an agent, workflow or tenant did more or less?"),
    ] = None,
    tokens: Annotated[
        list[str] | None, typer.Option("--tokens", metavar="NAME=±N%", help="What if its calls took more or fewer tokens?")
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option("--model", metavar="MODEL=MODEL", help="What if calls went to another model, at list price?"),
    ] = None,
    price: Annotated[
        list[str] | None,
        typer.Option("--price", metavar="NAME=±N%", help="What if a model, service or provider cost more or less?"),
    ] = None,
) -> None:
    """What the month will close at, with an interval of the total that is checked on your own past.

    \b
    Examples:
      finops forecast
      finops forecast --by tenant --months 3
      finops forecast --months 1 --volume trip-planner=+20% --model gpt-4o=gpt-4o-mini
    """
    from finops.cli.diagnostics import talking
    from finops.cli.output import emit
    from finops.steps.forecasting.forecast import forecast as answer

    with talking(g) as talk:
        given = {"volume": volume, "tokens": tokens, "model": model, "price": price}
        questions = {kind: texts for kind, texts in given.items() if texts}
        names = tuple(part.strip() for part in (by or "").split(",") if part.strip())
        result = answer(g.overrides, by=names, months=months, plan=plan, questions=questions, talk=talk)
    emit(result, g)
