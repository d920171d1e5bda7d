"""`finops cost`: where the money goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from finops.cli.options import Globals, condition
from finops.errors import UsageError

if TYPE_CHECKING:
    from finops.cli.app import Commands
    from finops.core.result import Result
    from finops.core.talk import Talk

CostMetric = Literal["effective", "billed", "contracted", "list"]
Every = Literal["month", "week"]


def register(commands: Commands) -> None:
    commands.add("cost", cost)


def cost(
    g: Globals,
    by: Annotated[
        str | None,
        typer.Option("--by", metavar="DIM[,DIM]", help="tenant, agent, workflow, model, layer, region, service, …; else agent"),
    ] = None,
    metric: Annotated[CostMetric, typer.Option("--metric", help="Which cost.")] = "effective",
    unit: Annotated[
        str | None,
        typer.Option(
            "--unit",
            metavar="UNIT",
            help="Per run, accepted, request, 1m_tokens, hosted_1m_tokens, seat or a [[unit]] of finops.toml; or revenue.",
        ),
    ] = None,
    trend: Annotated[
        Every | None, typer.Option("--trend", help="Calls a run, tokens a request and cost a token over time, and what changed.")
    ] = None,
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
      finops cost --unit accepted --by workflow,month
      finops cost --trend week --where agent=trip-planner
    """
    from finops.cli.diagnostics import talking
    from finops.cli.output import emit
    from finops.steps.costs.cost import cost as answer

    usual = "tenant" if unit in ("seat", "revenue") else "agent"
    names = tuple(part.strip() for part in (usual if by is None else by).split(",") if part.strip())
    only = dict(condition(text) for text in where or ())
    with talking(g) as talk:
        if trend is not None:
            result = _trend(g, trend, unit, names, metric, month, last, only, top, compare_to, talk)
        elif unit is not None:
            result = _per_unit(g, unit, names, metric, month, last, only, top, compare_to, talk)
        else:
            result = answer(
                g.overrides,
                by=names,
                metric=metric,
                month=month,
                last=last,
                where=only,
                top=top,
                compare_to=compare_to,
                talk=talk,
            )
    emit(result, g)


def _per_unit(
    g: Globals,
    unit: str,
    by: tuple[str, ...],
    metric: str,
    month: str | None,
    last: str | None,
    where: dict[str, str | None],
    top: int,
    compare_to: str | None,
    talk: Talk,
) -> Result:
    from finops.steps.costs.unit_costs import unit_costs

    if metric != "effective" or compare_to:
        option = "--compare-to" if compare_to else "--metric"
        raise UsageError(f"`--unit` takes effective cost and no `{option}`", where=option, hint="`--by month` shows it over time")
    return unit_costs(g.overrides, unit=unit, by=by, month=month, last=last, where=where, top=top, talk=talk)


def _trend(
    g: Globals,
    every: str,
    unit: str | None,
    by: tuple[str, ...],
    metric: str,
    month: str | None,
    last: str | None,
    where: dict[str, str | None],
    top: int,
    compare_to: str | None,
    talk: Talk,
) -> Result:
    from finops.steps.costs.unit_trends import unit_trends

    others = {"--unit": unit, "--metric": metric != "effective", "--compare-to": compare_to, "--top": top}
    for option, given in others.items():
        if given:
            raise UsageError(f"`--trend` takes no `{option}`", where=option, hint="leave one out")
    return unit_trends(g.overrides, every=every, by=by, month=month, last=last, where=where, talk=talk)
