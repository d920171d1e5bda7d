"""`finops reconcile`: whether the parts add up to the bill."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli.options import Globals

if TYPE_CHECKING:
    from finops.cli.app import Commands


def register(commands: Commands) -> None:
    commands.add("reconcile", reconcile)


def reconcile(
    g: Globals,
    month: Annotated[str | None, typer.Option("--month", metavar="YYYY-MM", help="One billing month.")] = None,
    rules: Annotated[bool, typer.Option("--rules", help="What each rule matched, what not, and the cost it moved.")] = False,
    unattributed: Annotated[
        bool, typer.Option("--unattributed", help="Calls and cost without a tenant, agent or workflow: how much, and why.")
    ] = False,
) -> None:
    """Compare what was read, stored, allocated and invoiced, to the last digit.

    \b
    Examples:
      finops reconcile --month 2026-10
      finops reconcile --rules
      finops reconcile --unattributed
    """
    from finops.cli.diagnostics import talking
    from finops.cli.output import emit
    from finops.errors import UsageError
    from finops.steps.reconcile import reconcile as answer
    from finops.steps.unattributed import unattributed as nameless

    if rules and unattributed:
        raise UsageError("`--rules` and `--unattributed` can't both be given", where="--unattributed", hint="leave one out")
    with talking(g) as talk:
        ask = nameless if unattributed else partial(answer, rules=rules)
        result = ask(g.overrides, month=month, talk=talk)
    emit(result, g)
