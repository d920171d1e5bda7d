"""What a month was placed by: rules, owners and names, as one document that can be kept and put in force again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from decimal import Decimal
from typing import Any

from finops.core.rule_checks import named_rules
from finops.core.settings import AccountMap, Counting, Identity, LayerRule, Rule, Workflow
from finops.ledger.engine.compiling import Allocation, write_tables
from finops.ledger.engine.database import Database, Readable, literal
from finops.ledger.engine.pricing import EXCHANGE_COLUMNS, HOUR_COLUMNS
from finops.ledger.engine.shared_exchange import SHARED_COLUMNS

NAME_TABLES: Mapping[str, tuple[tuple[str, ...], int]] = {
    "provider_alias": (("alias", "provider"), 0),
    "model_alias": (("provider_raw", "model_raw", "provider", "model"), 2),
    "price_instance": (HOUR_COLUMNS, 5),
    "price_exchange": (EXCHANGE_COLUMNS, 3),
    "shared_exchange": (SHARED_COLUMNS, 3),
}
"""Table to its columns and how many of them are its key; 0: it is complete as it is, names that come later are not added."""

_DATED: Mapping[str, int] = {"price_instance": 4, "price_exchange": 0, "shared_exchange": 0}
"""Of tables whose rows are each of a day, which column says it: a month keeps those of its own days."""

Rows = tuple[tuple[str | None, ...], ...]
Span = tuple[date | None, date | None]


@dataclass(frozen=True)
class Configuration:
    """Rules and owners, and the rows of each table of names and hourly prices, as text."""

    allocation: Allocation
    names: Mapping[str, Rows]

    @property
    def document(self) -> str:
        """The same text for the same configuration."""
        return json.dumps({"allocation": json.loads(allocation_document(self.allocation)), "names": self.names}, sort_keys=True)

    @property
    def key(self) -> str:
        """A short name of the document."""
        return hashlib.sha256(self.document.encode()).hexdigest()[:32]

    def completed(self, today: Configuration, month: date) -> Configuration:
        """What the month goes by: with the names that turned up since, as they are read today, and other months' hourly prices
        and exchange rates as they are today."""
        names = {}
        for table, (_, keys) in NAME_TABLES.items():
            kept = self.names.get(table, ())
            if table in _DATED:
                kept = tuple(row for row in kept if str(row[_DATED[table]])[:7] == f"{month:%Y-%m}")
            known = {row[:keys] for row in kept}
            if table == "shared_exchange":  # nothing that turns up later moves what is shared in a closed month
                own = f"{month:%Y-%m}"
                known = {row[:keys] for row in today.names[table] if str(row[0])[:7] == own} | known
            if table == "price_instance":  # one place's prices in a month belong together
                held = {row[:4] for row in kept}
                known |= {row[:keys] for row in today.names[table] if row[:4] in held and str(row[4])[:7] == f"{month:%Y-%m}"}
            names[table] = tuple(sorted([*kept, *(row for row in today.names[table] if row[:keys] not in known)], key=repr))
        return Configuration(self.allocation, names)


def in_force(database: Readable, allocation: Allocation) -> Configuration:
    """The allocation with the names and hourly prices that the ledger holds now."""
    names = {}
    for table, (columns, _) in NAME_TABLES.items():
        texts = ", ".join(f"CAST({column} AS VARCHAR) AS {column}" for column in columns)
        names[table] = tuple(sorted((tuple(row.values()) for row in database.query(f"SELECT {texts} FROM {table}")), key=repr))
    return Configuration(allocation, names)


def put_in_force(database: Database, configuration: Configuration) -> None:
    """Writes the tables that models read."""
    for table, (columns, _) in NAME_TABLES.items():
        database.execute(f"DELETE FROM {table}")
        lines = [f"({', '.join(map(literal, row))})" for row in configuration.names[table]]
        for start in range(0, len(lines), 1000):
            database.execute(f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join(lines[start : start + 1000])}")
    write_tables(database, configuration.allocation)


def allocation_document(allocation: Allocation) -> str:
    """The rules and owners as JSON; where they stand in the file does not matter, and the zone is no part of them."""
    parts = asdict(_placeless(allocation))
    del parts["zone"]
    return json.dumps(parts, sort_keys=True, default=_plain)


def configuration_of(document: str) -> Configuration:
    """The configuration that a document holds."""
    read = json.loads(document)
    names = {table: tuple(tuple(row) for row in rows) for table, rows in read["names"].items()}
    return Configuration(allocation_of_document(json.dumps(read["allocation"])), names)


def allocation_of_document(document: str) -> Allocation:
    """The allocation that a document holds."""
    read = json.loads(document)
    return Allocation(
        Identity(**{name: tuple(items) for name, items in read["identity"].items()}),
        tuple(_read(AccountMap, entry) for entry in read["maps"]),
        tuple(_read(Rule, entry) for entry in read["rules"]),
        tuple(_read(Workflow, entry) for entry in read["workflows"]),
        counting=tuple(_read(Counting, entry) for entry in read.get("counting", ())),
        layers=tuple(_read(LayerRule, entry) for entry in read.get("layers", ())),
    )


def dates_of_change(before: Allocation, after: Allocation) -> list[Span] | None:
    """From when to when the two place cost differently; None where that is not bound to dates."""
    before, after = _placeless(before), _placeless(after)
    if (before.identity, before.workflows) != (after.identity, after.workflows):
        return None
    spans: list[Span] = []
    sides: Sequence[tuple[Sequence[Any], Sequence[Any]]] = (
        (named_rules(before.rules), named_rules(after.rules)),
        ([("", entry) for entry in before.maps], [("", entry) for entry in after.maps]),
        ([("", entry) for entry in before.counting], [("", entry) for entry in after.counting]),
        ([("", entry) for entry in before.layers], [("", entry) for entry in after.layers]),
    )
    for old, new in sides:
        if [entry for entry in old if entry in new] != [entry for entry in new if entry in old]:
            return None
        changed = [entry for entry in old if entry not in new] + [entry for entry in new if entry not in old]
        spans += [(entry.from_, entry.to) for _, entry in changed]
    return spans


def within(day: date, spans: Iterable[Span]) -> bool:
    """Whether the day's month has a day in one of the spans."""
    month = (day.year, day.month)
    return any(
        (first is None or month >= (first.year, first.month)) and (end is None or month <= (end.year, end.month))
        for first, end in spans
    )


def _placeless(allocation: Allocation) -> Allocation:
    return Allocation(
        allocation.identity,
        tuple(replace(entry, line=0) for entry in allocation.maps),
        tuple(replace(entry, line=0) for entry in allocation.rules),
        tuple(replace(entry, line=0) for entry in allocation.workflows),
        counting=tuple(replace(entry, line=0) for entry in allocation.counting),
        layers=tuple(replace(entry, line=0) for entry in allocation.layers),
    )


def _read(kind: Callable[..., Any], entry: Mapping[str, Any]) -> Any:
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: _typed(name, value) for name, value in entry.items() if name in known})


def _typed(name: str, value: Any) -> Any:
    if name in ("from_", "to"):
        return None if value is None else date.fromisoformat(value)
    if name == "tolerance":
        return Decimal(value)
    return tuple(value) if name in ("join", "evaluators") else value


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else str(value)
