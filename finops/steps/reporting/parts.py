"""Parts of the report that other steps have answered: forecast, verdicts, reconciliation, the words of the metrics."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from finops.core.metrics import METRICS
from finops.core.numbers import date_text, percent_total
from finops.core.result import Result
from finops.core.settings import Budget
from finops.render.page import FanDay, ReconcileRow, Review, Spend, Term
from finops.steps.reporting.period import Period

QUANTILES = ("p10", "p25", "p75", "p90")
SHOWN = (
    "billed_cost", "effective_cost", "cost_share", "estimated_cost", "source_total", "rounding", "allocated_cost", "difference",
    "invoice_gap", "direct_cost", "metered_cost", "shared_cost", "idle_cost", "left_cost", "untagged_cost", "unexplained_cost",
    "unallocated_cost", "runs", "success_rate", "cost_per_success", "cost_per_run", "unpriced_calls", "spent", "expected",
    "forecast", "budget", "skill", "unit_cost", "monthly_cost", "price", "expected_monthly_loss", "probability",
)  # fmt: skip
"""The metrics that the page shows."""
ASKED = ("low_value_high_cost", "watch")


@dataclass(frozen=True)
class SpendPart:
    """The spend figure, and the month's forecast in numbers."""

    figure: Spend
    forecast: dict[str, Any] = field(default_factory=dict)


def company_budget(budgets: Sequence[Budget], currency: str) -> Decimal | None:
    """The monthly budget of the whole company in this currency, where there is one."""
    whole = [b.amount for b in budgets if not b.scope and b.period == "month" and b.currency == currency]
    return min(whole, default=None)


def spend_and_forecast(
    days: Sequence[Mapping[str, Any]], period: Period, answer: Result | str, budget: Decimal | None
) -> SpendPart:
    """Cumulative spend of the month and what the forecast says of its rest."""
    spent = cumulated(days, period)
    told = None if isinstance(answer, str) else _of_the_whole(answer, period)
    if told is None or told.get("expected") is None or period.closed:
        reason = answer if isinstance(answer, str) else _no_forecast(told, period)
        return SpendPart(Spend(spent, budget=budget, no_interval=None if period.closed else reason))
    known = told.get("p10") is not None
    missing = None if known else _first_note(answer, "the history is too short for an interval")
    fan = _fan(spent, period, told, None if isinstance(answer, str) else answer.meta.get("days"))
    figure = Spend(
        days=tuple((day, amount) for day, amount in spent if not fan or day < fan[0].day),
        fan=fan,
        budget=budget,
        method=str(told.get("method") or ""),
        error=_track_record(told),
        no_interval=missing,
    )
    over = decimal(told.get("over_budget_probability"))
    return SpendPart(figure, {**told, "over_budget": over if budget is not None else None})


def _no_forecast(told: Mapping[str, Any] | None, period: Period) -> str:
    if told is None:
        return f"nothing is known after {date_text(period.last)}, so the forecast is of another month"
    return "the history is too short for a forecast"


def cumulated(days: Sequence[Mapping[str, Any]], period: Period) -> tuple[tuple[date, Decimal], ...]:
    """Spend since the first of the month by day, up to the last day that has any."""
    by_day = {row["day"]: row["cost"] for row in days if period.first <= row["day"] <= period.last}
    if not by_day:
        return ()
    end = period.last if period.closed else max(by_day)
    total, made = Decimal(0), []
    for n in range((end - period.first).days + 1):
        day = period.first + timedelta(days=n)
        total += by_day.get(day, Decimal(0))
        made.append((day, total))
    return tuple(made)


def _of_the_whole(answer: Result, period: Period) -> dict[str, Any] | None:
    """The forecast of the whole month in the page's currency."""
    month = f"{period.first:%Y-%m}"
    for row in [*answer.totals, *answer.rows]:
        if row.get("currency") == period.currency and str(row.get("period") or month).startswith(month):
            return dict(row)
    return None


def _fan(spent: Sequence[tuple[date, Decimal]], period: Period, told: Mapping[str, Any], path: Any) -> tuple[FanDay, ...]:
    """Day by day as the forecast says; where it says only the month's total, the way there is drawn straight, its width
    growing with the square root of time."""
    if isinstance(path, list | tuple) and path:
        return tuple(
            FanDay(p["day"], p["expected"], *(p.get(key) for key in QUANTILES)) for p in path if p["day"] <= period.month_end
        )
    start_day, start = spent[-1] if spent else (period.first - timedelta(days=1), Decimal(0))
    length = (period.month_end - start_day).days
    end = told["expected"]

    def day(n: int) -> FanDay:
        middle = start + (end - start) * n / length
        grown = Decimal(repr(round(math.sqrt(n / length), 9)))
        bounds = [None if told.get(key) is None else max(start, middle + (told[key] - end) * grown) for key in QUANTILES]
        return FanDay(start_day + timedelta(days=n), middle, *bounds)

    return tuple(day(n) for n in range(1, length + 1))


