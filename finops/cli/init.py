"""`finops init`: a configuration to begin with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli.options import Globals

if TYPE_CHECKING:
    from finops.cli.app import Commands


def register(commands: Commands) -> None:
    """Adds the command."""
    commands.add("init", init)


def init(g: Globals, dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing.")] = False) -> None:
    """Writes a commented finops.toml into this folder.

    \b
    Examples:
      finops init
      finops init --config company.toml
    """
    from finops.cli.output import emit
    from finops.steps.init import init as step

    emit(step(g.overrides.config, dry_run=dry_run), g)
