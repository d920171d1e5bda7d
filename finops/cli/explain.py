"""`finops explain`: what a figure means and where it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli.options import Globals

if TYPE_CHECKING:
    from finops.cli.app import Commands


def register(commands: Commands) -> None:
    commands.add("explain", explain)


def explain(
    g: Globals,
    subject: Annotated[
        str,
        typer.Argument(
            metavar="METRIC|MODEL|AGENT", help="A metric, a model of AI or of the ledger, or an agent, tenant or workflow."
        ),
    ],
    trace: Annotated[bool, typer.Option("--trace", help="Down to the rows of the bills, with each row's share.")] = False,
    month: Annotated[str | None, typer.Option("--month", metavar="YYYY-MM", help="One billing month.")] = None,
) -> None:
    """What a metric means, how a table is made, or which charges the cost of an agent or an AI model is made of.

    \b
    Examples:
      finops explain cost_per_success
      finops explain trip-planner --trace --month 2026-10
    """
    from finops.cli.diagnostics import talking
    from finops.cli.output import emit
    from finops.steps.explain import explain as answer

    with talking(g) as talk:
        result = answer(g.overrides, subject, trace=trace, month=month, talk=talk)
    emit(result, g)
