"""`finops traces`: the dearest runs, and one run as a tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli.options import Globals, condition

if TYPE_CHECKING:
    from finops.cli.app import Commands


def register(commands: Commands) -> None:
    commands.add("traces", traces)


def traces(
    g: Globals,
    run: Annotated[str | None, typer.Option("--run", metavar="ID", help="One run as a tree of its steps.")] = None,
    top: Annotated[int, typer.Option("--top", min=1, max=1000, help="How many runs to show.")] = 10,
    month: Annotated[str | None, typer.Option("--month", metavar="YYYY-MM", help="The days of one month.")] = None,
    last: Annotated[
        str | None, typer.Option("--last", metavar="30d", help="The days up to the business date; 30 where nothing is said.")
    ] = None,
    where: Annotated[
        list[str] | None, typer.Option("--where", metavar="DIM=VALUE", help="Only these; workflow, agent or tenant.")
    ] = None,
) -> None:
    """The dearest runs with what made them dear; or one run as a tree: cost, time and what it waited for, step by step.

    \b
    Examples:
      finops traces --where workflow=trip-planning --top 5
      finops traces --run 0acce252b898d905fd7ee9d6e67521d2 -v
    """
    from finops.cli.diagnostics import talking
    from finops.cli.output import emit
    from finops.errors import UsageError
    from finops.steps.costs import traces as step

    if run is not None and (month or last or where):
        raise UsageError("`--run` names one run; nothing narrows it", where="--run", hint="leave the other options out")
    with talking(g) as talk:
        if run is not None:
            result = step.trace_of(g.overrides, run, talk=talk)
        else:
            conditions = dict(condition(text) for text in where or ())
            result = step.traces(g.overrides, top=top, month=month, last=last, where=conditions, talk=talk)
    emit(result, g)
