"""`finops place`: where else the work could run."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli.amounts import above_zero, hours
from finops.cli.options import Globals
from finops.errors import UsageError

if TYPE_CHECKING:
    from finops.cli.app import Commands


def register(commands: Commands) -> None:
    commands.add("place", place)


def place(
    g: Globals,
    workload: Annotated[
        str | None, typer.Argument(help="A benchmarked workload; see `finops bench list`. Or --needs.", show_default=False)
    ] = None,
    needs: Annotated[
        str | None,
        typer.Option("--needs", metavar="vcpu=4,memory=16,…", help="Without a workload: machines that hold it; also gpu=8xA100."),
    ] = None,
    region: Annotated[str | None, typer.Option("--region", help="Only this region.")] = None,
    provider: Annotated[str | None, typer.Option("--provider", help="Only this cloud: aws, azure, gcp.")] = None,
    latency_limit: Annotated[
        str | None, typer.Option("--latency-limit", metavar="MS", help="Largest p95 of a request, in milliseconds.")
    ] = None,
    utilisation: Annotated[str, typer.Option("--utilisation", help="Share of the time with work to do, above 0 up to 1.")] = "1",
    restart: Annotated[
        float,
        typer.Option("--restart", metavar="MINUTES", min=0.0, max=1440.0, help="Minutes to start again after an interruption."),
    ] = 5.0,
    units_per_month: Annotated[
        str | None, typer.Option("--units-per-month", help="Price this much work a month instead of an always-on month.")
    ] = None,
    within: Annotated[
        str | None, typer.Option("--within", metavar="DE,europe,…", help="Countries or parts of the world where data may live.")
    ] = None,
    round_trip: Annotated[
        str | None,
        typer.Option("--round-trip", metavar="REGION=MS,…", help="Milliseconds to users, added to p95."),
    ] = None,
    capacity: Annotated[
        str | None,
        typer.Option("--capacity", metavar="REGION/TYPE=N,…", help="How many machines are to be had, such as us-*/p5.*=4."),
    ] = None,
    hazard: Annotated[
        float | None, typer.Option("--hazard", min=0.0, max=1000.0, help="Interruptions per spot machine and hour.")
    ] = None,
    keeps: Annotated[
        str,
        typer.Option("--keeps", metavar="run|request|30m", help="What is lost: the run, its requests, or since a checkpoint."),
    ] = "run",
    write: Annotated[str, typer.Option("--write", metavar="1m", help="What writing a checkpoint takes.")] = "0",
    egress: Annotated[str | None, typer.Option("--egress-gb", help="GB a month to users; needs --units-per-month.")] = None,
    sync: Annotated[str | None, typer.Option("--sync-gb", help="GB a month kept in step with today's region.")] = None,
    move: Annotated[str | None, typer.Option("--move-gb", help="GB moved once.")] = None,
    store: Annotated[str | None, typer.Option("--store-gb", help="GB of a copy that is kept there.")] = None,
    disk: Annotated[str | None, typer.Option("--disk-gb", help="GB of disk on each machine; you say its price.")] = None,
    months: Annotated[int, typer.Option("--months", min=1, max=120, help="Months over which the move is spread.")] = 12,
    replay: Annotated[
        str | None,
        typer.Option("--replay", metavar="YYYY-MM", help="Price a month's real calls on other models and own machines."),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="MODEL,…", help="With --replay: these models, not all of the ledger."),
    ] = None,
    infeasible: Annotated[bool, typer.Option("--all", help="Also the places that do not fit, with the reason.")] = False,
    top: Annotated[int, typer.Option("--top", min=0, help="How many places to show; 0 is all of them.")] = 20,
) -> None:
    """What a unit of measured work would cost in other regions, on other machines, on demand and on spot.

    \b
    Examples:
      finops place product-image-tagging
      finops place product-image-tagging --within europe --latency-limit 8000 --round-trip '*=90'
      finops place service-desk-triage --replay 2026-10 --to gpt-4o-mini,gpt-4.1
      finops place product-image-tagging --units-per-month 5000 --sync-gb 200 --move-gb 4000
      finops place --needs vcpu=4,memory=16,arch=x86_64 --region us-east-1
    """
    from finops.cli.diagnostics import talking
    from finops.cli.output import emit
    from finops.core.placing.needs import needs_of
    from finops.core.placing.transfer import Traffic
    from finops.steps.placing.place import place as answer
    from finops.steps.placing.placement_limits import Limits
    from finops.steps.placing.replay import replay as replayed

    if (workload is None) == (needs is None):
        raise UsageError("name a workload, or what a machine has to hold", where="finops place", hint="WORKLOAD or --needs")
    if to and not replay:
        raise UsageError("`--to` names models of a replay", where="--to", hint="add --replay 2026-10")
    if replay:
        if workload is None:
            raise UsageError("a replay is of a workflow", where="--replay", hint="finops place WORKFLOW --replay 2026-10")
        with talking(g) as talk:
            emit(replayed(g.overrides, workflow=workload, month=replay, models=_words(to), talk=talk), g)
        return
    traffic = Traffic(
        _gigabytes(egress, "--egress-gb"),
        _gigabytes(sync, "--sync-gb"),
        _gigabytes(move, "--move-gb"),
        months,
        _gigabytes(store, "--store-gb"),
        _gigabytes(disk, "--disk-gb"),
    )
    with talking(g) as talk:
        result = answer(
            g.overrides,
            workload=workload,
            needs=None if needs is None else needs_of(needs),
            region=region,
            provider=provider,
            latency_limit_ms=None if latency_limit is None else float(above_zero(latency_limit, "--latency-limit")),
            utilisation=above_zero(utilisation, "--utilisation", largest=1),
            restart_minutes=restart,
            units_per_month=None if units_per_month is None else above_zero(units_per_month, "--units-per-month"),
            limits=Limits(_words(within), _milliseconds(round_trip), _machines(capacity)),
            traffic=traffic,
            hazard=hazard,
            keep="request" if keeps == "request" else "run",
            checkpoint_h=None if keeps in ("run", "request") else hours(keeps, "--keeps"),
            write_h=hours(write, "--write", zero=True),
            infeasible=infeasible,
            top=top,
            talk=talk,
        )
    emit(result, g)


def _words(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


def _gigabytes(text: str | None, option: str) -> Decimal:
    return Decimal(0) if text is None else above_zero(text, option)


def _milliseconds(text: str | None) -> dict[str, float]:
    found = {}
    for part in _words(text):
        region, equals, amount = part.partition("=")
        if not equals:
            hint = "write it as us-east-1=20,europe-west4=95,*=150; * is any other region"
            raise UsageError(f"`{part}` is no round trip", where="--round-trip", hint=hint)
        found[region.strip()] = float(above_zero(amount, "--round-trip"))
    return found


def _machines(text: str | None) -> tuple[tuple[str, str, int], ...]:
    found = []
    for part in _words(text):
        name, equals, amount = part.partition("=")
        region, slash, kind = name.partition("/")
        if not (equals and slash and region.strip() and kind.strip()) or not amount.strip().isdecimal():
            hint = "write it as us-east-1/p5.48xlarge=4,eu-*/*=0; the first that fits a place holds"
            raise UsageError(f"`{part}` does not say how many machines are to be had where", where="--capacity", hint=hint)
        found.append((region.strip(), kind.strip(), int(amount)))
    return tuple(found)
