"""`finops reconcile`: whether the parts add up to the bill."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli.amounts import above_zero, discounts
from finops.cli.options import Globals

if TYPE_CHECKING:
    from finops.cli.app import Commands
    from finops.core.result import Result


def register(commands: Commands) -> None:
    commands.add("reconcile", reconcile)


def reconcile(
    g: Globals,
    month: Annotated[str | None, typer.Option("--month", metavar="YYYY-MM", help="One billing month.")] = None,
    rules: Annotated[bool, typer.Option("--rules", help="What each rule matched, what not, and the cost it moved.")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="With --rules: fail where a rule matches nothing or overlaps another.")
    ] = False,
    unattributed: Annotated[
        bool, typer.Option("--unattributed", help="Calls and cost without a tenant, agent or workflow: how much, and why.")
    ] = False,
    sources: Annotated[
        bool, typer.Option("--sources", help="Traces at list, gateways, usage reports and invoice, and why they differ.")
    ] = False,
    expect: Annotated[
        str | None,
        typer.Option(
            "--expect", metavar="OPTION", help="Instance hours beside what they cost as on_demand, spot, reserved_1y ..."
        ),
    ] = None,
    expected: Annotated[
        str | None, typer.Option("--expected", metavar="AMOUNT", help="With --expect: the amount that was expected of the month.")
    ] = None,
    assume: Annotated[
        str | None,
        typer.Option(
            "--assume", metavar="OPTION=DISCOUNT", help="With --expect: its discount off on-demand where no price is known."
        ),
    ] = None,
) -> None:
    """Compare what was read, stored, allocated and invoiced, to the last digit.

    \b
    Examples:
      finops reconcile --month 2026-10
      finops reconcile --rules
      finops reconcile --unattributed
      finops reconcile --sources --month 2026-10
      finops reconcile --expect spot --expected 15000 --month 2026-10
    """
    from finops.cli.diagnostics import talking
    from finops.cli.output import emit
    from finops.errors import UsageError
    from finops.steps.costs.unattributed import unattributed as nameless
    from finops.steps.reconciling.options import reconcile_options
    from finops.steps.reconciling.reconcile import reconcile as answer
    from finops.steps.reconciling.sources import reconcile_sources

    for name, value in (("--expected", expected), ("--assume", assume)):
        if value is not None and expect is None:
            raise UsageError(f"`{name}` belongs to `--expect`", where=name, hint="--expect spot")
    if strict and not rules:
        raise UsageError("`--strict` belongs to `--rules`", where="--strict", hint="--rules --strict")
    amount = None if expected is None else above_zero(expected, "--expected")
    bought = partial(reconcile_options, expect=expect, expected=amount, assume=discounts(assume))
    views: dict[str, Callable[..., Result]] = {"--rules": partial(answer, rules=True, strict=strict), "--unattributed": nameless}
    views |= {"--sources": reconcile_sources, "--expect": bought}
    given = [name for name, wanted in zip(views, (rules, unattributed, sources, expect), strict=True) if wanted]
    if len(given) > 1:
        raise UsageError(f"`{given[0]}` and `{given[1]}` can't both be given", where=given[1], hint="leave one out")
    ask = views[given[0]] if given else answer
    with talking(g) as talk:
        result = ask(g.overrides, month=month, talk=talk)
    emit(result, g)
