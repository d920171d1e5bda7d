"""What agents that take part add, where runs without them were judged: `finops.left_out` on a span of a run names who was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from finops.core.judging.left_out import FEWEST_RUNS, Added, Arm, added
from finops.core.judging.value import Evidence
from finops.steps.judging.flag_units import MICRO, Row, Unit, deviation_of

NOBODY = "none"
"""What runs say from which nobody was left out on purpose; where some say so, they alone are compared with."""


@dataclass(frozen=True)
class Told:
    """What the runs without an agent say: what it adds, or why they don't tell."""

    added: Added | None
    why_not: str = ""


def told_of(
    rows: Sequence[Row],
    everyone: Sequence[Unit],
    evidence: Sequence[Evidence | None],
    monthly_runs: Sequence[float],
    settled_until: Mapping[str, date],
) -> list[Told | None]:
    """One for each unit that takes part in runs led by others; None where no run was judged without it."""
    settled = [row for row in rows if row["run_day"] <= settled_until[row["workflow"]]]
    return [
        _of(unit, settled, everyone, evidence, monthly_runs[i]) if unit.role == "takes part" else None
        for i, unit in enumerate(everyone)
    ]


def _of(
    unit: Unit, rows: Sequence[Row], everyone: Sequence[Unit], evidence: Sequence[Evidence | None], monthly_runs: float
) -> Told | None:
    own = [row for row in rows if row["workflow"] == unit.workflow]
    without = [row for row in own if row["left_out"] == unit.agent]
    if not without:
        return None
    first, last = min(row["run_day"] for row in without), max(row["run_day"] for row in without)
    control = [row for row in own if row["left_out"] == NOBODY]
    control = control or [row for row in own if row["left_out"] is None and first <= row["run_day"] <= last]
    lead, worth = _lead(unit.workflow, everyone, evidence)
    scale = _scale(lead)
    arms = _arm(control, scale), _arm(without, scale)
    found = added(unit.agent, unit.workflow, *arms, monthly_runs, worth)
    if found is not None:
        return Told(found)
    short = min(arms, key=lambda arm: arm.runs)
    if short.runs < FEWEST_RUNS:
        side = "without it" if short is arms[1] else "with it on the days on which it was left out"
        return Told(None, f"{short.runs} judged runs {side}, {FEWEST_RUNS} are needed")
    return Told(None, "the cost of its runs is not known")


def _lead(workflow: str, everyone: Sequence[Unit], evidence: Sequence[Evidence | None]) -> tuple[Unit | None, Evidence | None]:
    """The lead of most judged runs of a workflow, of which the value is taken."""
    leads = [i for i, unit in enumerate(everyone) if unit.workflow == workflow and unit.role == "leads"]
    most = max(leads, key=lambda i: (everyone[i].tally["known"], everyone[i].agent), default=None)
    return (None, None) if most is None else (everyone[most], evidence[most])


def _scale(lead: Unit | None) -> float | None:
    """What a run costs over what its calls cost at list price."""
    if lead is None or lead.run_cost is None or not lead.tally["known_priced"] or lead.tally["known_list"] <= 0:
        return None
    return lead.run_cost.mean / (lead.tally["known_list"] / lead.tally["known_priced"] / MICRO)


def _arm(rows: Sequence[Mapping[str, Any]], scale: float | None) -> Arm:
    runs, accepted, priced, listed, squares = (
        sum(int(row[name] or 0) for row in rows) for name in ("runs", "accepted", "priced", "list_sum", "list_squares")
    )
    if scale is None or not priced:
        return Arm(runs, accepted, None, None)
    mean = listed / priced / MICRO
    return Arm(runs, accepted, scale * mean, deviation_of(priced, listed, squares) / mean if mean > 0 else 0.0)
