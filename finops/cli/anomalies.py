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
    drift: Annotated[
        bool,
        typer.Option("--drift", help="What calls are made of, and what it costs: prices, models, prompts, lengths, and updates."),
    ] = False,
    burn: Annotated[
        bool,
        typer.Option("--burn", help="How fast budgets of money, failures and latency burn: [[budget]] and [[envelope]]."),
    ] = False,
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
      finops anomalies --drift --last 120d
      finops anomalies --state incidents.json
    """
    from finops.cli.diagnostics import talking
    from finops.cli.output import emit
    from finops.errors import UsageError
    from finops.steps.anomalies import anomalies as incidents
    from finops.steps.burn import burn as burns
    from finops.steps.drift import drift as drifts

    if drift and burn:
        raise UsageError("`--drift` and `--burn` can't both be given", where="--burn", hint="ask twice")
    if state is not None and (drift or burn):
        raise UsageError("`--state` keeps incidents only", where="--state", hint="leave out `--drift` and `--burn`")
    with talking(g) as talk:
        if drift or burn:
            result = (drifts if drift else burns)(g.overrides, last=last, talk=talk)
        else:
            result = incidents(g.overrides, last=last, state=state, dry_run=dry_run, talk=talk)
    emit(result, g)
