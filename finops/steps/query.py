"""The user's own SQL on the ledger, read-only; or a contract or table in its canonical form."""

from __future__ import annotations

from collections.abc import Sequence

from finops.config import Overrides, load_settings
from finops.core.result import Column, Kind, Result
from finops.core.talk import Talk
from finops.ledger.ask import ask
from finops.ledger.canonical import canonical_rows
from finops.ledger.store import open_reader


def query(overrides: Overrides, sql: str, *, canonical: bool = False, talk: Talk) -> Result:
    """The rows of one SELECT; with `canonical`, `sql` names a contract or table: every column but the lineage, sorted."""
    settings = load_settings(overrides)
    with open_reader(settings.ledger, memory=settings.memory, threads=settings.threads) as reader:
        unbuilt = reader.unbuilt()
        if unbuilt:
            talk.warn(f"{unbuilt:,} batches are not in the models yet: `finops build`")
        meta = {"as_of": settings.as_of, "unbuilt": unbuilt}
        if canonical:
            names, rows = canonical_rows(reader, sql)
            return Result(_columns(names, [""] * len(names)), rows, meta=meta)
        answer = ask(reader, sql)
        return Result(_columns(answer.names, answer.types), answer.rows, meta=meta)


def _columns(names: Sequence[str], types: Sequence[str]) -> list[Column]:
    return [Column(name, name, _kind(sql_type)) for name, sql_type in zip(names, types, strict=True)]


def _kind(sql_type: str) -> Kind:
    """How a value of the SQL type looks. Decimals keep every digit, whole numbers their plain form."""
    if sql_type == "DATE":
        return "date"
    if sql_type.startswith("TIMESTAMP"):
        return "time"
    return "bool" if sql_type == "BOOLEAN" else "list" if sql_type.endswith("]") else "text"
