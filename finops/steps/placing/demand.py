"""How much of a workload's work was asked for in each hour, by the calls of its workflow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.core.placing.placement import Measurement
from finops.errors import DataError

if TYPE_CHECKING:
    from finops.config import Settings
    from finops.core.periods import Period

MILLION = Decimal(1_000_000)


@dataclass(frozen=True)
class Demand:
    """Requests and output tokens of every hour of a period, hours without any included, in UTC."""

    workflow: str
    period: str
    requests: tuple[Decimal, ...]
    output_tokens: tuple[Decimal, ...]
    model: str | None
    """The model that the demand is of; None where no call names the measured one and all models' calls stand for it."""


@dataclass(frozen=True)
class Load:
    """How busy machines are taken to be: `utilisation` of the time at the measured rate, or sized for the busiest hour of a
    period's demand with every machine at `busy` of that rate then."""

    utilisation: Decimal = Decimal(1)
    busy: Decimal = Decimal("0.7")
    month: str | None = None
    last: str | None = None
    workflow: str | None = None


def demand_of(settings: Settings, workflow: str, model: str | None, period: Period) -> Demand:
    """The demand of a workflow: the calls of the measured model, or of all models where none has its name."""
    from finops.ledger.cube import require_built
    from finops.ledger.store import one_state, open_reader

    with open_reader(settings.ledger, memory=settings.memory, threads=settings.threads) as reader, one_state(reader):
        require_built(reader, None)
        rows = reader.read("demand_hours", first=period.first, end=period.end, workflow=workflow)
        names = [row["workflow"] for row in reader.query("SELECT DISTINCT workflow FROM fct_call ORDER BY workflow")]
    if not rows:
        known = [name for name in names if name and not name.startswith("__")]
        raise DataError(
            f"no call to a model of the workflow `{workflow}` is known for {period.label}",
            where="--workflow",
            hint=f"workflows with calls are {', '.join(known)}" if known else "`finops ingest` traces first",
        )
    own = [row for row in rows if row["model"] == model]
    start, end = (datetime(day.year, day.month, day.day) for day in (period.first, period.end))  # noqa: DTZ001 - naive UTC
    hours = int((end - start).total_seconds() // 3600)
    return Demand(
        workflow,
        period.label,
        _by_hour(own or rows, "requests", start, hours),
        _by_hour(own or rows, "output_tokens", start, hours),
        model if own else None,
    )


def asked_for(demand: Demand, measurement: Measurement) -> tuple[Sequence[Decimal], Decimal, str] | None:
    """The demand of each hour, the measured rate per second and what both count: output tokens, else requests."""
    if measurement.output_tokens and any(demand.output_tokens):
        return demand.output_tokens, measurement.output_tokens / measurement.duration_s, "output tokens"
    if measurement.requests:
        return demand.requests, measurement.requests / measurement.duration_s, "requests"
    return None


def _by_hour(rows: Sequence[Mapping[str, Any]], name: str, start: datetime, hours: int) -> tuple[Decimal, ...]:
    found = [Decimal(0)] * hours
    for row in rows:
        found[int((row["hour"] - start).total_seconds() // 3600)] += row[name] or 0
    return tuple(found)
