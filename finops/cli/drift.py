"""`finops drift`: what calls are made of, and what changed in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli.options import Globals

if TYPE_CHECKING:
    from finops.cli.app import Commands


def register(commands: Commands) -> None:
    commands.add("drift", drift)


def drift(
    g: Globals,
    by: Annotated[str, typer.Option("--by", metavar="DIM", help="agent, tenant, workflow or route (of prompts).")] = "agent",
    last: Annotated[
        str, typer.Option("--last", metavar="30d", help="Drifts that began in these days up to the business date.")
    ] = "30d",
) -> None:
    """What calls are made of and what it costs: prices, models, prompts, lengths, retrieval; updates before and after.

    \b
    Examples:
      finops drift --last 120d
      finops drift --by tenant -f json
    """
    from finops.cli.diagnostics import talking
    from finops.cli.output import emit
    from finops.steps.detecting.drift import drift as answer

    with talking(g) as talk:
        result = answer(g.overrides, by=by, last=last, talk=talk)
    emit(result, g)
