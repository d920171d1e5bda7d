"""`finops anomalies`: unusual spend."""

from __future__ import annotations

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
    drift: Annotated[
        bool,
        typer.Option("--drift", help="What calls are made of, and what it costs: prices, models, prompts, lengths, and updates."),
    ] = False,
) -> None:
    """Unusual spend as incidents: where, since when, how much beyond the expected, and which driver; few false alarms.

    \b
    Examples:
      finops anomalies
      finops anomalies --drift --last 120d
    """
    from finops.cli.diagnostics import talking
    from finops.cli.output import emit
    from finops.steps.anomalies import anomalies as incidents
    from finops.steps.drift import drift as drifts

    with talking(g) as talk:
        result = (drifts if drift else incidents)(g.overrides, last=last, talk=talk)
    emit(result, g)
