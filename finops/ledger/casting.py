"""The one place where text becomes a typed value: SQL expressions, and the reasons why a text would not do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import duckdb

from finops.core.contracts import Field, Kind
from finops.ledger.connect import named, quoted
from finops.ledger.schema import SQL_TYPES

_DECIMAL = re.compile(r"DECIMAL\((\d+), ?(\d+)\)")
_DECIMALS: frozenset[Kind] = frozenset({"money", "quantity", "price"})
_WHOLE_TYPES = frozenset(
    {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"}
)

_MACROS = Path(__file__).parent / "sql" / "casting.sql"
_REPEATED_KEY = """SELECT TRY_CAST(CAST('{"a": 1, "a": 2}' AS JSON) AS MAP(VARCHAR, VARCHAR)) IS NULL"""


def define_casts(connection: duckdb.DuckDBPyConnection) -> None:
    """Makes the macros of `sql/casting.sql`. DuckDB 2 refuses to cast an object with a repeated key, which spares a check."""
    connection.execute(_MACROS.read_text(encoding="utf-8"))
    try:
        refuses = connection.execute(_REPEATED_KEY).fetchall()[0][0]
    except duckdb.Error:
        refuses = False
    if refuses:
        connection.execute("CREATE OR REPLACE TEMP MACRO finops_repeats(j) AS false")


@dataclass(frozen=True)
class Cast:
    """How one column of a contract is made from the raw expression `raw` of SQL type `raw_type`.

    `value` is null where `given` says nothing or can't be read."""

    field: Field
    raw_type: str

    @property
    def given(self) -> str:
        """The raw text; where text is wanted, with the null words taken out. No other kind reads them as a value."""
        raw = named(self.field.name)
        return f"finops_text({raw})" if self.raw_type == "VARCHAR" and self.field.kind == "text" else raw

    @property
    def value(self) -> str:
        """The typed value, over the column that holds `given`."""
        given, kind, target = named(self.field.name), self.field.kind, SQL_TYPES[self.field.kind]
        if self.raw_type == target:
            return f"CASE WHEN isfinite({given}) THEN {given} END" if kind in ("float", "time") else given
        if kind == "text":
            return f"CAST({given} AS VARCHAR)"
        if kind in _DECIMALS:
            if _fits(self.raw_type, target):
                return f"CAST({given} AS {target})"
            if is_exact(self.raw_type):
                return f"TRY_CAST({given} AS {target})"
            return f"TRY_CAST(finops_digits({self._text}) AS {target})"
        if kind == "time":
            return _instant(given, self.raw_type) if _is_time(self.raw_type) else f"finops_time({self._text})"
        if kind == "map":
            return f"finops_map({self._text})"
        if kind == "int" and self.raw_type in _WHOLE_TYPES:
            return f"TRY_CAST({given} AS BIGINT)"
        return f"finops_{kind}({self._text})"

    @property
    def needs_reading(self) -> bool:
        """Whether the value is anything but what the file holds."""
        return self.raw_type not in (SQL_TYPES[self.field.kind], '"NULL"')

    @property
    def fault(self) -> str | None:
        """The condition under which the row is rejected for this column; None where it can't be."""
        value, given = named(value_name(self.field)), named(self.field.name)
        if self.field.required:
            return f"{value} IS NULL"
        if self.field.kind in ("text", "map") or self.raw_type == '"NULL"' or self._can_not_fail:
            return None
        return f"{value} IS NULL AND {given} IS NOT NULL AND {self.is_given}"

    @property
    def is_given(self) -> str:
        """The condition that the source says something, for rows without a value: it is dear to ask of all."""
        return f"finops_text({named(self.field.name)}) IS NOT NULL" if self.raw_type == "VARCHAR" else "true"

    @property
    def shown(self) -> str:
        """The raw text for the reject table."""
        raw = named(self.field.name)
        return f"finops_text({raw})" if self.raw_type == "VARCHAR" else f"CAST({raw} AS VARCHAR)"

    @property
    def _can_not_fail(self) -> bool:
        target, kind = SQL_TYPES[self.field.kind], self.field.kind
        return (self.raw_type == target and kind not in ("float", "time")) or (kind in _DECIMALS and _fits(self.raw_type, target))

    @property
    def _text(self) -> str:
        if self.raw_type == "VARCHAR":
            return named(self.field.name)
        if self.field.kind == "map":
            return f"CAST(to_json({named(self.field.name)}) AS VARCHAR)"
        return f"CAST({named(self.field.name)} AS VARCHAR)"


def value_name(field: Field) -> str:
    """The inner column that holds the typed value."""
    return f"value:{field.name}"


def reason_sql(fields: tuple[Field, ...], column: str, text: str) -> str:
    """Why a row was rejected, in words, from the column's name and its text."""
    words = {
        "money": f"an amount that does not fit {SQL_TYPES['money']}",
        "quantity": f"a quantity that does not fit {SQL_TYPES['quantity']}",
        "price": f"a price that does not fit {SQL_TYPES['price']}",
    }
    cases = [f"WHEN {text} IS NULL THEN 'missing'"]
    for kind, said in words.items():
        names = _names(fields, {kind})
        if names:
            cases.append(f"WHEN {column} IN ({names}) AND finops_number({text}) IS NOT NULL THEN {quoted(said)}")
    for kinds, said in (({"money", "quantity", "price", "float"}, "not a plain number"), ({"int"}, "not a whole number")):
        if names := _names(fields, kinds):
            cases.append(f"WHEN {column} IN ({names}) THEN {quoted(said)}")
    for kind, said in (("time", "not a time such as 2026-11-20T00:00:00Z"), ("bool", "neither true nor false")):
        if names := _names(fields, {kind}):
            cases.append(f"WHEN {column} IN ({names}) THEN {quoted(said)}")
    return f"CASE {' '.join(cases)} ELSE 'not readable' END"


def _names(fields: tuple[Field, ...], kinds: set[str]) -> str:
    return ", ".join(quoted(field.name) for field in fields if field.kind in kinds)


def is_exact(raw_type: str) -> bool:
    """True for a SQL type that holds amounts digit for digit."""
    return raw_type.startswith("DECIMAL") or raw_type in _WHOLE_TYPES


def _fits(raw_type: str, target: str) -> bool:
    """True where every value of one DECIMAL type is exactly a value of the other."""
    raw, stored = _DECIMAL.fullmatch(raw_type), _DECIMAL.fullmatch(target)
    if not raw or not stored:
        return False
    return int(raw[2]) <= int(stored[2]) and int(raw[1]) - int(raw[2]) <= int(stored[1]) - int(stored[2])


def _is_time(raw_type: str) -> bool:
    return raw_type.startswith("TIMESTAMP") or raw_type == "DATE"


def _instant(given: str, raw_type: str) -> str:
    """A typed time as UTC. DuckDB turns a zoned time of nanoseconds into nothing, unless it takes this way round."""
    zoned = "TZ" in raw_type or "ZONE" in raw_type
    return f"TRY_CAST(TRY_CAST({given} AS TIMESTAMPTZ) AS TIMESTAMP)" if zoned else f"TRY_CAST({given} AS TIMESTAMP)"
