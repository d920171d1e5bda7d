"""What the month will close at, and the months after it: a distribution per group, back-tested on the ledger's own history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from finops.config import Overrides, Settings, load_settings
from finops.core import numbers
from finops.core.budget import monthly_budget
from finops.core.forecast_month import FIRM_DAYS, QUANTILES, Leaf, MonthClose, month_closes
from finops.core.periods import next_month
from finops.core.result import Column, Result
from finops.core.talk import Talk
from finops.errors import DataError, UsageError
from finops.ledger.cube import require_built
from finops.ledger.store import Reader, open_reader

Row = dict[str, Any]
Key = tuple[str | None, ...]

OWNER = ("currency", "tenant", "agent", "workflow", "provider", "account", "model", "region")
DIMENSIONS = ("tenant", "agent", "workflow", "provider", "model", "region")
HISTORY_D = 400
LATE_D = 45
"""A bill may come this late; a provider without charges for longer has ended."""
DAY = timedelta(days=1)
MOST_MONTHS = 12


def forecast(overrides: Overrides, *, by: str | None = None, months: int = 1, talk: Talk) -> Result:
    """The close of this month and of the next ones, for the whole and by one dimension."""
    settings = load_settings(overrides)
    if by is not None and by not in DIMENSIONS:
        raise UsageError(f"there is no forecast by `{by}`", where="--by", hint="one of: " + ", ".join(DIMENSIONS))
    if not 1 <= months <= MOST_MONTHS:
        raise UsageError(f"{months} months can't be forecast", where="--months", hint=f"1 to {MOST_MONTHS}")
    talk.stage("Forecasting")
    with open_reader(settings.ledger, memory=settings.memory, threads=settings.threads) as reader:
        leaves, notes = _leaves(reader, settings)
        whole = _closes(leaves, None, settings, months)
        parts = _closes(leaves, by, settings, months) if by else whole
        unbuilt = reader.unbuilt()
    if unbuilt:
        talk.warn(f"{unbuilt:,} batches are not built yet: `finops build`")
    totals = [_row(close, None, settings) for close in whole]
    rows = sorted((_row(close, by, settings) for close in parts), key=_by_size)
    meta = {
        "currency": settings.currency,
        "metric": "effective",
        "as_of": settings.as_of,
        "period": totals[0]["period"],
        "by": by,
        "unbuilt": unbuilt,
        "days": [vars(day) for day in whole[0].fan],
    }
    said = [sentence(close, row["budget"]) for close, row in zip(whole, totals, strict=True)][: len({c.group for c in whole}) * 2]
    return Result(_columns(by), rows, totals, meta, [*said, *notes, *_warnings(rows, by)])


def close_of_month(reader: Reader, settings: Settings) -> tuple[MonthClose, ...]:
    """How the month of the business date closes as a whole, one per currency, with the fan that leads there."""
    leaves, _ = _leaves(reader, settings)
    return tuple(_closes(leaves, None, settings, 1))


def sentence(close: MonthClose, budget: Decimal | None) -> str:
    """The close in one sentence, with its interval and what that means for the budget."""
    currency = str(close.group[0])
    month = numbers.month_name(close.month)
    low, high = close.quantiles["p10"], close.quantiles["p90"]
    amount = numbers.money_within(close.expected, low, high, currency)
    text = f"{month} will close at {amount}"
    if low is None:
        text += f": {close.days_known} complete days are too few for an interval"
    else:
        text += f", 80% interval {numbers.range_text(low, high, currency)}"
    if budget is not None:
        gap = close.expected - budget
        side = "over" if gap > 0 else "under"
        text += f"; {numbers.money_total(abs(gap), currency)} {side} budget" if gap else "; on budget"
    return text + "."


def _leaves(reader: Reader, settings: Settings) -> tuple[list[Leaf], list[str]]:
    """The finest owners with their days, and what is to be said of bills that are late."""
    require_built(reader)
    as_of, first = settings.as_of, settings.as_of.replace(day=1)
    since = as_of - timedelta(days=HISTORY_D)
    days = reader.read("forecast_days", since=since, as_of=as_of, currency=settings.currency)
    one_off = reader.read("forecast_one_off", first=first, end=next_month(first), as_of=as_of, currency=settings.currency)
    coverage = reader.read("forecast_coverage", as_of=as_of)
    newest = max((row["day"] for row in days), default=None)
    if newest is None:
        raise DataError(
            "there is no cost to forecast from", where=str(reader.path), hint="`finops ingest PATH`, or another --as-of"
        )
    if (as_of - newest).days > LATE_D:
        raise DataError(
            f"the newest charge is of {numbers.date_text(newest)}, {(as_of - newest).days:,} days before the business date",
            hint=f"ingest newer exports, or forecast as of then: `--as-of {newest + DAY}`",
        )
    complete = min(as_of - DAY, newest)
    merged, estimated = _by_owner(days)
    known = _known_days(coverage, complete)
    once = {tuple(row[name] for name in OWNER): row for row in one_off}
    leaves = []
    for key in sorted({*merged, *once}, key=repr):
        billed_to, known_to = known.get(key[4:6], (complete, complete))
        extra = once.get(key, {})
        leaves.append(
            Leaf(
                key=key,
                last=known_to if estimated.get(key, date.min) > billed_to else billed_to,
                daily=merged.get(key, {}),
                one_off=extra.get("spent") or Decimal(0),
                scheduled=extra.get("scheduled") or Decimal(0),
            )
        )
    return leaves, [*_late_bills(coverage, as_of, complete), *_once(one_off)]


def _by_owner(days: Sequence[Mapping[str, Any]]) -> tuple[dict[Key, dict[date, Decimal]], dict[Key, date]]:
    """Days per owner, and up to when each has estimates. What is only estimated joins the billed owner that it continues:
    calls often don't know the account or region that the bill names."""
    found: dict[Key, dict[date, Decimal]] = {}
    estimated: dict[Key, date] = {}
    billed: dict[Key, dict[Key, Decimal]] = {}
    for row in days:
        key = tuple(row[name] for name in OWNER)
        found.setdefault(key, {})[row["day"]] = row["cost"] or Decimal(0)
        if row["estimated"]:
            estimated[key] = row["day"]
        else:
            own = billed.setdefault(_place_free(key), {})
            own[key] = own.get(key, Decimal(0)) + (row["cost"] or 0)
    for key in [key for key in estimated if key not in billed.get(_place_free(key), {})]:
        fits = [(cost, heir) for heir, cost in billed.get(_place_free(key), {}).items() if _continues(key, heir)]
        if not fits:
            continue
        heir = max(fits, key=lambda fit: (fit[0], repr(fit[1])))[1]
        for day, cost in found.pop(key).items():
            found[heir][day] = found[heir].get(day, Decimal(0)) + cost
        estimated[heir] = max(estimated.pop(key), estimated.get(heir, date.min))
    return found, estimated


