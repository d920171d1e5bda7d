"""`finops build`: facts and marts from what was ingested."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli.options import Globals

if TYPE_CHECKING:
    from finops.cli.app import Commands


def register(commands: Commands) -> None:
    commands.add("build", build)


def build(
    g: Globals,
    select: Annotated[
        list[str] | None, typer.Option("--select", metavar="MODEL", help="Only this model and what it reads; may be repeated.")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Build everything anew, and test all of it.")] = False,
    restate: Annotated[
        list[str] | None,
        typer.Option(
            "--restate", metavar="MONTH", help="Place this closed month, or all, by today's rules and prices; may be repeated."
        ),
    ] = None,
    memory: Annotated[str | None, typer.Option("--memory", metavar="SIZE", help='Memory limit, such as "4GB".')] = None,
) -> None:
    """Allocate what was ingested: prices calls, splits charges, tests every model. `ingest` does this at its end.

    Closed months keep the rules, owners and prices that they were closed with.

    \b
    Examples:
      finops build
      finops build --full --memory 4GB
      finops build --restate 2026-09
    """
    from finops.cli.diagnostics import talking
    from finops.cli.output import emit
    from finops.steps.build import build as answer

    with talking(g) as talk:
        result = answer(
            g.overrides, full=full, select=tuple(select or ()), restate=tuple(restate or ()), memory=memory, talk=talk
        )
    emit(result, g)
