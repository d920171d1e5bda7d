"""Which rate of interruptions a question about spot rests on: given, the advisor's, a trace's, or that of the own bills."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from finops.core.spot import interruptions as spot
from finops.core.spot.hazard import Hazard, Spell, ended_spells, from_history, from_published_traces
from finops.core.spot.trace import Trace, spot_trace
from finops.errors import DataError, UsageError

if TYPE_CHECKING:
    from finops.config import Settings
    from finops.core.placing.offer import InterruptionBucket

GROUNDS = ("advisor", "trace", "history")


def hazard_of(
    asked: str, settings: Settings, machine: tuple[str, str, str], bucket: InterruptionBucket | None, trace: Trace | None
) -> Hazard:
    """The rate by what was asked for: one of GROUNDS, a number per hour, or N/HOURS counted by the user."""
    if asked == "advisor":
        return _advised(bucket)
    if asked == "trace":
        if trace is None:
            return from_published_traces()
        words = f"{trace.removals} removals in {trace.machine_h:,.0f} machine-hours of the trace"
        return from_history(trace.removals, trace.machine_h, words, "trace")
    if asked == "history":
        return from_bills(settings, machine)
    return _given(asked)


def read_trace(path: Path) -> Trace:
    """The trace in a file."""
    try:
        return spot_trace(path.read_text(encoding="utf-8").splitlines(), str(path))
    except OSError as error:
        raise UsageError(f"the trace can't be read: {error.strerror}", where=str(path), hint="check the path") from None
    except UnicodeDecodeError:
        raise DataError("the trace is not text", where=str(path), hint="a CSV file with a line for each change") from None


def from_bills(settings: Settings, machine: tuple[str, str, str]) -> Hazard:
    """The rate that the bills' own spot machines of this type (provider, region, type) saw: in the region, else anywhere."""
    from finops.ledger.instance_hours import billed_spans, spot_spells
    from finops.ledger.store import open_reader

    provider, region, kind = machine
    with open_reader(settings.ledger, memory=settings.memory, threads=settings.threads) as reader:
        rows = [row for row in spot_spells(reader, settings.as_of) if (row["provider"], row["instance_type"]) == (provider, kind)]
        until = billed_spans(reader, date.min, settings.as_of).get(provider)
    own = [row for row in rows if row["region"] == region]
    where, rows = (f" in {region}", own) if own else ("", rows)
    if not rows or until is None:
        raise DataError(
            f"no bill has spot hours of {kind} of {provider}",
            where="--hazard",
            hint="`--hazard advisor`, `--hazard trace`, a rate per hour such as 0.05, or counts such as 3/1568",
        )
    spells = [Spell(row["resource"], row["started"], row["ended"], float(row["hours"])) for row in rows]
    ended, hours = ended_spells(spells, until[1])
    return from_history(ended, hours, f"{ended} interruptions in {hours:,.0f} hours of {kind} on spot{where} by the bills")


def _advised(bucket: InterruptionBucket | None) -> Hazard:
    if bucket is None:
        rate, words = spot.advisor_rate(1.0, spot.OPEN_BUCKET), "not published, taken as 20 % in a month"
    else:
        rate = spot.advisor_rate(float(bucket.high), float(bucket.low))
        words = f"{bucket.label} taken back in a month ({bucket.as_of.isoformat()}), a lower bound"
    return Hazard(rate, "advisor", words)


def _given(asked: str) -> Hazard:
    try:
        count, slash, hours = asked.partition("/")
        if slash:
            return from_history(int(count), float(hours), f"{int(count)} interruptions in {float(hours):,.0f} hours, as given")
        rate = float(asked)
        if not 0 <= rate <= 1_000:
            raise ValueError(asked)
    except ValueError:
        raise UsageError(
            f"`{asked}` is no rate of interruptions",
            where="--hazard",
            hint=f"{', '.join(GROUNDS)}, a rate per hour such as 0.05, or counts such as 3/1568",
        ) from None
    return Hazard(rate, "given", "as given")
