"""A model: one SELECT in a file whose head says what it is, what makes a row unique, what it keeps and how it is sliced."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Literal

from finops.errors import DataError

Layer = Literal["staging", "facts", "marts"]
_BY_MONTH = {"charge_day": "charge_day", "billing_month": "billing_month", "trace_day": "call_day"}
SLICE_COLUMNS = {**_BY_MONTH, "run": "run_id", "business_day": "day", "none": None}
"""Kind of slice to the column that carries it. Slices of the first kinds lie in one month, and go by what that was placed by."""

_SQL = Path(__file__).resolve().parent.parent / "sql"
_HEAD = re.compile(r"^-- (?P<key>[a-z_]+): (?P<text>.*)$")
_READS = re.compile(r"\b(?:FROM|JOIN)\s+([a-z_][a-z0-9_]*)", re.IGNORECASE)


@dataclass(frozen=True)
class Keeps:
    """A sum that must be the same on both sides, for every value of the columns `by`."""

    column: str
    sides: tuple[tuple[str, str], ...]
    """(model, column) pairs whose sums add up to the column's."""
    by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Model:
    """One SQL file. Staging models live for one build; facts and marts stay in the ledger."""

    name: str
    layer: Layer
    meaning: str
    grain: tuple[str, ...]
    keeps: tuple[Keeps, ...]
    slice: str
    view: bool
    sql: str

    @property
    def slice_column(self) -> str | None:
        return SLICE_COLUMNS[self.slice]

    @property
    def is_of_months(self) -> bool:
        """Whether a month can be built without the others."""
        return self.layer == "staging" or self.slice in _BY_MONTH

    @property
    def reads(self) -> frozenset[str]:
        """Every name after FROM or JOIN; the runner keeps those that are models."""
        code = re.sub(r"--[^\n]*", "", self.sql)
        return frozenset(name.lower() for name in _READS.findall(code))


@cache
def all_models() -> tuple[Model, ...]:
    """Every model of the ledger, in an order in which each comes after what it reads."""
    found = [
        parsed_model(path.stem, layer, path.read_text(encoding="utf-8"))
        for layer in ("staging", "facts", "marts")
        for path in sorted((_SQL / layer).glob("*.sql"))
    ]
    return ordered(found)


def ordered(models: Sequence[Model]) -> tuple[Model, ...]:
    """The models so that each comes after what it reads; names decide where nothing else does."""
    by_name = {model.name: model for model in models}
    graph = {name: sorted(model.reads & by_name.keys() - {name}) for name, model in sorted(by_name.items())}
    try:
        return tuple(by_name[name] for name in _stable_order(graph))
    except CycleError as error:
        raise DataError("models read each other in a circle", where=" -> ".join(error.args[1])) from None


def selected(models: Iterable[Model], names: Sequence[str]) -> tuple[Model, ...]:
    """The named models and everything that they read, in order."""
    models = tuple(models)
    by_name = {model.name: model for model in models}
    wanted: set[str] = set()
    queue = list(names)
    while queue:
        name = queue.pop()
        if name not in by_name:
            raise DataError(f"there is no model `{name}`", hint="models: " + ", ".join(sorted(by_name)))
        if name not in wanted:
            wanted.add(name)
            queue += sorted(by_name[name].reads & by_name.keys())
    return tuple(model for model in models if model.name in wanted)


def parsed_model(name: str, layer: Layer, text: str) -> Model:
    """The model that a file's text describes."""
    head: dict[str, list[str]] = {}
    for line in text.splitlines():
        match = _HEAD.match(line)
        if not match and not line.startswith("--"):
            break
        if match:
            head.setdefault(match["key"], []).append(match["text"].strip())
    kind = head.get("slice", ["none"])[0]
    if name not in head or kind not in SLICE_COLUMNS:
        raise DataError(f"the model `{name}` needs a head with its name, grain and slice", where=f"{layer}/{name}.sql")
    return Model(
        name=name,
        layer=layer,
        meaning=" ".join(head[name]),
        grain=_names(head.get("grain", [""])[0]),
        keeps=tuple(_keeps(line, f"{layer}/{name}.sql") for line in head.get("keeps", [])),
        slice=kind,
        view=head.get("as", [""])[0] == "view",
        sql=text,
    )


def _keeps(text: str, where: str) -> Keeps:
    match = re.fullmatch(r"sum\((\w+)\) = (sum\(\w+\.\w+\)(?: \+ sum\(\w+\.\w+\))*)(?: by (\(.*\)))?", text)
    if not match:
        raise DataError(f"`keeps: {text}` can't be read", where=where, hint="sum(column) = sum(model.column) by (columns)")
    sides = tuple((m[1], m[2]) for m in re.finditer(r"sum\((\w+)\.(\w+)\)", match[2]))
    return Keeps(match[1], sides, _names(match[3] or ""))


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.strip("() ").split(",") if part.strip())


def _stable_order(graph: dict[str, list[str]]) -> list[str]:
    sorter = TopologicalSorter(graph)
    sorter.prepare()
    order: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        order += ready
        sorter.done(*ready)
    return order