def _place_free(key: Key) -> Key:
    return (*key[:5], key[6])


def _continues(key: Key, heir: Key) -> bool:
    return all(own is None or of is None or own == of for own, of in ((key[5], heir[5]), (key[7], heir[7])))


def _known_days(coverage: Sequence[Mapping[str, Any]], complete: date) -> dict[Key, tuple[date, date]]:
    """By provider and account: up to when spend that only a bill knows is known, and up to when what is also estimated is."""
    estimates: dict[str | None, date] = {}
    for row in coverage:
        if row["estimated_to"]:
            estimates[row["provider"]] = max(row["estimated_to"], estimates.get(row["provider"], date.min))
    known: dict[Key, tuple[date, date]] = {}
    for row in coverage:
        billed = row["billed_to"]
        if billed is None or (complete - billed).days > LATE_D:
            billed = complete
        to = max(billed, estimates.get(row["provider"], date.min))
        known[row["provider"], row["account"]] = (min(billed, complete), min(to, complete))
    return known


def _late_bills(coverage: Sequence[Mapping[str, Any]], as_of: date, complete: date) -> list[str]:
    estimates = {row["provider"] for row in coverage if row["estimated_to"] and row["estimated_to"] >= complete}
    notes = []
    for row in coverage:
        billed = row["billed_to"]
        if billed is None or billed >= complete or (complete - billed).days > LATE_D:
            continue
        name = f"{row['provider'] or 'a provider'}'s bill goes to {numbers.day_text(billed)}"
        if row["provider"] in estimates:
            notes.append(f"{name}; for later days there are only estimates, and what only a bill knows is forecast")
        else:
            notes.append(f"{name}; later days are forecast, not spent")
    if complete < as_of - DAY:
        notes.append(f"nothing is known after {numbers.date_text(complete)}; later days are forecast")
    return notes


