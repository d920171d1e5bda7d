"""What a million tokens cost of models on capacity of one's own: by the GPU time in use, and by all that is reserved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from finops.core.units.economics import Unit, divided, unit_cost
from finops.ledger import unit_counts
from finops.ledger.store import Reader

Row = dict[str, Any]
Key = tuple[Any, ...]
_ZERO = Decimal(0)
_OWNER = ("tenant", "agent", "workflow")


def hosted_costs(reader: Reader, unit: Unit, by: Sequence[str], first: date, end: date, currency: str | None) -> list[Row]:
    """Rows by the names in `by`. In use: what the owner's GPU time cost. As reserved: the same with the idle time of the same
    place (service, region, instance type, rule) and month, in proportion to what each owner used of it. An owner's models share
    by tokens; capacity that nobody used at all is in no row."""
    used: dict[Key, Decimal] = defaultdict(Decimal)
    of_place: dict[Key, Decimal] = defaultdict(Decimal)
    idle: dict[Key, Decimal] = defaultdict(Decimal)
    for row in unit_counts.capacity_costs(reader, first, end, currency):
        place = (row["month"], row["place"], row["currency"])
        if row["agent"] == "__idle__":
            idle[place] += row["cost"]
        else:
            used[(*place, *(row[name] for name in _OWNER))] += row["cost"]
            of_place[place] += row["cost"]
    tokens: dict[Key, list[Row]] = defaultdict(list)
    for row in unit_counts.hosted_tokens(reader, first, end):
        tokens[(row["month"], *(row[name] for name in _OWNER))].append(row)
    sums: dict[Key, list[Decimal]] = defaultdict(lambda: [_ZERO, _ZERO])
    for key, cost in used.items():
        place, owner = key[:3], key[3:]
        whole = of_place[place]
        reserved = cost + (divided(idle[place] * cost, whole) if whole else _ZERO)
        models = tokens.get((place[0], *owner), [])
        total = sum((row["tokens"] for row in models), _ZERO)
        for row in models if total else ():
            own = sums[_named(row, by, place[2])]
            own[0] += divided(cost * row["tokens"], total)
            own[1] += divided(reserved * row["tokens"], total)
    made: dict[Key, Decimal] = defaultdict(Decimal)
    for rows in tokens.values():
        for row in rows:
            made[_named(row, by, None)[:-1]] += row["tokens"]
    return [_row(unit, by, key, (used_cost, whole), made[key[:-1]]) for key, (used_cost, whole) in sums.items()]


def _named(row: Row, by: Sequence[str], currency: str | None) -> Key:
    return (*(row[name] for name in by), currency)


def _row(unit: Unit, by: Sequence[str], key: Key, costs: tuple[Decimal, Decimal], tokens: Decimal) -> Row:
    used, reserved = costs
    per, reason = unit_cost(used, tokens, unit)
    whole, _ = unit_cost(reserved, tokens, unit)
    row = dict(zip((*by, "currency"), key, strict=True))
    row |= {"unit": unit.said, "cost": used, "units": tokens, "unit_cost": per, "reserved_cost": reserved}
    return row | {"reserved_unit_cost": whole, "used_share": round(used / reserved, 9) if reserved else None, "reason": reason}
