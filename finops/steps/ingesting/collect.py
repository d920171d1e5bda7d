"""Receives OTLP over HTTP on loopback: each request is on disk before it is acknowledged, and in the ledger soon after.

The sources' room has the wire and the spool, because they read and write OTLP; here they meet the ledger, which is written only
for the moment that a load takes."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from finops.config import Overrides, Settings, load_settings
from finops.core.result import Column, Result
from finops.ledger.store import DEFAULT_WAIT_S
from finops.sources.collecting.bodies import SIGNALS, Checked, Kind
from finops.sources.collecting.http import Receiver
from finops.sources.collecting.spool import Spool
from finops.steps.ingesting.collect_loading import Loader, Watcher, signal_of

COLUMNS = (
    Column("signal", "Signal"),
    Column("requests", "Requests", "count"),
    Column("received", "Records received", "count"),
    Column("segments", "Segments", "count"),
    Column("loaded", "Rows loaded", "count"),
    Column("rejected", "Rejected", "count"),
    Column("waiting", "Waiting", "count"),
)
PORT = 4318
TICK_S = 0.25
AGAIN_S = 2.0
"""How long to wait before the next try where the ledger could not be written."""


@dataclass(frozen=True)
class Options:
    """`every_s`: how often a steady stream is loaded; what comes after a pause is loaded within seconds. `for_s` ends the
    collector by itself. `limit_bytes` bounds the spool. `wait_s`: how long the last load waits for another writer."""

    port: int = PORT
    every_s: float = 300.0
    for_s: float | None = None
    limit_bytes: int = 2 << 30
    build: bool = True
    wait_s: float = DEFAULT_WAIT_S


@dataclass
class _Received:
    """What was acknowledged, and what was turned away."""

    requests: Counter[str] = field(default_factory=Counter)
    records: Counter[str] = field(default_factory=Counter)
    turned_away: Counter[str] = field(default_factory=Counter)
    guard: threading.Lock = field(default_factory=threading.Lock)

    def kept(self, kind: Kind, found: Checked) -> None:
        with self.guard:
            self.requests[kind.signal.name] += 1
            self.records[kind.signal.name] += found.records

    def refused(self, why: str) -> None:
        with self.guard:
            self.turned_away[why] += 1

    def reasons(self) -> set[str]:
        with self.guard:
            return set(self.turned_away)


def collect(
    overrides: Overrides, options: Options = Options(), *, stop: threading.Event | None = None, watcher: Watcher
) -> Result:
    """Runs until `stop` is set or the time is up, then loads what is left. A segment that the ledger could not take waits in the
    spool, beside the ledger, for the next collector."""
    settings, stop, received = load_settings(overrides), stop or threading.Event(), _Received()
    with _spool(settings, options) as spool:
        for line in spool.recover():
            watcher.say(line)
        loader = Loader(overrides, spool, options.build, watcher)

        def keep(kind: Kind, found: Checked) -> None:
            spool.append(kind, found.record)
            received.kept(kind, found)

        with _receiving(Receiver(options.port, keep, received.refused)) as receiver:
            watcher.say(f"listening on {receiver.url} (OTLP/HTTP: Protobuf, JSON)")
            watcher.say("Ctrl-C loads what is left and ends")
            _run(spool, loader, received, stop, options, watcher)
            if spool.size():
                watcher.say("loading what is left")
        spool.close_all()
        loader.load(options.wait_s)
        return _result(settings, spool, loader, received, receiver.url)


def spool_path(settings: Settings) -> Path:
    """Where the ledger's spool lies."""
    return settings.ledger.with_name(settings.ledger.name + ".spool")


@contextmanager
def _spool(settings: Settings, options: Options) -> Iterator[Spool]:
    spool = Spool(spool_path(settings), every_s=options.every_s, limit_bytes=options.limit_bytes)
    try:
        yield spool
    finally:
        spool.release()


@contextmanager
def _receiving(receiver: Receiver) -> Iterator[Receiver]:
    serving = threading.Thread(target=receiver.serve_forever, args=(TICK_S,), daemon=True, name="receiver")
    serving.start()
    try:
        yield receiver
    finally:
        receiver.shutdown()
        receiver.drain()
        receiver.server_close()


def _run(spool: Spool, loader: Loader, received: _Received, stop: threading.Event, options: Options, watcher: Watcher) -> None:
    """The beat: close what is due, load what is closed. A ledger that someone else writes is tried again; receiving goes on."""
    begun = next_try = time.monotonic()
    warned: set[str] = set()
    while not stop.wait(TICK_S):
        now = time.monotonic()
        if options.for_s is not None and now - begun >= options.for_s:
            return
        spool.close_due()
        if now >= next_try and not loader.load(0):
            next_try = time.monotonic() + AGAIN_S
        for why in sorted(received.reasons() - warned):
            watcher.warn(f"requests are turned away, their senders try again: {why}")
            warned.add(why)
        watcher.show(_standing(spool, loader, received))


def _standing(spool: Spool, loader: Loader, received: _Received) -> str:
    counts = [f"{received.records[signal.name]:,} {signal.records}" for signal in SIGNALS if received.records[signal.name]]
    loaded = f"{sum(loader.rows.values()):,} rows loaded"
    return f"{', '.join(counts) or 'nothing'} received, {loaded}, {spool.size() / (1 << 20):,.1f} MiB in the spool"


def _result(settings: Settings, spool: Spool, loader: Loader, received: _Received, url: str) -> Result:
    waiting = Counter(map(signal_of, spool.closed()))
    rows: list[dict[str, Any]] = []
    for signal in SIGNALS:
        row = {
            "signal": signal.name,
            "requests": received.requests[signal.name],
            "received": received.records[signal.name],
            "segments": loader.segments[signal.name],
            "loaded": loader.rows[signal.name],
            "rejected": loader.rejected[signal.name],
            "waiting": waiting[signal.name],
        }
        if any(value for key, value in row.items() if key != "signal"):
            rows.append(row)
    totals = {key: sum(row[key] for row in rows) for key in ("requests", "received", "loaded", "rejected", "waiting")}
    meta = {"as_of": settings.as_of, "ledger": settings.ledger.name, "url": url}
    return Result(COLUMNS, rows, [totals], meta, _notes(settings, loader, received, totals["waiting"]))


def _notes(settings: Settings, loader: Loader, received: _Received, waiting: int) -> list[str]:
    notes = [] if received.requests else ["nothing was received"]
    notes += [f"{count:,} requests were turned away: {why}" for why, count in sorted(received.turned_away.items())]
    if before := loader.totals.begun_before:
        notes.append(f"{before:,} running totals began before the collector did: what they held at their first point is left out")
    if loader.rejected.total():
        notes.append("`finops query 'SELECT * FROM reject'` lists what could not be read")
    if loader.aside:
        notes.append(f"{len(loader.aside):,} segments could not be loaded; they are kept in {loader.aside[0].parent}")
    if waiting:
        notes.append(f"{waiting:,} segments wait in {spool_path(settings)}: `finops collect` loads them when it runs again")
    return notes
