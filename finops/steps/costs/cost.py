"""Where the money goes: cost by any grouping."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from finops.config import Overrides, Settings, load_settings
from finops.core.metrics import COST_METRICS
from finops.core.numbers import count, money_table, plain_decimal
from finops.core.periods import Period, chosen_period, month_period
from finops.core.result import Column, Result
from finops.core.talk import Talk
from finops.errors import UsageError
from finops.ledger.cube import METRICS, CubeQuestion, checked_dimensions, conversion_residue, cube_rows, cube_totals
from finops.ledger.store import Reader
from finops.steps.costs.unattributed import call_notes, nameless_cost_notes
from finops.steps.ingesting.calls_twice import twice_notes
from finops.steps.reading import read_ledger

Row = dict[str, Any]
UNTAGGED = "__untagged__"
OWNER = ("tenant", "agent", "workflow")
RESERVED = "name:__"
"""How an owner's name begins that would pass for the name of what has no owner."""


def cost(
    overrides: Overrides,
    *,
    by: Sequence[str] = ("agent",),
    metric: str = "effective",
    month: str | None = None,
    last: str | None = None,
    where: Mapping[str, str | None] | None = None,
    top: int = 0,
    compare_to: str | None = None,
    talk: Talk,
) -> Result:
    """Cost by the dimensions `by`, per currency and basis, with the total of each currency."""
    settings = load_settings(overrides)
    if metric not in METRICS:
        raise UsageError(f"there is no cost metric `{metric}`", where="--metric", hint="one of: " + ", ".join(METRICS))
    by = checked_dimensions(by)
    checked_dimensions(tuple(where or ()), "--where")
    period = chosen_period(month, last, settings.as_of)
    with read_ledger(settings) as reader:
        question = _question(settings, by, metric, period, where)
        rows = cube_rows(reader, question)
        totals = cube_totals(reader, question)
        notes = [*_notes(reader, rows, metric, talk), *_nameless_notes(reader, question, rows, period)]
        notes += [*twice_notes(reader, period), *_residue_notes(reader, settings, question)]
        if compare_to:
            rows = _compared(rows, cube_rows(reader, _question(settings, by, metric, month_period(compare_to), where)), by)
        meta = _meta(reader, settings, metric, period, compare_to)
    _add_shares(rows, dict(totals))
    if top and len(rows) > top:
        notes.append(f"{len(rows) - top:,} more rows are not shown; the totals hold them all")
        rows = rows[:top]
    return Result(
        _columns(by, metric, bool(compare_to)),
        rows,
        [{"currency": currency, "cost": amount, "metric": metric} for currency, amount in totals],
        meta,
        notes,
    )


def _question(
    settings: Settings, by: tuple[str, ...], metric: str, period: Period | None, where: Mapping[str, str | None] | None
) -> CubeQuestion:
    incurred = settings.view == "incurred"
    if period is None:
        return CubeQuestion(by, metric, incurred, where=where, currency=settings.currency)
    if period.is_month:
        return CubeQuestion(by, metric, incurred, month=period.first, where=where, currency=settings.currency)
    return CubeQuestion(by, metric, incurred, None, period.first, period.end, where, settings.currency)


def _columns(by: Sequence[str], metric: str, compared: bool) -> list[Column]:
    columns = [Column(name, name.replace("_", " ").capitalize()) for name in by]
    columns += [Column("currency", "Currency"), Column("basis", "Basis")]
    columns += [Column("cost", "Cost", "money", COST_METRICS[metric]), Column("share", "Share", "ratio", "cost_share")]
    if compared:
        columns += [Column("before", "Before", "money", COST_METRICS[metric])]
        columns += [Column("change", "Change", "money", COST_METRICS[metric])]
    return columns


def _add_shares(rows: Sequence[Row], totals: Mapping[str, Decimal | None]) -> None:
    for row in rows:
        total = totals.get(row["currency"])
        known = row["cost"] is not None and total
        row["share"] = round(row["cost"] / total, 9) if known else None


