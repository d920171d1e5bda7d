"""What a month's real calls would have cost on other models, call by call, with what is known of their quality."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from datetime import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.config import Overrides, load_settings
from finops.core.committing.commitments import EXACT
from finops.core.intervals import wilson
from finops.core.numbers import money_table, percent
from finops.core.periods import Period, month_period
from finops.core.placing.replay import Band, Cell, Replayed, replayed
from finops.core.placing.unit_cost import rounded
from finops.core.result import Column, Result
from finops.errors import DataError, UsageError
from finops.steps.placing.replay_figures import Replay, replay_figures
from finops.steps.placing.replay_hosted import (
    EXPLAINED,
    explained,
    hosted_notes,
    hosted_rows,
    hosted_today,
    measured_models,
    metered_hours,
    of_model,
)

if TYPE_CHECKING:
    from finops.config import Settings
    from finops.core.judging.model_choice import ModelRuns
    from finops.core.talk import Talk
    from finops.prices.token_book import TokenBook

Row = dict[str, Any]
Model = tuple[str, str]
CLASSES = (
    "input_uncached", "cache_read", "cache_write_5m", "cache_write_1h", "output", "audio_input", "audio_output", "image_input",
    "image_output",
)  # fmt: skip
EVIDENCE_DAYS = 90
FEW = 30
"""Fewer judged runs than this say little."""
COLUMNS = (
    Column("provider", "Provider"),
    Column("region", "Region", wide_only=True),
    Column("instance_type", "Instance type", wide_only=True),
    Column("count", "Count", "count", wide_only=True),
    Column("purchase_option", "Bought as", wide_only=True),
    Column("model", "Model"),
    Column("feasible", "Feasible", "bool", wide_only=True),
    Column("reason", "Reason", wide_only=True),
    Column("calls", "Calls", "count", "runs"),
    Column("unit_cost", "Per call", "unit_price", "unit_cost"),
    Column("unit", "Unit", wide_only=True),
    Column("monthly_cost", "Month", "money", "monthly_cost"),
    Column("busy_cost", "In use", "money", "monthly_cost", wide_only=True),
    Column("saving", "Saves", "money", "replay_saving"),
    Column("p95_ms", "p95 ms", "number", wide_only=True),
    Column("judged_runs", "Judged runs", "count", "runs"),
    Column("success_rate", "Success", "ratio", "success_rate"),
    Column("success_low", "Success, low", "ratio", wide_only=True),
    Column("success_high", "Success, high", "ratio", wide_only=True),
    Column("today", "Today", "bool"),
    Column("currency", "Currency", wide_only=True),
    Column("price_as_of", "Price as of", "date", wide_only=True),
)


def replay(overrides: Overrides, *, workflow: str, month: str, models: Sequence[str] = (), talk: Talk) -> Result:
    """The month's calls of a workflow as they were and as each model would have priced them. `models` are candidates; without any
    they are all models that the ledger has prices of for each class of token used, and all that were measured on own machines."""
    from finops.ledger.cube import require_built
    from finops.ledger.store import one_state, open_reader
    from finops.prices.token_book import TokenBook
    from finops.steps.judging.models import judged_runs
    from finops.steps.pricing.book import TOKENS, known_batches, price_book, price_files

    settings = load_settings(overrides)
    period = month_period(month, "--replay")
    with open_reader(settings.ledger, memory=settings.memory, threads=settings.threads) as reader, one_state(reader):
        require_built(reader, settings.currency)
        talk.stage("Read the calls")
        book = TokenBook.of_batches(known_batches(settings, reader, units=TOKENS))
        known = {(row["provider"], row["model"]) for row in reader.query("SELECT DISTINCT provider, model FROM price_token")}
        machines = price_book(settings, reader)
        measured = measured_models(settings, machines)
        own = [m for name in models for m in of_model(measured, name)] if models else measured
        of_apis = [name for name in models if not of_model(measured, name)]
        chosen = sorted({_resolved(book, name, known) for name in of_apis} if models else known)
        bands = {model: _bands(book, model) for model in chosen}
        edges = sorted({0, *(band.least_input for found in bands.values() for band in found)})
        rows = reader.read("replay_cells", first=period.first, end=period.end, workflow=workflow, edges=edges)
        if not rows:
            raise _nothing(reader.query("SELECT DISTINCT workflow FROM fct_call ORDER BY workflow"), workflow, period)
        until = settings.as_of
        since = until.fromordinal(until.toordinal() - EVIDENCE_DAYS)
        judged, _ = judged_runs(reader, since, until, settings.currency)
        evidence = {one.model: one for one, _ in judged if one.group == workflow}
        on_own = hosted_today(reader, workflow, period, settings.currency)
        metered_h = metered_hours(reader, workflow, period)
    talk.stage("Price them anew")
    cells = [_cell(row) for row in rows]
    called = _called(rows, evidence, on_own)
    hosted_models = [row["model"] for row in called if row["busy_cost"] is not None]
    of_hosted = [_cell(row) for row in rows if row["model"] in hosted_models]
    share = explained(of_hosted, measured, hosted_models, metered_h)
    elsewhere_too = share is not None and share < EXPLAINED  # what own machines did is not in the calls
    today = None if elsewhere_too else _total(called)
    candidates = [_candidate(model, replayed(cells, bands[model]), evidence, book, today) for model in chosen]
    elsewhere = [
        dict.fromkeys(column.key for column in COLUMNS) | row | _judged(evidence.get(row["model"]))
        for row in hosted_rows(cells, own, machines, settings.as_of, period, today)
    ]
    candidates += elsewhere
    if not models:
        candidates = [row for row in candidates if row["feasible"]]
    candidates.sort(key=lambda row: (not row["feasible"], row["monthly_cost"] or 0, row["model"]))
    rows, files = [*called, *candidates], price_files(settings)
    asked = Replay(workflow, period.label, cells, bands, book.as_of, book.source, today, measured)
    return Result(
        _columns(own_machines=bool(elsewhere)),
        rows,
        meta={
            "currency": called[0]["currency"],
            "metric": "monthly_cost",
            "as_of": settings.as_of,
            "workload": workflow,
            "period": period.label,
            "prices_as_of": book.as_of,
            "evidence_days": EVIDENCE_DAYS,
        },
        notes=[
            *_notes(called, candidates, today, settings, period, known=not elsewhere_too),
            *hosted_notes(elsewhere, called, share),
        ],
        made=lambda place: replay_figures(rows[place], asked, files()),
    )


def _columns(*, own_machines: bool) -> list[Column]:
    """With rows of own machines the table names them, and leaves providers, calls and judged runs to wider formats."""
    if not own_machines:
        return list(COLUMNS)
    shown = {"provider": True, "instance_type": False, "purchase_option": False, "judged_runs": True, "calls": True}
    return [replace(column, wide_only=shown.get(column.key, column.wide_only)) for column in COLUMNS]


def _on_own_machines(known: Row | None, calls: Decimal) -> Row:
    """What calls on own machines cost, idle time in proportion."""
    if known is None:
        return {}
    cost = known["reserved_cost"]
    return {
        "monthly_cost": cost, "busy_cost": known["cost"], "currency": known["currency"], "purchase_option": None,
        "unit_cost": rounded(EXACT.divide(cost, calls)) if calls else None,
        "reason": "on own machines: the time in use and its share of idle time",
    }  # fmt: skip


def _judged(judged: ModelRuns | None) -> Row:
    low, high = wilson(judged.accepted, judged.runs) if judged else (None, None)
    return {
        "judged_runs": judged.runs if judged else 0, "success_rate": judged.accepted / judged.runs if judged else None,
        "success_low": low, "success_high": high,
    }  # fmt: skip


def _resolved(book: TokenBook, name: str, known: Set[Model]) -> Model:
    """The model by its name, or by `provider/name`: one of the ledger's own first."""
    provider, slash, model = name.partition("/")
    own = [one for one in known if one[1] == name]
    found = own[0] if len(own) == 1 else book.resolve(provider if slash else None, model if slash else name)
    if found is None:
        raise UsageError(
            f"no price is known of a model `{name}`", where="--to", hint="`finops prices list --model NAME` shows them"
        )
    return found


