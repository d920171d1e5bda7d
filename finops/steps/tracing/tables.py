"""The figures of a command's table down to rows of files: `--where` names the row, and what can't be traced says why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

from finops.config import Overrides, Settings, load_settings
from finops.core.committing.instance_hours import Span, hours_by_place
from finops.core.periods import Period, chosen_period, month_period, month_text
from finops.core.result import Column, Result
from finops.core.talk import Talk
from finops.errors import UsageError
from finops.ledger.cube import require_built
from finops.ledger.instance_hours import billed_spans, instance_hour_lines, instance_hours
from finops.ledger.store import Reader, one_state, open_reader
from finops.steps.reading import read_ledger
from finops.steps.tracing.calls import CALL_NAMES, WASTE_NAMES, request_lines, run_lines, waste_lines
from finops.steps.tracing.cost import TRACE, cost_lines, totals_of
from finops.steps.tracing.costs import COST_TABLES, cost_figures
from finops.steps.tracing.runs import RUN_NAMES, outcome_and_call_lines
from finops.steps.tracing.sources import SOURCE_NAMES, source_lines

Row = dict[str, Any]
_OWNERS = ("tenant", "agent", "workflow")
_PLACES = ("provider", "region", "instance_type", "purchase_option")
TABLES: Mapping[str, tuple[str, ...]] = {
    **{table: told.names for table, told in COST_TABLES.items()},
    "requests": CALL_NAMES,
    "runs": RUN_NAMES,
    "models": ("group", "model"),
    "drift": CALL_NAMES,
    "burn": CALL_NAMES,
    "waste": WASTE_NAMES,
    "traces": ("run",),
    "bridge": _OWNERS,
    "commitments": _PLACES,
    "expect": _PLACES,
    "sources": SOURCE_NAMES,
}
"""Tables whose figures can be followed, with the names that `--where` takes. Of reconcile's tables with an option, and of cost's
per unit and over time (`units`), the option is the name."""
INPUTS: Mapping[str, str] = {
    "drift": "drift is an estimate: of the mix of these calls by week against the 30 days before, in bits "
    "(core/detecting/drift.py), with its effect at list price; the days before are `--last 210d`",
    "burn": "a burn is these calls' failures, slow answers or list cost by the hour over what its budget or envelope allows "
    "(core/detecting/burn.py); what is used of a budget of money: `finops explain cost --trace --month MONTH`",
}
"""Tables whose figures are estimates over calls: the calls are traced, and what makes the figure of them is said."""
MODELS = (
    "runs are judged ones of which nearly all is of the model; cost_per_run = list_cost / runs, each run's to the millionth; "
    "cost_per_success = list_cost / accepted; success is within Wilson's 95 % interval, the cost of a success within the 80 % of "
    "its posterior, which are computed from these counts"
)
HOURS = (
    *(Column("file", "File"), Column("line", "Row", "count"), Column("first_hour", "From", "time")),
    *(
        Column("end_hour", "To", "time", wide_only=True),
        *(Column(name, name.replace("_", " ").capitalize()) for name in _PLACES[1:]),
    ),
    *(
        Column("currency", "Currency", wide_only=True),
        Column("hours", "Hours", "number"),
        Column("cost", "Cost", "money", "effective_cost"),
    ),
)


def explain_table(
    overrides: Overrides, table: str, *, month: str | None, last: str | None, where: Mapping[str, str | None], talk: Talk
) -> Result:
    """The rows of files behind the figures of a table's row. Raises UsageError for a name that the table does not have."""
    settings = load_settings(overrides)
    for name in where:
        if name not in TABLES[table]:
            raise UsageError(f"`{table}` has no `{name}`", where="--where", hint="one of: " + ", ".join(TABLES[table]))
    with _opened(settings, table) as reader, one_state(reader):
        require_built(reader, settings.currency)
        if unbuilt := reader.unbuilt():
            talk.warn(f"{unbuilt:,} batches are not built yet: `finops build`")
        meta = {"subject": table, "where": dict(where), "currency": settings.currency, "as_of": settings.as_of}
        if table == "bridge":
            return _bridge(reader, settings, where, month, last, meta)
        if table == "traces":
            return run_lines(reader, settings, where, meta)
        if table in COST_TABLES:
            return cost_figures(reader, settings, table, where, month, last, meta)
        period = _period(settings, table, month, last)
        meta["period"] = period.label if period else None
        if table in ("requests", *INPUTS):
            found = request_lines(reader, settings, where, period, meta)
            return replace(found, notes=[*found.notes, *([INPUTS[table]] if table in INPUTS else [])])
        if table == "sources":
            return source_lines(reader, settings, where, period, meta)
        assert period is not None
        if table in ("runs", "models"):
            only = {"workflow" if name == "group" else name: value for name, value in where.items()}
            judged = {"judged": "yes"} if table == "models" else {}
            notes = [MODELS] if table == "models" else []
            return outcome_and_call_lines(reader, settings, only | judged, period, meta, notes)
        return (waste_lines if table == "waste" else _hours)(reader, settings, where, period, meta)


