"""One read-only statement in the user's own SQL, and the kinds of its columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb

from finops.errors import UsageError
from finops.ledger.connect import first_line, named

if TYPE_CHECKING:
    from finops.ledger.store import Reader


@dataclass(frozen=True)
class Answer:
    """Names, SQL types and rows."""

    names: list[str]
    types: list[str]
    rows: list[dict[str, Any]]


def ask(reader: Reader, sql: str) -> Answer:
    """Runs a single SELECT. Times with a zone come out as UTC; repeated column names get a number."""
    connection = reader.connection
    try:
        statements = connection.extract_statements(sql)
    except duckdb.Error as error:
        raise _refused(error) from error
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise UsageError(
            "one SELECT is what `query` takes: it only reads" if statements else "there is no statement to run",
            hint='finops query "SELECT contract, count(*) AS batches FROM batch GROUP BY contract"',
        )
    text = statements[0].query.strip().rstrip(";")
    try:
        described = connection.execute(f"DESCRIBE {text}").fetchall() if _describable(text) else []
        names = _distinct([row[0] for row in described])
        if any("TIME ZONE" in row[1] for row in described):
            renamed = ", ".join(f"c{i}" for i in range(len(names)))
            casts = ", ".join(
                f"CAST(c{i} AS TIMESTAMP) AS {named(name)}" if row[1] == "TIMESTAMP WITH TIME ZONE" else f"c{i} AS {named(name)}"
                for i, (name, row) in enumerate(zip(names, described, strict=True))
            )
            text = f"SELECT {casts} FROM ({text}) AS asked({renamed})"
        cursor = connection.execute(text)
        names = names or _distinct([column[0] for column in cursor.description])
        types = [row[1] for row in described] or [str(column[1]) for column in cursor.description]
        return Answer(names, types, [dict(zip(names, row, strict=True)) for row in cursor.fetchall()])
    except duckdb.Error as error:
        raise _refused(error) from error


def _describable(text: str) -> bool:
    return text.split(None, 1)[0].lower() in ("select", "with", "from", "values", "(")


def _distinct(names: list[str]) -> list[str]:
    seen: dict[str, int] = {}
    result = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return result


def _refused(error: duckdb.Error) -> UsageError:
    lines = [line for line in str(error).splitlines() if line.strip()]
    hint = next((line.strip() for line in lines if "Candidate" in line or "Did you mean" in line), None)
    return UsageError(
        f"the query does not work: {first_line(error)}", hint=hint or '`finops query "SHOW TABLES"` lists what there is'
    )
