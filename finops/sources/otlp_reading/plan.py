"""Where each figure stands in a span: worked out once per list of attribute names, since most spans of a file share a few."""

from __future__ import annotations

from typing import NamedTuple

from finops.core.attribution import looks_like_an_owner
from finops.core.contracts import CALL
from finops.core.tokens import Dialect
from finops.sources.otlp_reading.attributes import (
    BARE,
    BESIDE_CACHE,
    KEPT,
    KEPT_PREFIXES,
    MAX_KEY,
    MEANINGS,
    NEVER_KEPT,
    OWN_KIND,
    REQUEST_ID,
    Kind,
)

COLUMNS = CALL.names
"""The first slots of a row; figures that columns are computed from (their names open with `@`) follow."""

SLOTS: dict[str, int] = {
    name: slot for slot, name in enumerate((*COLUMNS, *(m.column for m in MEANINGS if m.column.startswith("@"))))
}

Place = tuple[int, int]
"""A slot of the row and the index of the attribute that fills it."""


class Plan(NamedTuple):
    """What to take from a span's attributes. Weaker names come before stronger ones, so the last value that is there wins.
    `usage` says whether any attribute feeds token counts, `dialect` what their input contains: by the conventions
    the cache, also for providers whose own figure is without it."""

    texts: tuple[Place, ...]
    counts: tuple[Place, ...]
    others: tuple[tuple[int, int, Kind], ...]
    kept: tuple[tuple[str, int], ...]
    usage: bool
    dialect: Dialect


class Plans:
    """The plan of each list of names, kept for the first few thousand of them. `more` names further attributes to keep."""

    def __init__(self, more: tuple[str, ...] = ()) -> None:
        self._kept = KEPT | frozenset(more)
        self._plans: dict[tuple[str, ...], Plan] = {}

    def plan(self, names: tuple[str, ...]) -> Plan:
        plan = self._plans.get(names)
        if plan is None:
            plan = self._new(names)
            if len(self._plans) < _MOST_PLANS:
                self._plans[names] = plan
        return plan

    def _new(self, names: tuple[str, ...]) -> Plan:
        index = {name: position for position, name in enumerate(names)}
        is_own_kind = OWN_KIND in index
        found = [
            (SLOTS[meaning.column], index[name], meaning.kind)
            for meaning in MEANINGS
            for name in reversed(meaning.names)
            if name in index and (name not in BARE or is_own_kind) and not (is_own_kind and name == "agent_id")
        ]
        given = next((name for name in _INPUT.names if name in index), None)
        kept = [(name, at) for name, at in index.items() if self._is_kept(name)]
        kept += [(REQUEST_ID, index["request_id"])] if is_own_kind and "request_id" in index else []
        return Plan(
            tuple((slot, at) for slot, at, kind in found if kind == "text"),
            tuple((slot, at) for slot, at, kind in found if kind == "count"),
            tuple(place for place in found if place[2] not in ("text", "count")),
            tuple(kept),
            any(slot in _USAGE for slot, _, _ in found),
            "excludes_cache" if given in BESIDE_CACHE and is_own_kind else "includes_cache",
        )

    def _is_kept(self, name: str) -> bool:
        if name in self._kept:
            return len(name) <= MAX_KEY
        if len(name) > MAX_KEY or not (name.startswith(KEPT_PREFIXES) or looks_like_an_owner(name)):
            return False
        low = name.lower()
        return not any(word in low for word in NEVER_KEPT)


_MOST_PLANS = 4096
_INPUT = next(meaning for meaning in MEANINGS if meaning.column == "@input")
_USAGE = frozenset(SLOTS[meaning.column] for meaning in MEANINGS if meaning.kind == "count" and meaning.column.startswith("@"))