def _opened(settings: Settings, table: str) -> Reader:
    """Calls and hours are told as the command tells them; charges are as billed, and each share is converted by itself."""
    if table in ("requests", "waste", "traces", "commitments", "runs", "models", *INPUTS):
        return read_ledger(settings)
    return open_reader(settings.ledger, memory=settings.memory, threads=settings.threads)


def _period(settings: Settings, table: str, month: str | None, last: str | None) -> Period | None:
    """What the command itself would look at."""
    if table in ("sources", "expect") and last:
        raise UsageError(f"`{table}` looks at months", where="--last", hint="use `--month`")
    if table == "expect" and not month:
        month = month_text(settings.as_of.replace(day=1) - timedelta(days=1))
    if table == "models" and month:
        raise UsageError("`models` looks at the days before the business date", where="--month", hint="use `--last`")
    usual = _USUAL.get(table)
    return chosen_period(month, last or (usual if not month else None), settings.as_of)


_USUAL = {"waste": "30d", "commitments": "60d", "models": "90d", "runs": "90d", "drift": "30d", "burn": "30d"}
"""The days that a command looks at where it is told none."""


def _bridge(
    reader: Reader, settings: Settings, where: Mapping[str, str | None], month: str | None, last: str | None, meta: Row
) -> Result:
    """Both months' rows; those of the earlier one are taken off, so that all add up to the change."""
    if last:
        raise UsageError("a bridge is between two months", where="--last", hint="`--month` names the later one")
    open_month = settings.as_of.replace(day=1)
    after = month_period(month or month_text(open_month - timedelta(days=1)))
    before = month_period(month_text(after.first - timedelta(days=1)))
    rows: list[Row] = []
    for sign, period in ((-1, before), (1, after)):
        end = min(period.end, settings.as_of + timedelta(days=1))
        found = cost_lines(reader, settings, where, first=period.first, end=end, meta=meta)
        for row in found.rows:
            amounts = {
                name: None if row[name] is None else sign * row[name] for name in ("billed", "effective", "list", "contracted")
            }
            rows.append({**row, **amounts})
    notes = [
        f"the rows of {before.label} are taken off those of {after.label}: effective amounts add up to the change",
        "an effect has no rows of its own: it is computed from both months' cost, calls, tokens and hours by "
        "core/explaining/bridge.py (`finops explain requests --trace`, `finops explain commitments --trace`)",
    ]
    return Result(TRACE, rows, totals_of(rows), {**meta, "from": before.label, "to": after.label}, notes)


def _hours(reader: Reader, settings: Settings, where: Mapping[str, str | None], period: Period, meta: Row) -> Result:
    """Charges with the hours that they bought in the time; they add up to the hours that the commitments are weighed by."""
    whole = Span(*(datetime.combine(day, time()) for day in (period.first, period.end)))
    spans = {provider: Span(*span) for provider, span in billed_spans(reader, period.first, period.end).items()}

    def bought(found: Sequence[Row]) -> list[tuple[str, Decimal | None, Decimal | None]]:
        places = hours_by_place([row for row in found if _is_kept(row, where, settings)], spans, whole)
        return [(place.currency, one.hours, one.cost) for place, of in places.items() for one in of.bought.values()]

    rows = []
    for line in instance_hour_lines(reader, period.first, period.end):
        for _, hours, cost in bought([line]):
            rows.append({**line, "hours": hours, "cost": cost})
    together = bought(instance_hours(reader, period.first, period.end))
    totals = []
    for currency in sorted({currency for currency, _, _ in together}):
        own = [row for row in rows if row["currency"] == currency]
        totals.append({"currency": currency, **{name: _sum([row[name] for row in own]) for name in ("hours", "cost")}})
    notes = [
        "hours that a charge bought in this time; a charge that reaches beyond it counts by its share",
        "how many to commit to, and what that saves or risks, is an estimate: computed from these hours and prices by "
        "core/committing/plans.py; the prices: `finops explain prices --trace -- list --instance-type TYPE --region REGION`",
    ]
    return Result(HOURS, rows, totals, meta, notes)


def _is_kept(row: Row, where: Mapping[str, str | None], settings: Settings) -> bool:
    return settings.currency in (None, row["currency"]) and all(row[name] == value for name, value in where.items())


def _sum(amounts: Sequence[Decimal | None]) -> Decimal | None:
    return None if None in amounts else sum((amount for amount in amounts if amount is not None), Decimal(0))
