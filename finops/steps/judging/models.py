"""Models side by side for the same work: what an accepted result costs on each, and which are dominated."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.config import Overrides, load_settings
from finops.core import numbers
from finops.core.explaining.figures import Figure, Part
from finops.core.judging.model_choice import MARGIN, Choice, ModelRuns, choices
from finops.core.judging.verdicts import FEWEST_RUNS
from finops.core.periods import last_period
from finops.core.result import Column, Result
from finops.core.talk import Talk
from finops.ledger.cube import require_built
from finops.steps.judging.evaluation_files import read_evaluations
from finops.steps.reading import read_ledger

if TYPE_CHECKING:
    from finops.ledger.store import Reader

MAIN_SHARE = Decimal("0.90")
"""A run is one of the model that so much of its model cost is of."""
MICRO = 10**6
Row = dict[str, Any]
COLUMNS = (
    Column("group", "Work"),
    Column("model", "Model"),
    Column("rank", "Rank", "count"),
    Column("runs", "Runs", "count", "runs"),
    Column("accepted", "Accepted", "count", wide_only=True),
    Column("success_rate", "Success", "ratio", "success_rate"),
    Column("success_low", "Success, low", "ratio", wide_only=True),
    Column("success_high", "Success, high", "ratio", wide_only=True),
    Column("cost_per_run", "Cost of a run", "unit_price"),
    Column("cost_per_success", "Per success", "unit_price", "cost_per_success"),
    Column("cost_per_success_low", "Per success, low", "unit_price", wide_only=True),
    Column("cost_per_success_high", "Per success, high", "unit_price", wide_only=True),
    Column("currency", "Currency", wide_only=True),
    Column("dominated_by", "Dominated by", wide_only=True),
    Column("frontier", "Frontier", "bool", wide_only=True),
    Column("verdict", "Verdict"),
)


def models(
    overrides: Overrides, files: Sequence[Path] = (), *, last: str = "90d", workflow: str | None = None, talk: Talk
) -> Result:
    """By workflow, the models of judged runs up to the business date; or the models of files of evaluation results."""
    settings = load_settings(overrides)
    period = last_period(last, settings.as_of)
    meta: Row = {"as_of": settings.as_of, "currency": settings.currency, "margin": MARGIN, "fewest_runs": FEWEST_RUNS}
    if files:
        talk.stage("Read the evaluations")
        known = [(one, settings.currency or "USD") for path in files for one in read_evaluations(path)]
        basis = "costs are what the files say"
    else:
        with read_ledger(settings) as reader:
            require_built(reader, settings.currency)
            known, mixed = judged_runs(reader, period.first, period.last, settings.currency)
        known = [(one, currency) for one, currency in known if workflow in (None, one.group)]
        meta |= {"period": period.label, "first": period.first, "last": period.last, "mixed_runs": mixed}
        basis = "costs are of models at list price"
    rows = []
    for currency in sorted({currency for _, currency in known}):
        rows += [_row(choice, currency) for choice in choices([one for one, of in known if of == currency])]
    notes = _notes(rows, basis, bool(files), meta.get("mixed_runs", 0))
    told = ", ".join(str(path) for path in files)
    return Result(COLUMNS, rows, [], meta, notes, made=(lambda place: _evaluated(rows[place], told)) if files else None)


def _evaluated(row: Row, files: str) -> list[Figure]:
    """What the entries of files of evaluations say of a model, and what is made of it."""
    said = f"by the entries of {row['model']} for {row['group']}"
    counted = tuple(Part(name, row[name], f"{name} {said}", source=files) for name in ("runs", "accepted"))
    cost = Part("cost_per_run", row["cost_per_run"], f"mean cost of a run {said}", source=files)
    each = "cost of a run x runs / accepted; its interval is the 80 % of the posterior (core/judging/model_choice.py)"
    return [
        *(Figure(part.name, part.name, (part,)) for part in (*counted, cost)),
        Figure("success_rate", "accepted / runs", counted, places=6),
        *(Figure(name, None, counted, "Wilson's 95 % interval of accepted / runs") for name in ("success_low", "success_high")),
        *(Figure(f"cost_per_success{end}", None, (*counted, cost), each) for end in ("", "_low", "_high")),
        Figure("rank", None, (*counted, cost), "its place by the cost of a success among the models of its group"),
    ]


def judged_runs(reader: Reader, first: date, last: date, currency: str | None) -> tuple[list[tuple[ModelRuns, str]], int]:
    """The judged runs of the time by workflow and model, each with its currency; and how many are of several models."""
    rows = reader.read("models_runs", first=first, last=last, currency=currency, share=MAIN_SHARE)
    mixed = sum(row["runs"] for row in rows if row["model"] is None)
    return [(_of_runs(row), row["currency"]) for row in rows if row["model"] is not None], mixed


def _of_runs(row: Row) -> ModelRuns:
    """Mean and spread of what the runs cost; unknown unless all are priced."""
    if row["priced"] < row["runs"] or not row["list_sum"]:
        return ModelRuns(row["workflow"], row["model"], row["runs"], row["accepted"], None)
    mean = row["list_sum"] / row["runs"]
    spread = max(row["list_squares"] / row["runs"] - mean * mean, 0.0)
    return ModelRuns(row["workflow"], row["model"], row["runs"], row["accepted"], mean / MICRO, math.sqrt(spread) / mean)


def _row(choice: Choice, currency: str) -> Row:
    of, each = choice.of, choice.per_success
    return {
        "group": of.group,
        "model": of.model,
        "rank": choice.rank,
        "runs": of.runs,
        "accepted": of.accepted,
        "success_rate": round(choice.success.middle, 6) if of.runs else None,
        "success_low": round(choice.success.low, 6),
        "success_high": round(choice.success.high, 6),
        "cost_per_run": _money(of.cost),
        "cost_per_success": _money(each.middle if each else None),
        "cost_per_success_low": _money(each.low if each else None),
        "cost_per_success_high": _money(each.high if each else None),
        "currency": currency,
        "frontier": choice.on_frontier,
        "dominated_by": choice.dominated_by,
        "verdict": _verdict(choice),
    }


def _verdict(choice: Choice) -> str:
    if choice.of.cost is None:
        return "cost unknown"
    if not choice.of.accepted:
        return "no success"
    if choice.of.runs < FEWEST_RUNS:
        return "too few runs"
    if choice.dominated_by is not None:
        return f"dominated by {choice.dominated_by}"
    return "cheapest success" if choice.rank == 1 else "on the frontier" if choice.on_frontier else "not surely worse"


def _notes(rows: Sequence[Row], basis: str, from_files: bool, mixed: int) -> list[str]:
    if not rows:
        return ["no judged run is nearly all of one model: ingest traces and outcomes, or name files of evaluation results"]
    dominated = [row for row in rows if row["dominated_by"]]
    ranked = Counter(row["group"] for row in rows if row["rank"] is not None)
    found = [
        f"{row['group']}: {row['model']} costs {_each(row)} an accepted result, the least of {ranked[row['group']]}"
        for row in rows
        if row["rank"] == 1 and ranked[row["group"]] > 1
    ]
    if not found:
        found.append("no kind of work was done by more than one model, so none can be compared")
    if dominated:
        names = "1 model is" if len(dominated) == 1 else f"{len(dominated)} models are"
        found.append(
            f"{names} dominated: another is surely cheaper and succeeds as often, to {MARGIN * 100:.0f} percentage points"
        )
    unknown = sum(row["cost_per_run"] is None for row in rows)
    if unknown:
        found.append(f"{unknown} of {len(rows)} have no known cost: a cost of 0 is unknown, not free")
    if mixed:
        found.append(f"{numbers.count(mixed)} judged runs are of several models and are left out")
    if not from_files and len(ranked) < len(rows):
        found.append("runs were not given to models at random: where harder work goes to one of them, its success looks lower")
    return [*found, basis]


def _each(row: Row) -> str:
    return numbers.unit_price(row["cost_per_success"], row["currency"])


def _money(amount: float | None) -> Decimal | None:
    return None if amount is None else Decimal(repr(round(amount, 6)))
