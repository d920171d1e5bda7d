"""`finops flag`: which agents earn their keep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli.options import Globals

if TYPE_CHECKING:
    from finops.cli.app import Commands


def register(commands: Commands) -> None:
    commands.add("flag", flag)


def flag(
    g: Globals,
    last: Annotated[
        str, typer.Option("--last", metavar="90d", help="The days up to the business date that are judged; 28 at least.")
    ] = "90d",
) -> None:
    """Agents that return less than they cost: a verdict each, its probability, why, and the money at stake.

    \b
    Examples:
      finops flag
      finops flag --last 60d -f json
    """
    from finops.cli.diagnostics import talking
    from finops.cli.output import emit
    from finops.steps.judging.flag import flag as answer

    with talking(g) as talk:
        result = answer(g.overrides, last=last, talk=talk)
    emit(result, g)
