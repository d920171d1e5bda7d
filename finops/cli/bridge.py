"""`finops bridge`: why a month differs from another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli.options import Globals

if TYPE_CHECKING:
    from finops.cli.app import Commands


def register(commands: Commands) -> None:
    commands.add("bridge", bridge)


def bridge(
    g: Globals,
    month_from: Annotated[
        str | None, typer.Option("--from", metavar="YYYY-MM", help="The month before, or `forecast`; else the one before --to.")
    ] = None,
    month_to: Annotated[
        str | None, typer.Option("--to", metavar="YYYY-MM", help="The month after; else the last whole one.")
    ] = None,
    by: Annotated[str, typer.Option("--by", metavar="DIM[,DIM]", help="Break down by tenant, agent, workflow.")] = "",
    top: Annotated[int, typer.Option("--top", min=0, help="With --by: only the largest effects; 0 is all.")] = 0,
) -> None:
    """Why cost changed: volume, tokens, model mix, cache, prices, places, purchase mix, idle, new and gone agents.

    \b
    Examples:
      finops bridge --from 2026-08 --to 2026-09
      finops bridge --by agent --top 10
      finops bridge --from forecast --to 2026-10
    """
    from finops.cli.diagnostics import talking
    from finops.cli.output import emit
    from finops.steps.forecasting.bridge import bridge as answer

    with talking(g) as talk:
        names = tuple(dict.fromkeys(part.strip() for part in by.split(",") if part.strip()))
        result = answer(g.overrides, month_from=month_from, month_to=month_to, by=names, top=top, talk=talk)
    emit(result, g)