def _bands(book: TokenBook, model: Model) -> list[Band]:
    return [
        Band(
            point.token_class, point.price, point.min_input_tokens, point.valid_from, point.valid_to, _time(point.tod_from),
            _time(point.tod_to),
        )
        for point in book.of([model])
        if point.service_tier == "standard" and not point.variant
    ]  # fmt: skip


def _time(text: time | str | None) -> time | None:
    return time.fromisoformat(text) if isinstance(text, str) else text


def _cell(row: Row) -> Cell:
    return Cell(row["quarter"], row["band"], row["weight"], row["calls"], {name: row[name] or 0 for name in CLASSES})


def _called(rows: Sequence[Row], evidence: dict[str, ModelRuns], on_own: Mapping[str, Row]) -> list[Row]:
    """The calls as they were, by model and currency: at list price, or what own machines cost that served all of a model's."""
    found: dict[tuple[str, str | None], list[Decimal]] = {}
    paid_in = {row["model"]: row["currency"] for row in reversed(rows) if row["currency"]}
    for row in rows:  # a call that failed before it used a token has neither cost nor currency
        own = found.setdefault((row["model"], row["currency"] or paid_in.get(row["model"])), [Decimal(0)] * 3)
        own[0] += row["weight"] * row["calls"]
        own[1] += EXACT.multiply(row["list_cost"] or Decimal(0), row["weight"])
        own[2] += row["weight"] * row["unpriced"]
    called = []
    for (model, currency), (calls, cost, unpriced) in sorted(found.items(), key=lambda one: (-one[1][1], str(one[0]))):
        priced, hosted = not unpriced, on_own.get(model) if unpriced == calls else None
        reason = None if priced else f"{unpriced:,.0f} of {calls:,.0f} calls have no list price"
        row = _row(None, model, calls, cost if priced else None, currency, evidence.get(model))
        called.append(row | {"today": True, "feasible": True, "reason": reason} | _on_own_machines(hosted, calls))
    return called


