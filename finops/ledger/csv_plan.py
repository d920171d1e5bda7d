"""What each column of a contract is made of in a large CSV file, and so how often it has to be worked out.

Columns of a bill repeat a few texts: what is made of such columns alone is worked out once for each of their texts. An amount
that an expression only chooses, and never looks at, is read once by itself, however many columns it feeds. All else is worked out
row by row."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from finops.core.contracts import Contract, Field
from finops.ledger.connect import named
from finops.ledger.schema import sql_type

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from finops.ledger.handover import Scan

AMOUNTS = frozenset({"money", "quantity", "price"})
_LEAST_REPEATS = 4
"""Texts that come so many times on average are told once."""
_GIVEN = re.compile(r"""nullif\(CAST\(("(?:[^"]|"")+") AS VARCHAR\), ''\)""")
"""A text that is not empty: empty cells are null already."""


@dataclass(frozen=True)
class Made:
    """A column of the contract, the SQL text that makes it, and the file's own columns named there. `chosen` are those of them
    that are amounts: the result is one of them as it is, or says nothing of them."""

    field: Field
    sql: str
    own: tuple[str, ...]
    chosen: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """What decides on the result."""
        return tuple(name for name in self.own if name not in self.chosen)


@dataclass(frozen=True)
class Plan:
    """How the columns are made: `told` by the columns of which each text is told once, `chosen` by such columns from amounts,
    `taken` as they are, `by_row` by everything. `kinds` are the types in which the file's own columns are tokenised, `keys` those
    of repeated texts; `amounts` has the field whose type an amount takes. `plainly` are columns of the contract whose values
    hardly repeat."""

    told: Mapping[tuple[str, ...], tuple[Made, ...]]
    chosen: tuple[Made, ...]
    taken: tuple[Made, ...]
    by_row: tuple[Made, ...]
    kinds: Mapping[str, pa.DataType]
    keys: frozenset[str]
    amounts: Mapping[str, Field]
    plainly: frozenset[str]

    @property
    def made(self) -> dict[str, Made]:
        """Every column by its name."""
        every = [*(made for group in self.told.values() for made in group), *self.chosen, *self.taken, *self.by_row]
        return {made.field.name: made for made in every}


def planned(
    connection: duckdb.DuckDBPyConnection, contract: Contract, scan: Scan, texts: pa.Table, known: Mapping[str, str]
) -> Plan | None:
    """The plan by the first rows of a file, all as `texts`. `known` has the file's own columns by their lower-case names. None
    where the engine has to look at the rows itself."""
    fields = [field for field in contract.fields if field.name in scan.columns]
    if scan.where or any(field.required and field.name not in scan.columns for field in contract.fields):
        return None
    if any(field.kind == "float" for field in fields):
        return None
    import pyarrow.compute as pc

    sqls = {field.name: _GIVEN.sub(r"\1", scan.columns[field.name]) for field in fields}
    if not _all_texts(connection, texts.column_names, sqls):
        return None
    different = {name: pc.count_distinct(texts[name], mode="all").as_py() for name in texts.column_names}
    repeated = {name for name, count in different.items() if count * _LEAST_REPEATS < len(texts)}
    made = [_made(connection, field, sqls[field.name], known) for field in fields]
    return _sorted_by_work(made, repeated, _amount_fields(made), different)


def _all_texts(connection: duckdb.DuckDBPyConnection, header: Sequence[str], sqls: Mapping[str, str]) -> bool:
    """Whether the engine takes the expressions, and each of them gives text."""
    import duckdb

    columns = ", ".join(f"CAST(NULL AS VARCHAR) AS {named(name)}" for name in header)
    shown = ", ".join(f"({sql}) AS {named(name)}" for name, sql in sqls.items())
    try:
        described = connection.execute(f"SELECT column_type FROM (DESCRIBE SELECT {shown} FROM (SELECT {columns}))").fetchall()
    except duckdb.Error:
        return False
    return all(kind == "VARCHAR" for (kind,) in described)


