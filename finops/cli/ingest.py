"""`finops ingest`: loads files into the ledger."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli.options import Globals, day_option

if TYPE_CHECKING:
    from finops.cli.app import Commands


class As(StrEnum):
    """What a new file is that overlaps what is loaded."""

    part = "part"
    replacement = "replacement"


def register(commands: Commands) -> None:
    """Adds the command."""
    commands.add("ingest", ingest)


def ingest(
    g: Globals,
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PATH…", help="Files, folders, patterns; s3:// or gs:// buckets, prom+http:// servers, cost-explorer:MONTH."
        ),
    ] = None,
    source: Annotated[str | None, typer.Option("--source", help="What the files are; default: recognised.")] = None,
    as_: Annotated[
        As | None, typer.Option("--as", help="A new file that overlaps loaded ones is a further part, or their replacement.")
    ] = None,
    restate: Annotated[
        list[str] | None, typer.Option("--restate", metavar="MONTH", help="Let this closed month change; may be repeated.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="DATE", help="First day, or month, that manifests and live sources bring.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="DATE", help="Day, or month, at whose beginning they stop.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Load nothing if any row can't be read.")] = False,
    no_build: Annotated[bool, typer.Option("--no-build", help="Leave the models as they are.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and check everything, load nothing.")] = False,
    wait: Annotated[float, typer.Option("--wait", metavar="SECONDS", help="How long to wait for another writer.")] = 60.0,
) -> None:
    """Loads bills, traces, benchmarks, meters and outcomes; a file loaded again replaces what it brought before.

    Files of a folder that no source reads are refused, rows that can't be read are rejected: the rest is loaded, and the exit
    code is 1.

    \b
    Examples:
      finops ingest exports/
      finops ingest bill-2026-10.csv.gz --restate 2026-10
      finops ingest s3://our-billing/cur --since 2026-09 --dry-run
    """
    from finops.cli.diagnostics import talking
    from finops.cli.output import emit
    from finops.errors import ExitCode
    from finops.steps.ingesting.ingest import Options, not_taken
    from finops.steps.ingesting.ingest import ingest as step

    options = Options(
        source=source,
        how="auto" if as_ is None else "part" if as_ is As.part else "replacement",
        restate=tuple(restate or ()),
        since=day_option("--since", since),
        until=day_option("--until", until),
        strict=strict,
        build=not no_build,
        dry_run=dry_run,
        wait_s=wait,
    )
    with talking(g) as talk:
        result = step(g.overrides, paths or [], options, talk=talk)
        if told := not_taken(result.rows):
            talk.warn(f"{told}; everything else is {'readable' if dry_run else 'loaded'}: exit code {ExitCode.DATA:d}")
    emit(result, g)
    if told:
        raise typer.Exit(ExitCode.DATA)
