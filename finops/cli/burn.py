"""`finops burn`: how fast budgets are used up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli.options import Globals

if TYPE_CHECKING:
    from finops.cli.app import Commands


def register(commands: Commands) -> None:
    commands.add("burn", burn)


def burn(
    g: Globals,
    last: Annotated[
        str, typer.Option("--last", metavar="30d", help="Burns that went on in these days up to the business date.")
    ] = "30d",
) -> None:
    """How fast budgets of money, failures and latency burn ([[budget]], [[envelope]]), and what burns them.

    \b
    Examples:
      finops burn
      finops burn --last 60d -f json
    """
    from finops.cli.diagnostics import talking
    from finops.cli.output import emit
    from finops.steps.detecting.burn import burn as answer

    with talking(g) as talk:
        result = answer(g.overrides, last=last, talk=talk)
    emit(result, g)
