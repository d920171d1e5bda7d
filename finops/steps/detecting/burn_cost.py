"""What a burn cost at list price: its failed or slow calls, or what was spent above the budget's share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from finops.config import Settings
from finops.core.detecting.burn import Burn
from finops.ledger.store import Reader

Row = dict[str, Any]
LEVELS = ("workflow", "agent", "route")
_FINE = Decimal("1E-12")


def cost_above(share: Decimal, calls: Sequence[Row], one: Burn) -> Row:
    """What the calls of a burn cost above `share`, which the budget has for each of its hours; unknown where none has a cost."""
    begun = _begun(one)
    during = [row["cost"] for row in calls if row["cost"] is not None and begun <= row["hour"] <= one.last]
    above = (sum(during, Decimal(0)) - share * (one.last - begun + 1)).quantize(_FINE) if during else None
    return {"cost": above, "runs_cost": None}


def cost_of_bad_calls(
    reader: Reader, settings: Settings, asked: Mapping[str, Any], kind: str, part: Sequence[str], first: date, one: Burn
) -> Row:
    """What the failed or slow calls of a burn cost in one part of the scope that is `asked` for, and the runs they happened in;
    unknown where they cost in several currencies and none is wanted."""
    names = dict(name.split("=", 1) for name in part)
    rows = reader.read(
        "burn_cost",
        **asked,
        **{f"part_{level}": names.get(level) for level in LEVELS},
        kind=kind,
        first=first,
        end=settings.as_of + timedelta(days=1),
        from_hour=_begun(one),
        last_hour=one.last,
    )
    rows = [row for row in rows if settings.currency in (None, row["currency"])]
    if len(rows) != 1:
        return {"cost": None, "runs_cost": None}
    return {name: rows[0][name] for name in ("currency", "cost", "runs_cost")}


def _begun(one: Burn) -> int:
    """The first hour of the window that a burn was first seen in."""
    return max(one.opened - one.window_h + 1, 0)
