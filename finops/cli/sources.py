"""`finops sources`: the kinds of files that can be read, and a look at files before they are loaded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli.options import Globals

if TYPE_CHECKING:
    from finops.cli.app import Commands


def register(commands: Commands) -> None:
    """Adds the command group."""
    group = commands.group("sources", "The kinds of files that can be read.")
    group.add("list", list_them)
    group.add("check", check)


def list_them(g: Globals) -> None:
    """Lists what can be read, and which rows it becomes.

    \b
    Examples:
      finops sources list
      finops sources list -f json
    """
    from finops.cli.output import emit
    from finops.steps.ingesting.sources import list_sources

    emit(list_sources(g.overrides), g)


def check(
    g: Globals,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PATH…", help="Files, folders or patterns; default: what the [[import]]s of finops.toml claim."),
    ] = None,
    source: Annotated[str | None, typer.Option("--source", help="What the files are meant to be.")] = None,
) -> None:
    """Tells what each file is and whether it would do, tries the mappings of finops.toml; loads nothing.

    \b
    Examples:
      finops sources check exports/
      finops sources check vendor_x_2026-10.csv --source vendor-x
    """
    from finops.cli.diagnostics import talking
    from finops.cli.output import emit
    from finops.errors import ExitCode
    from finops.steps.ingesting.sources import check_files

    with talking(g) as talk:
        result = check_files(g.overrides, paths or [], wanted=source, talk=talk)
    emit(result, g)
    if any(row["status"] == "refused" for row in result.rows):
        raise typer.Exit(ExitCode.DATA)
