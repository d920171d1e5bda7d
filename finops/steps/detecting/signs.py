"""Loops, identical prompts and failing calls as incidents, one with what statistics say of the same agent and days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from finops.core.detecting.incidents import EXPLAINS
from finops.core.detecting.signatures import Kind, Sign, signs
from finops.core.numbers import count
from finops.core.units.waste import priced_calls
from finops.ledger.store import Reader

Row = dict[str, Any]
BEFORE_D = 28
"""What has gone on for so long did not begin now."""
FLOOR_OF_SIGNS = Decimal("0.1")
"""The part of the floor from which signs are told: no chance raises them."""
_RANK: Mapping[Kind, int] = {"loop": 0, "copies": 1, "errors": 2}
_SAID: Mapping[Kind, str] = {
    "loop": "{calls} needless calls",
    "copies": "{calls} of {among} calls repeat a prompt",
    "errors": "{calls} of {among} calls failed",
}


def with_signs(
    reader: Reader, rows: Sequence[Row], floors: Mapping[str, float], *, since: date, until: date, currency: str | None
) -> list[Row]:
    """The incidents and those that show without statistics, from `since` up to `until`. Of one agent and overlapping days there
    is one incident: it keeps its driver and probability, takes the sign's class and days, and its cost where that is more. A sign
    of which the cost is known and below a tenth of its currency's floor is not told.
    """
    window = {"first": since - timedelta(days=BEFORE_D), "end": until + timedelta(days=1)}
    needless = priced_calls(
        reader.read("waste_calls", **window, by_outcome=False, by_call=False),
        reader.read("call_rates", **window),
        reader.read("waste_cache", **window),
    )
    told = [row for row in needless if currency is None or row["currency"] in (None, currency)]
    found = signs(told, reader.read("anomaly_calls", **window), until)
    kept = list(rows)
    taken: list[Sign] = []
    for sign in sorted(found, key=lambda one: (_RANK[one.kind], one.opened, one.agent)):
        floor = Decimal(repr(floors.get(sign.currency or "", 0.0))) * FLOOR_OF_SIGNS
        dear = sign.cost is None or sign.cost >= floor
        if sign.opened >= since and dear and not any(_same(sign, other) for other in taken):
            taken.append(sign)
            kept = _merged(kept, sign)
    return kept


def _same(one: Sign, other: Sign) -> bool:
    return one.agent == other.agent and one.opened <= other.last and other.opened <= one.last


def _merged(rows: Sequence[Row], sign: Sign) -> list[Row]:
    """The rows with the sign as one of them: in the place of those that speak of the same agent and days."""
    same = [row for row in rows if _covers(row, sign)]
    whole = max(same, key=lambda row: row["excess"] or Decimal(0), default=None)
    return [row for row in rows if not any(row is other for other in same)] + [_row(sign, whole)]


def _covers(row: Row, sign: Sign) -> bool:
    closed = row["closed"] or date.max
    if row["opened"] > sign.last or sign.opened > closed:
        return False
    if f"agent={sign.agent}" in row["path"].split(" / "):
        return True
    of_tenant = row["path"] in ("everything", f"tenant={sign.tenant}")
    return of_tenant and sign.cost is not None and float(sign.cost) >= EXPLAINS * float(row["excess"])


def _row(sign: Sign, whole: Row | None) -> Row:
    path = f"tenant={sign.tenant} / agent={sign.agent}" if sign.tenant else f"agent={sign.agent}"
    said = _SAID[sign.kind].format(calls=count(sign.calls), among=count(sign.among))
    own: Row = {
        **{"opened": sign.opened, "closed": sign.closed, "path": path, "class": sign.kind, "currency": sign.currency},
        "status": "resolved" if sign.closed else "grown" if sign.newest and sign.last > sign.opened else "open",
        **{"excess": sign.cost, "expected": None, "p_value": None, "cause": said, "driver": None, "offset": None},
    }
    if whole is None:
        return own
    more = max((amount for amount in (sign.cost, whole["excess"]) if amount is not None), default=None)
    path = whole["path"] if f"agent={sign.agent}" in whole["path"] else path
    opened = min(sign.opened, whole["opened"])
    return {**whole, **own, "opened": opened, "path": path, "excess": more} | {
        name: whole[name] for name in ("currency", "expected", "p_value", "driver", "offset")
    }
