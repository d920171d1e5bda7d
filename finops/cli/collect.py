"""`finops collect`: a receiver for OpenTelemetry on this machine."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finops.cli.options import Globals

if TYPE_CHECKING:
    from finops.cli.app import Commands


def register(commands: Commands) -> None:
    """Adds the command."""
    commands.add("collect", collect)


def collect(
    g: Globals,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")] = 4318,
    every: Annotated[
        float, typer.Option("--every", min=1, metavar="SECONDS", help="How often a steady stream is loaded into the ledger.")
    ] = 300.0,
    for_: Annotated[float | None, typer.Option("--for", min=0, metavar="SECONDS", help="End after so long.")] = None,
    spool: Annotated[int, typer.Option("--spool", min=1, metavar="MIB", help="So much may wait to be loaded.")] = 2048,
    no_build: Annotated[bool, typer.Option("--no-build", help="Leave the models as they are.")] = False,
    wait: Annotated[
        float, typer.Option("--wait", metavar="SECONDS", help="How long the last load waits for another writer.")
    ] = 60.0,
) -> None:
    """Receives OpenTelemetry traces, metrics and logs on 127.0.0.1 (OTLP/HTTP) and loads them as they come.

    \b
    Examples:
      finops collect
      OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 python agent.py
    """
    from finops.cli.diagnostics import watching
    from finops.cli.output import emit
    from finops.errors import ExitCode
    from finops.steps.ingesting.collect import Options
    from finops.steps.ingesting.collect import collect as step

    options = Options(port=port, every_s=every, for_s=for_, limit_bytes=spool << 20, build=not no_build, wait_s=wait)
    with _until_told() as stop, watching(g) as watcher:
        result = step(g.overrides, options, stop=stop, watcher=watcher)
    emit(result, g)
    if result.totals[0]["waiting"]:
        raise typer.Exit(ExitCode.OUTSIDE)


@contextmanager
def _until_told() -> Iterator[threading.Event]:
    """Ctrl-C, or a service manager's TERM, ends the collector in order; the second one ends it at once, which loses nothing."""
    stop = threading.Event()

    def told(number: int, frame: Any) -> None:  # noqa: ARG001 the shape of a handler
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, told) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
