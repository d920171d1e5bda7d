"""`finops explain`: what a figure means and where it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli.options import Globals, condition
from finops.errors import UsageError

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
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[-- WORDS]", help="With --trace: what else was said to a command that computes its figures."),
    ] = None,
    trace: Annotated[bool, typer.Option("--trace", help="Down to the rows of files, with each row's share.")] = False,
    month: Annotated[str | None, typer.Option("--month", metavar="YYYY-MM", help="One billing month.")] = None,
    last: Annotated[str | None, typer.Option("--last", metavar="30d", help="The days up to the business date.")] = None,
    where: Annotated[
        list[str] | None, typer.Option("--where", metavar="NAME=VALUE", help="The row of a table to trace; may be repeated.")
    ] = None,
) -> None:
    """What a metric means, how a table is made, or what a cost is made of; with --trace, down to rows of files.

    The figures of a command's table can be traced too: cost, requests, runs, units, reconcile, rules, unattributed, sources,
    expect, waste, traces, flag, forecast, bridge, anomalies, drift, burn, volatility and commitments; and, asked again with the
    words of the command behind `--`, those of place, bench, spot, mix, models, prices and policy, with the formula of each.

    \b
    Examples:
      finops explain cost_per_success
      finops explain trip-planner --trace --month 2026-10
      finops explain waste --trace --where cause=loop --where agent=price-checker --month 2026-10
      finops explain place --trace --where region=us-west-2 --where purchase_option=spot -- product-image-tagging
    """
    from finops.cli.app import answer_of
    from finops.cli.diagnostics import talking
    from finops.cli.output import emit
    from finops.steps.tracing.explain import explain as answer
    from finops.steps.tracing.made import COMPUTED, made_lines
    from finops.steps.tracing.tables import TABLES

    only = dict(condition(text) for text in where or ())
    if trace and (words or (subject in COMPUTED and subject not in TABLES)):
        if subject not in COMPUTED:
            hint = "`--where` and `--month` name its row" if subject in TABLES else "with words: " + ", ".join(COMPUTED)
            raise UsageError(f"`{subject}` is traced without words of its own", where="--", hint=hint)
        if month or last:
            raise UsageError(f"`{subject}` is asked with its own words", where="--month" if month else "--last", hint="after --")
        words = words or []
        parts = COMPUTED[subject]
        if parts and words[:1] not in [[part] for part in parts]:
            hint = f"`explain {subject} --trace -- " + "` or `-- ".join(f"{part} …" for part in parts) + "`"
            raise UsageError(f"which table of `{subject}`?", where="--", hint=hint)
        emit(made_lines(" ".join((subject, *words[:1])) if parts else subject, answer_of(g, [subject, *words]), only), g)
        return
    if words:
        raise UsageError("nothing is asked with words without `--trace`", where="--", hint="add --trace")
    with talking(g) as talk:
        result = answer(g.overrides, subject, trace=trace, month=month, last=last, where=only, talk=talk)
    emit(result, g)
