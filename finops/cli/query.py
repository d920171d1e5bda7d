"""`finops query`: the user's own SQL on the ledger, read-only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli.options import Globals

if TYPE_CHECKING:
    from finops.cli.app import Commands


def register(commands: Commands) -> None:
    """Adds the command."""
    commands.add("query", query)


def query(
    g: Globals,
    sql: Annotated[str, typer.Argument(metavar="SQL", help="One SELECT; with --canonical a contract or table.")],
    canonical: Annotated[
        bool, typer.Option("--canonical", help="Every column but the lineage, sorted by all: what makes two ledgers the same.")
    ] = False,
) -> None:
    """Runs one SELECT on the ledger: contracts such as charge and call, models such as fct_cost, and the catalogue.

    \b
    Examples:
      finops query "SELECT tenant, sum(billed) AS billed FROM fct_cost GROUP BY tenant"
      finops query --canonical charge -f csv
    """
    from finops.cli.diagnostics import talking
    from finops.cli.output import emit
    from finops.steps.query import query as step

    with talking(g) as talk:
        result = step(g.overrides, sql, canonical=canonical, talk=talk)
    emit(result, g)
