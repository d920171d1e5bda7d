"""`finops spot`: what a job would cost on spot, and whether it would be done in time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli.amounts import discounts, hours
from finops.cli.options import Globals

if TYPE_CHECKING:
    from finops.cli.app import Commands
    from finops.steps.placing.spot_asked import Checkpoint


def register(commands: Commands) -> None:
    commands.add("spot", spot)


def spot(
    g: Globals,
    instance_type: Annotated[str, typer.Argument(help="The machine, such as g6.xlarge.")],
    work: Annotated[str, typer.Option("--work", metavar="24h", help="The job's hours without any interruption.")] = "24h",
    deadline: Annotated[
        str | None, typer.Option("--deadline", metavar="30h", help="By when it must be done; gives the chance to be late.")
    ] = None,
    region: Annotated[str | None, typer.Option("--region", help="Where; where spot is cheapest, if nothing is said.")] = None,
    provider: Annotated[str | None, typer.Option("--provider", help="Only this cloud: aws, azure, gcp.")] = None,
    nodes: Annotated[int, typer.Option("--nodes", min=1, max=100_000, help="Machines that must run together.")] = 1,
    checkpoint: Annotated[
        str, typer.Option("--checkpoint", metavar="best|none|notice|1h", help="How often work is kept; notice: when warned.")
    ] = "best",
    write: Annotated[str, typer.Option("--write", metavar="1m", help="What writing a checkpoint takes.")] = "1m",
    restart: Annotated[str, typer.Option("--restart", metavar="5m", help="What starting again takes.")] = "5m",
    wait: Annotated[str, typer.Option("--wait", metavar="10m", help="Mean wait for new capacity, not billed.")] = "10m",
    grace: Annotated[
        str | None, typer.Option("--grace", metavar="120s", help="Notice before capacity is taken; the provider's by default.")
    ] = None,
    hazard: Annotated[
        str,
        typer.Option("--hazard", metavar="advisor|trace|history|RATE|N/HOURS", help="Interruptions per machine and hour."),
    ] = "advisor",
    trace: Annotated[Path | None, typer.Option("--trace", help="A trace of capacity, for the rate and for policies.")] = None,
    sweep: Annotated[bool, typer.Option("--sweep", help="Also at rates from the advisor's to the worst ever traced.")] = False,
    assume: Annotated[
        str | None,
        typer.Option("--assume", metavar="TERM=DISCOUNT[,…]", help="Discounts off on-demand of terms whose price is not known."),
    ] = None,
    paths: Annotated[int, typer.Option("--paths", min=100, max=1_000_000, help="Simulated runs.")] = 10_000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The seed of the simulation.")] = 1,
) -> None:
    """What a job costs on spot with redone work, checkpoints and waits, against on demand and commitments; its p95 and deadline.

    \b
    Examples:
      finops spot g6.xlarge --region us-east-1 --work 48h --deadline 60h --hazard history
      finops spot p4d.24xlarge --work 200h --nodes 4 --write 3m --hazard 0.05 --sweep
    """
    from finops.cli.diagnostics import talking
    from finops.cli.output import emit
    from finops.core.spot.job import Job
    from finops.steps.placing.spot import spot as answer
    from finops.steps.placing.spot_asked import Asked

    job = Job(
        work_h=hours(work, "--work"),
        restart_h=hours(restart, "--restart", zero=True),
        write_h=hours(write, "--write", zero=True),
        wait_h=hours(wait, "--wait", zero=True),
        nodes=nodes,
    )
    words: dict[str, Checkpoint] = {"best": "best", "none": "none", "notice": "notice"}
    kept = words[checkpoint] if checkpoint in words else hours(checkpoint, "--checkpoint")
    asked = Asked(
        job,
        kept,
        None if deadline is None else hours(deadline, "--deadline"),
        None if grace is None else hours(grace, "--grace", zero=True),
        paths,
        seed,
    )
    with talking(g) as talk:
        result = answer(
            g.overrides,
            instance_type=instance_type,
            asked=asked,
            talk=talk,
            provider=provider,
            region=region,
            hazard=hazard,
            trace=trace,
            sweep=sweep,
            assume=discounts(assume),
        )
    emit(result, g)
