"""Cost per unit of a company's own, such as a document: counted by what spans say, or by so many in each run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from finops.config import Settings
from finops.core.settings import WorkUnit
from finops.core.units.economics import Unit, unit_cost
from finops.ledger import unit_counts
from finops.ledger.store import Reader

Row = dict[str, Any]
_ZERO = Decimal(0)


def work_costs(reader: Reader, settings: Settings, unit: Unit, by: Sequence[str], first: date, end: date) -> list[Row]:
    """Rows of owners: their effective cost (of the workflows that make the unit, where it names some), over the units. An owner
    that made none has its reason, not a cost per unit of 0."""
    entries = [one for one in settings.units if one.name == unit.name]
    wide = (*by, *(() if "workflow" in by else ("workflow",)))
    made: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    for entry in entries:
        for row in _counted(reader, entry, wide, first, end):
            if row["units"] and entry.workflow in (None, row["workflow"]):
                made[tuple(row[name] for name in by)] += row["units"]
    workflows = None if any(one.workflow is None for one in entries) else {one.workflow for one in entries}
    costs: dict[tuple[Any, ...], Decimal | None] = {}
    for row in unit_counts.costs(reader, wide, first, end, settings.currency):
        if workflows is None or row["workflow"] in workflows:
            key = (*(row[name] for name in by), row["currency"])
            before = costs.get(key)
            costs[key] = row["cost"] if before is None else before + (row["cost"] or _ZERO)
    rows = []
    for key, cost in costs.items():
        units = made.get(key[:-1])
        per, reason = unit_cost(cost, units, unit)
        row = dict(zip((*by, "currency"), key, strict=True))
        rows.append(row | {"unit": unit.said, "cost": cost, "units": units, "unit_cost": per, "reason": reason})
    return rows


def _counted(reader: Reader, entry: WorkUnit, by: Sequence[str], first: date, end: date) -> list[Row]:
    start, stop = max(first, entry.from_ or first), min(end, entry.to or end)
    if start >= stop:
        return []
    if entry.attribute is not None:
        return unit_counts.told_by_spans(reader, by, entry.attribute, start, stop)
    each = entry.per_run or _ZERO
    return [{**row, "units": row["runs"] * each} for row in unit_counts.runs(reader, by, start, stop)]
