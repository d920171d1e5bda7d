"""Loads closed segments of the spool by the ordinary ingest step, in short writes; what is committed is taken away."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from finops.config import Overrides
from finops.core.talk import Silence
from finops.errors import DataError, FinopsError
from finops.sources.collecting.totals import Totals
from finops.steps.ingesting.ingest import Options as IngestOptions
from finops.steps.ingesting.ingest import ingest

if TYPE_CHECKING:
    from finops.core.result import Result
    from finops.sources.collecting.spool import Spool

AT_ONCE_BYTES = 256 << 20
"""One write loads so much of the spool at most: the ledger is never held for long."""

_SOURCES = {
    **{("traces", ".pb"): "otlp_proto", ("traces", ".jsonl"): "otlp"},
    **{("metrics", ".jsonl"): "otlp_metrics"},
    **{("logs", ".pb"): "otlp_logs", ("logs", ".jsonl"): "otlp_logs"},
}
"""What reads a segment, where its beginning could be several things."""


class Watcher(Protocol):
    """Where the collector tells what happens."""

    def say(self, text: str) -> None:
        """Something happened."""

    def show(self, text: str) -> None:
        """How things stand; the next one takes its place."""

    def warn(self, text: str) -> None:
        """Something that the user should know and that stops nothing."""


@dataclass
class Loader:
    """Moves segments from the spool into the ledger. The ledger knows what it has by content: a segment that was loaded and is
    still here, because the process was killed in between, is recognised and only taken away."""

    overrides: Overrides
    spool: Spool
    build: bool
    watcher: Watcher
    segments: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    aside: list[Path] = field(default_factory=list)
    _told: str | None = None

    def __post_init__(self) -> None:
        self.totals = Totals(self.spool.folder)

    def load(self, wait_s: float) -> bool:
        """Loads every closed segment. False where the ledger could not be written now; nothing is lost then."""
        while waiting := self.spool.closed():
            try:
                self._settle()
                if waiting := self.spool.closed():
                    self._load(_first(waiting), wait_s)
            except (FinopsError, OSError) as error:
                self._tell(error, len(waiting))
                return False
            self._told = None
        return True

    def _load(self, segments: list[Path], wait_s: float) -> None:
        try:
            self._done(segments, self._ingested(segments, wait_s))
        except DataError as error:
            guilty = [segment for segment in segments if segment.name in (error.where or "")]
            if not guilty:
                raise
            if len(segments) > 1:
                for segment in segments:
                    self._load([segment], wait_s)
                return
            self._load_named(segments[0], wait_s)

    def _settle(self) -> None:
        try:
            self.spool.settle(self.totals)
        except DataError as error:
            guilty = [segment for segment in self.spool.closed() if str(segment) in (error.where or "")]
            if not guilty:
                raise
            self._set_aside(guilty[0], error)

    def _load_named(self, segment: Path, wait_s: float) -> None:
        """A segment that was not recognised, or that would not do, once more with its source named; else it is set aside."""
        try:
            self._done([segment], self._ingested([segment], wait_s, named=True))
        except DataError as error:
            if segment.name not in (error.where or ""):
                raise
            self._set_aside(segment, error)

    def _set_aside(self, segment: Path, error: DataError) -> None:
        moved = self.spool.set_aside(segment)
        self.aside.append(moved)
        self.watcher.warn(f"a segment can't be loaded and is kept as {moved}: {error.what}")

    def _ingested(self, segments: list[Path], wait_s: float, *, named: bool = False) -> Result:
        source = _SOURCES[signal_of(segments[0]), segments[0].suffix] if named else None
        options = IngestOptions(source=source, build=self.build, wait_s=wait_s)
        return ingest(self.overrides, segments, options, talk=Silence())

    def _done(self, segments: list[Path], result: Result) -> None:
        self.spool.remove(segments)
        rows: Counter[str] = Counter()
        for row in result.rows:
            signal = signal_of(Path(row["path"]))
            rows[signal] += row["rows"]
            self.rejected[signal] += row["rejected"]
        self.segments.update(map(signal_of, segments))
        self.rows += rows
        found = ", ".join(f"{count:,} rows of {signal}" for signal, count in sorted(rows.items())) or "no rows"
        refused = sum(row["rejected"] for row in result.rows)
        self.watcher.say(f"loaded {found}" + (f"; {refused:,} could not be read" if refused else ""))

    def _tell(self, error: FinopsError | OSError, waiting: int) -> None:
        """Says once why the spool is not loaded, not at every attempt."""
        what: Any = error.what if isinstance(error, FinopsError) else f"the system refused: {error.strerror or error}"
        if what != self._told:
            self.watcher.warn(f"{what}; {waiting:,} segments wait in the spool")
            self._told = what


def signal_of(segment: Path) -> str:
    """Which signal a segment holds, by its name."""
    return segment.stem.rpartition("-")[2]


def _first(segments: list[Path]) -> list[Path]:
    """The oldest segments that make one write, at least one."""
    chosen, size = [segments[0]], segments[0].stat().st_size
    for segment in segments[1:]:
        size += segment.stat().st_size
        if size > AT_ONCE_BYTES:
            break
        chosen.append(segment)
    return chosen
