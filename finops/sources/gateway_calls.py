"""One logged request of a gateway becomes one row of the contract `call`: by a table of names, and what all gateways share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from finops.core.tokens import Dialect, Usage, disjoint
from finops.sources.entry_values import Entry, amount, count, text, time
from finops.sources.otlp_reading.attributes import AGENT_NAMES, SESSION_NAMES, TENANT_NAMES, WORKFLOW_NAMES

Row = dict[str, Any]

EMBEDDING_WORDS, RETRIEVAL_WORDS = ("embed",), ("rerank", "search")
MOST_MS = 10**10


@dataclass(frozen=True)
class Names:
    """Which names of an export feed which column: the first that has a value wins. `usage` names the fields of `Usage`.
    Names are columns, or paths through objects. `lasting` and `until_first` name milliseconds counted from the start."""

    texts: Mapping[str, tuple[str, ...]]
    times: Mapping[str, tuple[str, ...]]
    usage: Mapping[str, tuple[str, ...]]
    cost: tuple[str, ...]
    lasting: tuple[str, ...] = ()
    until_first: tuple[str, ...] = ()
    dialect: Dialect = "includes_cache"
    currency: str = "USD"


def call_row(entry: Entry, names: Names) -> Row:
    """The columns that the table of names feeds; raises Unreadable where a value is not what it should be."""
    row: Row = {column: text(entry, *given) for column, given in names.texts.items()}
    row |= {column: time(entry, *given) for column, given in names.times.items()}
    start = row["start_time"]
    for column, given in (("end_time", names.lasting), ("first_token_time", names.until_first)):
        after = amount(entry, *given) if given else None
        if start is not None and row.get(column) is None and after is not None and 0 <= float(after) < MOST_MS:
            row[column] = start + timedelta(microseconds=round(float(after) * 1000))
    row |= tokens(Usage(**{part: count(entry, *given) for part, given in names.usage.items()}), names.dialect)
    row["reported_cost"] = amount(entry, *names.cost)
    row["reported_currency"] = names.currency if row["reported_cost"] is not None else None
    return row


def tokens(usage: Usage, dialect: Dialect) -> Row:
    """The usage in the contract's disjoint classes."""
    return disjoint(usage, dialect)._asdict()


def without_tokens(row: Row) -> Row:
    """A request that the gateway answered from its own cache: no provider saw it, so there is nothing to price."""
    return {**row, **tokens(Usage(), "includes_cache")}


def operation_of(kind: str | None, *, has_tokens: bool = True) -> str:
    """The operation that a call type, a path or a model's name stands for."""
    low = (kind or "").lower()
    if any(word in low for word in EMBEDDING_WORDS):
        return "embeddings"
    if any(word in low for word in RETRIEVAL_WORDS):
        return "retrieval"
    return "inference" if has_tokens else "other"


def owners(metadata: Mapping[str, Any]) -> Row:
    """Tenant, agent, workflow and session that free metadata names; names are compared without regard to case."""
    given = {name.lower(): value for name, value in metadata.items()}
    return {column: text(given, *names) for column, names in _OWNERS.items()}


_OWNERS = {
    "tenant": (*TENANT_NAMES, "tenant_id", "customer", "customer_id"),
    "agent": (*AGENT_NAMES, "agent", "agent_name"),
    "workflow": (*WORKFLOW_NAMES, "workflow", "helicone-session-name"),
    "session": (*SESSION_NAMES, "session", "helicone-session-id"),
}