def _made(connection: duckdb.DuckDBPyConnection, field: Field, sql: str, known: Mapping[str, str]) -> Made:
    spelled = re.findall(r'"((?:[^"]|"")+)"', re.sub(r"'(?:[^']|'')*'", "''", sql))
    own = tuple(dict.fromkeys(known[n.replace('""', '"').lower()] for n in spelled if n.replace('""', '"').lower() in known))
    if field.kind not in AMOUNTS:
        return Made(field, sql, own)
    tree = json.loads(connection.execute("SELECT json_serialize_sql($1)", [f"SELECT {sql}"]).fetchall()[0][0])
    if tree.get("error"):
        return Made(field, sql, own)
    looked_at, chosen = _roles(tree["statements"][0]["node"]["select_list"][0])
    free = {name.lower() for name in chosen} - {name.lower() for name in looked_at}
    return Made(field, sql, own, tuple(name for name in own if name.lower() in free))


def _roles(node: Mapping[str, Any]) -> tuple[set[str], set[str]]:
    """The columns that an expression looks at, and those that it may give as they are."""
    if node.get("class") == "COLUMN_REF":
        return set(), {node["column_names"][-1]}
    if node.get("class") != "CASE":
        return set(_columns(node)), set()
    looked_at, chosen = set[str](), set[str]()
    for check in node["case_checks"]:
        looked_at |= set(_columns(check["when_expr"]))
    for branch in (*(check["then_expr"] for check in node["case_checks"]), node["else_expr"]):
        more, given = _roles(branch)
        looked_at |= more
        chosen |= given
    return looked_at, chosen


def _columns(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for one in node:
            yield from _columns(one)
    elif isinstance(node, dict):
        if node.get("class") == "COLUMN_REF":
            yield node["column_names"][-1]
        for one in node.values():
            yield from _columns(one)


def _amount_fields(made: Sequence[Made]) -> dict[str, Field]:
    """By amount a field whose type it takes; none where it feeds columns of several types."""
    feeds: dict[str, list[Field]] = {}
    for one in made:
        for name in one.chosen:
            feeds.setdefault(name, []).append(one.field)
    return {name: fields[0] for name, fields in feeds.items() if len({sql_type(field) for field in fields}) == 1}


def _sorted_by_work(made: Sequence[Made], repeated: set[str], amounts: Mapping[str, Field], different: Mapping[str, int]) -> Plan:
    import pyarrow as pa

    told: dict[tuple[str, ...], list[Made]] = {}
    chosen, taken, by_row = [], [], []
    for one in made:
        if one.field.kind in AMOUNTS and one.chosen and {*one.chosen} <= amounts.keys() and repeated.issuperset(one.keys):
            chosen.append(one)
        elif repeated.issuperset(one.own):
            told.setdefault(one.own, []).append(one)
        elif one.field.kind == "text" and one.sql == named(one.own[0]):
            taken.append(one)
        else:
            by_row.append(one)
    used = {name for one in chosen for name in one.chosen}
    keys = {name for one in chosen for name in one.keys}.union(*told)
    varied = {name for name in keys if different[name] > 1}  # texts that are all the same are seen to be sooner
    kinds = {name: pa.dictionary(pa.int32(), pa.string()) if name in varied else pa.string() for name in different}
    needed = {name for one in made for name in one.own}
    hardly = [one.field.name for one in (*taken, *by_row, *(one for one in chosen if repeated.isdisjoint(one.chosen)))]
    return Plan(
        {own: tuple(group) for own, group in told.items()},
        tuple(chosen),
        tuple(taken),
        tuple(by_row),
        {name: kind for name, kind in kinds.items() if name in needed},
        frozenset(keys),
        {name: field for name, field in amounts.items() if name in used},
        frozenset(hardly),
    )
