"""`finops explain`: what a figure means and where it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli.options import Globals, condition

if TYPE_CHECKING:
    from finops.cli.app import Commands


def register(commands: Commands) -> None:
    commands.add("explain", explain)


def explain(
    g: Globals,
    subject: Annotated[
        str,
        typer.Argument(
            metavar="METRIC|MODEL|AGENT|TABLE",
            help="A metric, a model of AI or of the ledger, an agent, tenant or workflow, or, with --trace, a table.",
        ),
    ],
    trace: Annotated[bool, typer.Option("--trace", help="Down to the rows of the bills, with each row's share.")] = False,
    month: Annotated[str | None, typer.Option("--month", metavar="YYYY-MM", help="One billing month.")] = None,
    last: Annotated[str | None, typer.Option("--last", metavar="30d", help="The days up to the business date.")] = None,
    where: Annotated[
        list[str] | None, typer.Option("--where", metavar="NAME=VALUE", help="The row of a table to trace; may be repeated.")
    ] = None,
) -> None:
    """What a metric means, how a table is made, or what a cost is made of; with --trace, down to rows of files.

    The figures of a command's table can be traced too: cost, requests, units, reconcile, rules, unattributed, sources, expect,
    waste, traces, flag, forecast, bridge, anomalies, volatility and commitments.

    \b
    Examples:
      finops explain cost_per_success
      finops explain trip-planner --trace --month 2026-10
      finops explain waste --trace --where cause=loop --where agent=price-checker --month 2026-10
      finops explain sources --trace --where cause=discount --month 2026-10
    """
    from finops.cli.diagnostics import talking
    from finops.cli.output import emit
    from finops.steps.tracing.explain import explain as answer

    with talking(g) as talk:
        only = dict(condition(text) for text in where or ())
        result = answer(g.overrides, subject, trace=trace, month=month, last=last, where=only, talk=talk)
    emit(result, g)