def _track_record(told: Mapping[str, Any]) -> str | None:
    """What the forecast's own past says: its error, how much better that is than the run-rate, its confidence."""
    if told.get("track_record"):
        return str(told["track_record"])
    error, skill, confidence = (told.get(key) for key in ("error", "skill", "confidence"))
    said = []
    if error is not None:
        said.append(f"back-tested on this ledger, totals were off by {percent_total(error)} on average")
        if skill is not None and skill > 0:
            said.append(f"{percent_total(skill)} less than the run-rate")
    if confidence:
        said.append(f"confidence {confidence}")
    return ", ".join(said) or None


def _first_note(answer: Result | str, otherwise: str) -> str:
    notes = [] if isinstance(answer, str) else list(answer.notes)
    return next((note for note in notes if "interval" in note or "short" in note), otherwise)


def verdicts(answer: Result | str) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Each agent's verdict by agent and workflow."""
    rows = () if isinstance(answer, str) else answer.rows
    return {(str(row["agent"]), str(row["workflow"])): row for row in rows}


def judged_over(answer: Result | str) -> str:
    """The stretch that verdicts rest on, in words."""
    label = "" if isinstance(answer, str) else str(answer.meta.get("period") or "")
    match = re.fullmatch(r"(\d+)([dwm])", label)
    return f"{match[1]} {({'d': 'days', 'w': 'weeks', 'm': 'months'})[match[2]]}" if match else ""


def reviews(answer: Result | str) -> tuple[tuple[Review, ...], str | None]:
    """The agents to look at, most at stake first; else why nobody could be judged."""
    if isinstance(answer, str):
        return (), answer
    judged = [row for row in answer.rows if row.get("verdict") not in (None, "insufficient_data")]
    if not judged:
        return (), "too few runs have an outcome, so no agent can be judged" if answer.rows else "no runs with outcomes are known"
    asked = [row for row in judged if row["verdict"] in ASKED]
    order = sorted(
        asked, key=lambda r: (ASKED.index(r["verdict"]), -(decimal(r.get("expected_monthly_loss")) or 0), str(r["agent"]))
    )
    return tuple(_review(row) for row in order), None


def _review(row: Mapping[str, Any]) -> Review:
    return Review(
        agent=str(row["agent"]),
        workflow=str(row["workflow"]),
        verdict=str(row["verdict"]),
        probability=decimal(row.get("probability")),
        cost=decimal(row.get("cost")),
        monthly_loss=decimal(row.get("expected_monthly_loss")),
        runs=row.get("runs"),
        reasons=tuple(str(reason) for reason in row.get("reasons") or ()),
        advice=str(row.get("advice") or ""),
    )


def reconciliation(answer: Result | str, as_of: date) -> tuple[ReconcileRow, ...]:
    """Each bill up to the business date, newest month first."""
    if isinstance(answer, str):
        return ()
    rows = [row for row in answer.rows if row.get("billed") is not None and str(row["period"]) <= f"{as_of:%Y-%m}"]
    made = [_reconcile_row(row) for row in rows]
    return tuple(sorted(made, key=lambda r: (r.period, r.issuer, r.account, r.currency), reverse=True))


def _reconcile_row(row: Mapping[str, Any]) -> ReconcileRow:
    zero = Decimal(0)
    parts = ("direct", "metered", "shared", "idle", "left", "untagged", "unexplained", "estimated")
    amounts = {key: row.get(key) or zero for key in parts}
    return ReconcileRow(
        period=str(row["period"]),
        issuer=str(row["issuer"] or ""),
        account=str(row["account"] or ""),
        currency=str(row["currency"]),
        billed=row["billed"],
        allocated=row.get("allocated") or zero,
        difference=row.get("difference") or zero,
        invoice_total=row.get("invoice_total"),
        invoice_gap=row.get("invoice_gap"),
        **amounts,
    )


def glossary() -> tuple[Term, ...]:
    """What the page's figures mean, in the order of the registry."""
    return tuple(Term(m.id, m.label, m.unit, m.formula, m.caveats) for m in METRICS if m.id in SHOWN)


def decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