def _candidate(model: Model, found: Replayed, evidence: dict[str, ModelRuns], book: TokenBook, today: Decimal | None) -> Row:
    whole = not found.unpriced
    currency = next((point.currency for point in book.of([model])), "USD")
    row = _row(model[0], model[1], found.calls, found.cost if whole else None, currency, evidence.get(model[1]))
    judged = evidence.get(model[1])
    reason = f"{found.unpriced:,.0f} calls have tokens that it has no price for" if not whole else None
    if whole and judged is None:
        reason = "no outcome tells of its quality at this work"
    elif whole and judged is not None and judged.runs < FEW:
        reason = f"only {judged.runs} judged runs tell of its quality"
    saving = None if not whole or today is None else today - found.cost
    return row | {"feasible": whole, "reason": reason, "saving": saving, "price_as_of": book.as_of}


def _row(
    provider: str | None, model: str, calls: Decimal, cost: Decimal | None, currency: str | None, judged: ModelRuns | None
) -> Row:
    return dict.fromkeys(column.key for column in COLUMNS) | {
        "provider": provider, "model": model, "purchase_option": "on_demand", "calls": round(calls), "unit": "call",
        "unit_cost": rounded(EXACT.divide(cost, calls)) if cost is not None and calls else None, "monthly_cost": cost,
        "today": False, "currency": currency, **_judged(judged),
    }  # fmt: skip


def _total(called: Sequence[Row]) -> Decimal | None:
    """What the calls cost as they were; None where one has no price or they are in several currencies."""
    if len({row["currency"] for row in called}) > 1 or any(row["monthly_cost"] is None for row in called):
        return None
    return sum((row["monthly_cost"] for row in called), Decimal(0))


def _nothing(rows: Sequence[Row], workflow: str, period: Period) -> DataError:
    names = [row["workflow"] for row in rows if row["workflow"] and not row["workflow"].startswith("__")]
    return DataError(
        f"no call to a model of the workflow `{workflow}` is known in {period.label}",
        where="--replay",
        hint=f"workflows with calls are {', '.join(names)}" if names else "`finops ingest` traces first",
    )


def _notes(
    called: Sequence[Row], candidates: Sequence[Row], today: Decimal | None, settings: Settings, period: Period, *, known: bool
) -> list[str]:
    currency = called[0]["currency"] or settings.currency or "USD"
    notes = []
    if today is None and known:
        notes.append("What the calls cost as they were is not known, so nothing can be said of a saving.")
    cheaper = [row for row in candidates if row["saving"] is not None and row["saving"] > 0]
    proven = [row for row in cheaper if row["success_rate"] is not None and row["judged_runs"] >= FEW]
    for rows, words in ((cheaper[:1], "Cheapest"), (proven[:1], "Cheapest with evidence of quality here")):
        for row in rows:
            on = f" on {row['instance_type']} {row['purchase_option']}" if row["instance_type"] else ""
            said = f"{words} is {row['model']}{on}: {money_table(row['monthly_cost'], currency)} instead of "
            said += f"{money_table(today, currency)} in {period.label}, if it needs the same tokens"
            said += f"; {row['reason']}." if row["success_rate"] is None else f"; {_evidence(row)}."
            if said not in notes:
                notes.append(said)
    notes.append("Each call is priced at its own time and size, at list; another model may use other tokens, turns or retries.")
    return notes


def _evidence(row: Row) -> str:
    within = f"{percent(Decimal(str(row['success_low'])))} to {percent(Decimal(str(row['success_high'])))}"
    share = percent(Decimal(str(row["success_rate"])))
    return f"{share} of {row['judged_runs']:,} judged runs were accepted there ({within}); see `finops models`"
