"""The SELECT that types raw rows and names what is at fault: every column of a charge is looked at once, in one statement."""

from __future__ import annotations

from finops.core.contracts import Contract
from finops.errors import DataError
from finops.ledger.casting import Cast, value_name
from finops.ledger.connect import named, quoted
from finops.ledger.parts import NARROW
from finops.ledger.repeated_maps import joined
from finops.ledger.scan import Raw
from finops.ledger.schema import sql_type
from finops.ledger.totals import sums_exactly, unsaid

TEXT_SHOWN = 200
"""So many characters of an unreadable text are kept."""

_ALIKE = {"EffectiveCost": "BilledCost", "ListCost": "BilledCost", "ContractedCost": "BilledCost"} | {
    "ConsumedQuantity": "PricingQuantity"
}
"""Columns that mostly say what another one says: where the texts are the same, so are the values."""


def marked_sql(contract: Contract, raw: Raw, lineage: tuple[int, int], where: str) -> str:
    """The raw rows with every column typed, and with the first column at fault named. Columns that the file does not feed are
    left out where parts of the contract may lack them."""
    casts = [Cast(field, raw.types[field.name]) for field in contract.fields if field.name in raw.types]
    known = {*raw.types, *raw.maps}
    lacking = [f.name for f in contract.fields if f.required and f.name not in known]
    if lacking:
        raise DataError(f"the file has no column for {', '.join(lacking)}", where=where, hint="export it with that column")
    columns = ", ".join(
        f"{named(value_name(f)) if f.name in known else f'CAST(NULL AS {sql_type(f)})'} AS {named(f.name)}"
        for f in contract.fields
        if f.name in known or contract.name not in NARROW
    )
    at_fault = [(fault, cast) for cast in casts if (fault := cast.fault)]
    which = _case([(fault, quoted(cast.field.name)) for fault, cast in at_fault])
    shown = _case([(f"fault_column = {quoted(c.field.name)}", f"left({c.shown}, {TEXT_SHOWN})") for _, c in at_fault])
    maps = [
        f"{named(value_name(c.field))} IS NULL AND {named(c.field.name)} IS NOT NULL AND {c.is_given}"
        for c in casts
        if c.field.kind == "map"
    ]
    maps += [f"{named(known_map.unread)} IS TRUE" for known_map in raw.maps.values()]
    kept = contract.name == "charge" and not exact_amounts(contract, raw)
    billed = unsaid("BilledCost", raw.types["BilledCost"]) if kept else "CAST(NULL AS VARCHAR)"
    return (
        f"SELECT {columns}, CAST({lineage[0]} AS BIGINT) AS batch_id, CAST(part_row + {lineage[1]} AS BIGINT) AS part_row,"
        f" fault_column, CASE WHEN fault_column IS NOT NULL THEN {shown} END AS fault_text,"
        f" {' OR '.join(maps) or 'false'} AS fault_map, {billed} AS billed_text"
        f" FROM (SELECT *, {which} AS fault_column FROM ({_valued(casts, raw)}))"
    )


def exact_amounts(contract: Contract, raw: Raw) -> bool:
    """Whether the file's own amounts can be added up as they are."""
    return contract.name == "charge" and raw.numbered and sums_exactly(raw.types.get("BilledCost", ""))


def _valued(casts: list[Cast], raw: Raw) -> str:
    """The raw rows with the value of each column beside its text."""
    kinds = {cast.field.name: cast.raw_type for cast in casts}
    alike = {n: other for n, other in _ALIKE.items() if kinds.get(n) == "VARCHAR" == kinds.get(other)}
    given = ["part_row", *(f"{cast.given} AS {named(cast.field.name)}" for cast in casts)]
    given += [named(key) for known in raw.maps.values() for key in known.keys]
    first = [f"{c.value} AS {named(value_name(c.field))}" for c in casts if c.field.name not in alike]
    then = [
        f"CASE WHEN {named(c.field.name)} = {named(alike[c.field.name])} THEN {named('value:' + alike[c.field.name])}"
        f" ELSE {c.value} END AS {named(value_name(c.field))}"
        for c in casts
        if c.field.name in alike
    ]
    rows = joined(f"SELECT *, {', '.join(first)} FROM (SELECT {', '.join(given)} FROM ({raw.sql}))", raw.maps)
    return f"SELECT *, {', '.join(then)} FROM ({rows})" if then else rows


def _case(branches: list[tuple[str, str]]) -> str:
    if not branches:
        return "CAST(NULL AS VARCHAR)"
    return f"CASE {' '.join(f'WHEN {condition} THEN {result}' for condition, result in branches)} END"