def _compared(rows: list[Row], before: list[Row], by: Sequence[str]) -> list[Row]:
    """Each row with what it was before; rows that are gone follow with a cost of nothing spent. Time itself is not compared."""
    keys = [name for name in by if name not in ("day", "month")] + ["currency", "basis"]
    earlier: dict[tuple[Any, ...], Decimal] = {}
    for row in before:
        key = tuple(row[k] for k in keys)
        earlier[key] = earlier.get(key, Decimal(0)) + (row["cost"] or 0)
    seen: set[tuple[Any, ...]] = set()
    for row in rows:
        key = tuple(row[k] for k in keys)
        row["before"] = None if key in seen else earlier.get(key)
        row["change"] = None if row["before"] is None or row["cost"] is None else row["cost"] - row["before"]
        seen.add(key)
    for key, amount in earlier.items():
        if key not in seen:
            rows.append(
                {
                    **dict.fromkeys(by),
                    **dict(zip(keys, key, strict=True)),
                    "cost": Decimal(0),
                    "before": amount,
                    "change": -amount,
                }
            )
    return rows


def _notes(reader: Reader, rows: Sequence[Row], metric: str, talk: Talk) -> list[str]:
    notes = []
    for currency in sorted({row["currency"] for row in rows}):
        own = [row for row in rows if row["currency"] == currency and row["cost"] is not None]
        estimated = sum((row["cost"] for row in own if row["basis"] == "estimated"), Decimal(0))
        if estimated:
            notes.append(f"{money_table(estimated, currency)} of it is estimated: no bill has come yet for these days")
    notes += _unknown_notes(reader, metric)
    taken = sorted({row[name] for row in rows for name in OWNER if str(row.get(name) or "").startswith(RESERVED)})
    notes += [
        f"`{name}` is how `{name.removeprefix('name:')}` is shown, which files give as an owner: names that begin with `__` are "
        "kept for what has no owner"
        for name in taken
    ]
    unpriced = reader.query("SELECT count(*) AS n FROM fct_call WHERE unpriced")[0]["n"]
    if unpriced:
        notes.append(f"{unpriced:,} calls have no known price; their cost is not in here unless a bill has it")
    unbuilt = reader.unbuilt()
    if unbuilt:
        talk.warn(f"{unbuilt:,} batches are not built yet: `finops build`")
    return notes


def _residue_notes(reader: Reader, settings: Settings, question: CubeQuestion) -> list[str]:
    if settings.reporting is None:
        return []
    residue = conversion_residue(reader, question)
    sign = f"{plain_decimal(abs(residue))} {settings.reporting} {'less' if residue > 0 else 'more'} than" if residue else "just"
    return [
        f"each amount is converted by itself and cut to the 12th decimal: together they are {sign} what the days' sums come to"
    ]


def _nameless_notes(reader: Reader, question: CubeQuestion, rows: Sequence[Row], period: Period | None) -> list[str]:
    """Of each dimension of which a part has no name: what put that part there, and how many calls are behind it."""
    lacking = [name for name in OWNER if name in question.by and any(row[name] == UNTAGGED for row in rows)]
    notes = [note for name in lacking for note in nameless_cost_notes(reader, question, name)]
    return notes + (call_notes(reader, lacking, period) if not question.where else [])


def _unknown_notes(reader: Reader, metric: str) -> list[str]:
    """What bills do not say: charges without the amount that was asked for are in no sum of it."""
    column = f"{metric.capitalize()}Cost"
    found = reader.query(
        f"""SELECT "BillingCurrency" AS currency, count(*) AS n, CAST(sum("BilledCost") AS DECIMAL(38, 12)) AS billed
        FROM charge WHERE "{column}" IS NULL GROUP BY 1 ORDER BY 1"""
    )
    return [
        f"{count(row['n'])} charges in the ledger have no {column} and are not in here; "
        f"{money_table(row['billed'], row['currency'])} was billed for them: `--metric billed`"
        for row in found
    ]


def _meta(reader: Reader, settings: Settings, metric: str, period: Period | None, compare_to: str | None) -> dict[str, Any]:
    prices = reader.query("SELECT max(p.as_of) AS as_of FROM price_token p JOIN price_month m ON m.batch = p.batch")
    return {
        "currency": settings.currency,
        "metric": metric,
        "as_of": settings.as_of,
        "period": period.label if period else None,
        "view": settings.view,
        "compare_to": compare_to,
        "prices_as_of": prices[0]["as_of"] if prices else None,
        "unbuilt": reader.unbuilt(),
    }
