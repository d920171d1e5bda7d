"""A cloud's own bill as a sheet: its columns as SQL text, found without regard to case, and the scan that they make."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from finops.errors import DataError
from finops.sources.base import TableScan
from finops.sources.glimpse import Glimpse

NULL = "NULL"
"""SQL for a column that the file does not have."""
NO_CURRENCY = "XXX"
"""ISO 4217 for "no currency": such sums stand apart and are added to no other."""
_EXACT = "DECIMAL(38, 24)"


@dataclass(frozen=True)
class Sheet:
    """The columns of one file. `own` maps a folded name to the name that the file writes."""

    seen: Glimpse
    header: tuple[str, ...]
    own: Mapping[str, str]

    def has(self, name: str) -> bool:
        return name.lower() in self.own

    def raw(self, *names: str) -> str:
        """The first of the columns that the file has, as it is."""
        return next((quoted(self.own[name.lower()]) for name in names if name.lower() in self.own), NULL)

    def text(self, *names: str) -> str:
        """Row by row, the first of the columns that says something, as text."""
        known = [f"nullif(CAST({quoted(self.own[name.lower()])} AS VARCHAR), '')" for name in names if self.has(name)]
        return first_of(*known)

    def starting(self, prefix: str) -> list[tuple[str, str]]:
        """What follows the prefix, and the file's own name, of each column that begins with it."""
        names = [name for name in self.header if name.lower().startswith(prefix) and len(name) > len(prefix)]
        return [(name[len(prefix) :], name) for name in names]

    def scan(self, columns: Mapping[str, str], *, where: str | None = None, notes: Sequence[str] = ()) -> TableScan:
        """The scan of what the file has."""
        known = {name: sql for name, sql in columns.items() if sql != NULL}
        forms = {"table": "csv", "json": "json" if self.seen.is_array else "jsonl"}
        form = cast("Literal['csv', 'parquet', 'jsonl', 'json']", forms.get(self.seen.form, "parquet"))
        return TableScan(
            self.seen.path,
            form,
            self.header,
            known,
            where=where,
            skip=self.seen.skip if form == "csv" else 0,
            delimiter=self.seen.delimiter,
            notes=tuple(notes),
        )


def sheet(seen: Glimpse, must: Sequence[Sequence[str]], kind: str, fold: Callable[[str], str] = str.lower) -> Sheet:
    """The sheet of a table or Parquet file. Each of `must` lists names one of which has to be there; `fold` gives the name
    under which a column is looked up."""
    if seen.form not in ("table", "parquet", "json"):
        raise DataError(f"this is no {kind}", where=str(seen.path), hint="export it as CSV or Parquet")
    own: dict[str, str] = {}
    header: list[str] = []
    taken: set[str] = set()
    for position, name in enumerate(seen.header, 1):
        single = name
        while not single or single.lower() in taken:
            single = f"{name or 'column'} ({position})" if single == name else f"{single}'"
        taken.add(single.lower())
        header.append(single)
        own.setdefault(fold(name), single)
    lacking = [names[0] for names in must if not any(name.lower() in own for name in names)]
    if lacking:
        what = f"the header lacks {' and '.join(lacking)}"
        raise DataError(what, where=str(seen.path), hint=f"export the {kind} with all its columns")
    wanted = {name.lower() for names in must for name in names}
    twice = next(
        (name for name, single in zip(seen.header, header, strict=True) if own[fold(name)] != single and fold(name) in wanted),
        None,
    )
    if twice is not None:
        what = f"the column {twice} stands in the header more than once"
        raise DataError(what, where=str(seen.path), hint="keep one of them: nothing says which one counts")
    return Sheet(seen, tuple(header), own)


def currency(bill: Sheet, option: str | None, *names: str) -> tuple[str, list[str]]:
    """SQL for the currency, and a note where the file has no column for it."""
    if any(bill.has(name) for name in names):
        return bill.text(*names), []
    taken = f"taken as {option}, as asked" if option else f"kept under {NO_CURRENCY} (no currency) and added to no other"
    taken += "" if option else "; `[[source]]` with `name` and `currency` in finops.toml names it"
    return literal(option or NO_CURRENCY), [f"the file has no column for the currency: its amounts are {taken}"]


def quoted(name: str) -> str:
    """A column name as a SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Text as a SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def first_of(*texts: str) -> str:
    """The first that is not null."""
    known = [text for text in texts if text != NULL]
    return NULL if not known else known[0] if len(known) == 1 else f"coalesce({', '.join(known)})"


def cases(*branches: tuple[str, str], otherwise: str = NULL) -> str:
    """The result of the first condition that holds."""
    told = " ".join(f"WHEN {condition} THEN {result}" for condition, result in branches)
    return f"CASE {told} ELSE {otherwise} END"


def among(text: str, values: Sequence[str]) -> str:
    """Whether the text is one of the values; never null."""
    return f"coalesce({text} IN ({', '.join(map(literal, values))}), false)"


def total(*terms: str) -> str:
    """The exact sum of amounts as text; null where all are. What can't be read stays readable as what it was: a reject."""
    known = [term for term in terms if term != NULL]
    if not known:
        return NULL
    added = " + ".join(f"TRY_CAST(coalesce({term}, '0') AS {_EXACT})" for term in known)
    shown = " || ' + ' || ".join(f"coalesce({term}, '0')" for term in known)
    return f"CASE WHEN {first_of(*known)} IS NOT NULL THEN coalesce(CAST({added} AS VARCHAR), {shown}) END"


def difference(whole: str, part: str) -> str:
    """One amount less another, exactly, as text."""
    if NULL in (whole, part):
        return NULL
    return f"coalesce(CAST(TRY_CAST({whole} AS {_EXACT}) - TRY_CAST({part} AS {_EXACT}) AS VARCHAR), {whole} || ' - ' || {part})"


def map_of(entries: Sequence[tuple[str, str]]) -> str:
    """A map, as JSON text, of the entries (key, SQL text) that say something."""
    taken: dict[str, str] = {}
    for key, text in entries:
        taken[key] = first_of(taken.get(key, NULL), text)
    known = {key: text for key, text in taken.items() if text != NULL}
    if not known:
        return NULL
    listed = ", ".join(f"{{'key': {literal(key)}, 'value': {text}}}" for key, text in known.items())
    filled = f"list_filter([{listed}], lambda e: e.value IS NOT NULL)"
    return f"CASE WHEN {first_of(*known.values())} IS NOT NULL THEN CAST(to_json(map_from_entries({filled})) AS VARCHAR) END"
