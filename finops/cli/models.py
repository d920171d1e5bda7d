"""`finops models`: what an accepted result costs on each model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli.options import Globals

if TYPE_CHECKING:
    from finops.cli.app import Commands


def register(commands: Commands) -> None:
    commands.add("models", models)


def models(
    g: Globals,
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE…]", help="Evaluation results instead of the ledger: YAML, JSON or CSV.")
    ] = None,
    last: Annotated[
        str, typer.Option("--last", metavar="90d", help="The days up to the business date whose runs count.")
    ] = "90d",
    workflow: Annotated[str | None, typer.Option("--workflow", metavar="NAME", help="Only this workflow.")] = None,
) -> None:
    """What an accepted result costs on each model, and which are dominated: another is cheaper and at least as good.

    \b
    Examples:
      finops models
      finops models leaderboard.yml -f json
    """
    from finops.cli.diagnostics import talking
    from finops.cli.output import emit
    from finops.steps.judging.models import models as answer

    with talking(g) as talk:
        result = answer(g.overrides, tuple(files or ()), last=last, workflow=workflow, talk=talk)
    emit(result, g)