def _once(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    if not rows:
        return []
    spent = sum((row["spent"] or Decimal(0) for row in rows), Decimal(0))
    scheduled = sum((row["scheduled"] or Decimal(0) for row in rows), Decimal(0))
    if not spent and not scheduled:
        return []
    currency = str(rows[0]["currency"])
    text = (
        f"purchases, taxes, credits and corrections are not modelled: {numbers.money_total(spent, currency)} is in what is spent"
    )
    return [text + (f", {numbers.money_total(scheduled, currency)} is scheduled" if scheduled else "")]


def _closes(leaves: Sequence[Leaf], by: str | None, settings: Settings, months: int) -> list[MonthClose]:
    groups: dict[tuple[str | None, ...], list[int]] = {}
    for row, leaf in enumerate(leaves):
        named = (leaf.key[0],) if by is None else (leaf.key[0], leaf.key[OWNER.index(by)])
        groups.setdefault(named, []).append(row)
    return month_closes(leaves, groups, settings.as_of, months)


def _row(close: MonthClose, by: str | None, settings: Settings) -> Row:
    currency = str(close.group[0])
    scope = {by: str(close.group[1])} if by else {}
    budget = monthly_budget(settings.budgets, scope, currency)
    skill, error = close.record.skill, close.record.error
    return {
        "period": close.period,
        **({by: close.group[1]} if by else {}),
        "currency": currency,
        "spent": close.spent,
        "expected": close.expected,
        "budget": budget,
        **close.quantiles,
        "over_budget_probability": None if budget is None else close.probability_above(budget),
        "method": close.method,
        "confidence": close.confidence,
        "skill": None if skill is None else round(skill, 4),
        "error": None if error is None else round(error, 4),
        "coverage": None if close.record.coverage is None else round(close.record.coverage, 4),
        "windows": round(close.record.windows, 1),
        "days_known": close.days_known,
    }


def _by_size(row: Row) -> tuple[Any, ...]:
    return (row["period"], row["currency"], -row["expected"], *(str(row.get(name)) for name in DIMENSIONS))


def _warnings(rows: Sequence[Row], by: str | None) -> list[str]:
    notes = []
    short = [row for row in rows if row["days_known"] < FIRM_DAYS]
    if short:
        who = f"{len(short)} of {len(rows)} rows" if by else "the whole"
        notes.append(f"the history is too short for a firm interval ({who}): confidence is low under {FIRM_DAYS} complete days")
    if by:
        notes.append("expected values add up to the total; quantiles do not, each has its own interval")
    return notes


def _columns(by: str | None) -> list[Column]:
    wide = {"p2_5", "p25", "p75", "p97_5"}
    return [
        Column("period", "Month"),
        *([Column(by, by.capitalize())] if by else []),
        Column("currency", "Currency", wide_only=True),
        Column("spent", "Spent", "money", "spent"),
        Column("expected", "Expected", "money", "expected"),
        Column("budget", "Budget", "money", "budget"),
        *(Column(key, key.replace("_", "."), "money", "forecast", wide_only=key in wide) for key in QUANTILES),
        Column("over_budget_probability", "P(over budget)", "ratio", wide_only=True),
        Column("method", "Method", wide_only=True),
        Column("confidence", "Confidence"),
        Column("skill", "Skill", "ratio", "skill"),
        Column("error", "Back-test error", "ratio", wide_only=True),
        Column("coverage", "Back-test coverage of 80%", "ratio", wide_only=True),
        Column("windows", "Windows", "number", wide_only=True),
        Column("days_known", "Days known", "count", wide_only=True),
    ]
