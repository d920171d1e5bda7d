"""What the other steps answer, for the report: forecast, flags, reconciliation and placements; a part that can't say says why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from finops.core.result import Result
from finops.core.talk import Silence
from finops.errors import DataError

if TYPE_CHECKING:
    from finops.config import Overrides
    from finops.core.talk import Talk


@dataclass(frozen=True)
class Answers:
    """One result per step, or the sentence that says why there is none."""

    forecast: Result | str
    flags: Result | str
    reconciliation: Result | str
    placements: tuple[Result, ...] | str


def collected_answers(overrides: Overrides, currency: str, *, talk: Talk) -> Answers:
    """Asks each step once, for the one currency of the page; bills are reconciled in all of them."""
    from finops.steps.forecasting.forecast import forecast
    from finops.steps.judging.flag import flag
    from finops.steps.reconciling.reconcile import reconcile

    talk.stage("Forecast, verdicts, placements")
    one = replace(overrides, currency=currency)
    return Answers(
        forecast=_asked(forecast, one),
        flags=_asked(flag, one),
        reconciliation=_asked(reconcile, overrides),
        placements=_placements(overrides),
    )


def _asked(step: Callable[..., Result], overrides: Overrides) -> Result | str:
    try:
        return step(overrides, talk=Silence())
    except DataError as error:
        return error.what


def _placements(overrides: Overrides) -> tuple[Result, ...] | str:
    """Every benchmarked workload on every place."""
    from finops.config import load_settings
    from finops.steps.placing.measurements import benchmark_rows
    from finops.steps.placing.place import place

    try:
        rows = benchmark_rows(load_settings(overrides))
    except DataError as error:
        return error.what
    workloads = sorted({str(row["workload"]) for row in rows if row["workload"]})
    return tuple(place(overrides, workload=workload, infeasible=True, talk=Silence()) for workload in workloads)
