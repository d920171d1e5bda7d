"""`finops doctor`: is the ledger sound, and is anything left over?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli.options import Globals

if TYPE_CHECKING:
    from finops.cli.app import Commands


def register(commands: Commands) -> None:
    """Adds the command."""
    commands.add("doctor", doctor)


def doctor(
    g: Globals,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Look only; remove nothing.")] = False,
    wait: Annotated[float, typer.Option("--wait", metavar="SECONDS", help="How long to wait for a writer.")] = 60.0,
) -> None:
    """Checks every part of the ledger against its catalogue and removes what dead processes left behind.

    \b
    Examples:
      finops doctor
      finops doctor --dry-run -f json
    """
    from finops.cli.diagnostics import talking
    from finops.cli.output import emit
    from finops.errors import ExitCode
    from finops.steps.doctor import doctor as step

    with talking(g) as talk:
        result = step(g.overrides, dry_run=dry_run, wait_s=wait, talk=talk)
    emit(result, g)
    if not result.meta["sound"]:
        raise typer.Exit(ExitCode.DATA)
