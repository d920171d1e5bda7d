"""`finops cost`: where the money goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from finops.cli.options import Globals, condition

if TYPE_CHECKING:
    from finops.cli.app import Commands

CostMetric = Literal["effective", "billed", "contracted", "list"]


def register(commands: Commands) -> None:
    commands.add("cost", cost)


def cost(
    g: Globals,
    by: Annotated[
        str, typer.Option("--by", metavar="DIM[,DIM]", help="tenant, agent, workflow, model, region, service, …")
    ] = "agent",
    metric: Annotated[CostMetric, typer.Option("--metric", help="Which cost.")] = "effective",
    month: Annotated[str | None, typer.Option("--month", metavar="YYYY-MM", help="One month.")] = None,
    last: Annotated[str | None, typer.Option("--last", metavar="30d", help="The days up to the business date.")] = None,
    where: Annotated[
        list[str] | None,
        typer.Option("--where", metavar="DIM=VALUE", help="Only these; may be repeated. An empty value is unknown."),
    ] = None,
    top: Annotated[int, typer.Option("--top", min=0, help="How many rows to show; 0 is all.")] = 0,
    compare_to: Annotated[str | None, typer.Option("--compare-to", metavar="YYYY-MM", help="Beside this month.")] = None,
) -> None:
    """Cost by owner, model, place or day. What has no owner is named: __idle__, __left__, __untagged__, __unexplained__.

    \b
    Examples:
      finops cost --by agent,model --month 2026-10
      finops cost --by tenant --last 30d --where workflow=trip-planning --top 10
    """
    from finops.cli.diagnostics import talking
    from finops.cli.output import emit
    from finops.steps.cost import cost as answer

    with talking(g) as talk:
        result = answer(
            g.overrides,
            by=tuple(part.strip() for part in by.split(",") if part.strip()),
            metric=metric,
            month=month,
            last=last,
            where=dict(condition(text) for text in where or ()),
            top=top,
            compare_to=compare_to,
            talk=talk,
        )
    emit(result, g)
