"""`finops anomalies`: unusual spend."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli.options import Globals

if TYPE_CHECKING:
    from finops.cli.app import Commands


def register(commands: Commands) -> None:
    commands.add("anomalies", anomalies)


def anomalies(
    g: Globals,
    last: Annotated[
        str, typer.Option("--last", metavar="30d", help="Incidents that began in these days up to the business date.")
    ] = "30d",
    state: Annotated[
        Path | None,
        typer.Option("--state", help="File that keeps what was told: incidents are then new, grown, resolved or the same."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Leave the file of `--state` as it is.")] = False,
) -> None:
    """Unusual spend as incidents: where, since when, how much beyond the expected, and which driver; few false alarms.

    \b
    Examples:
      finops anomalies
      finops anomalies --last 90d -f json
      finops anomalies --state incidents.json
    """
    from finops.cli.diagnostics import talking
    from finops.cli.output import emit
    from finops.steps.detecting.anomalies import anomalies as incidents

    with talking(g) as talk:
        result = incidents(g.overrides, last=last, state=state, dry_run=dry_run, talk=talk)
    emit(result, g)
