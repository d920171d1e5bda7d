"""A company's own kind of file, read by its `[[import]]` in the configuration: a source like any other, made from data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from fnmatch import fnmatch
from functools import cached_property
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.core.contracts import CONTRACTS
from finops.core.settings import Import
from finops.errors import DataError, UsageError
from finops.sources.arrow_schema import arrow_schema
from finops.sources.base import Load, Part, Pattern, Reject
from finops.sources.files import file_part
from finops.sources.glimpse import Glimpse
from finops.sources.mapped_columns import Target, Where, filters_of, nearest, targets_of
from finops.sources.mapped_finish import Finish, finisher
from finops.sources.mapped_rows import Cells, as_mapped, is_there, look, place_of, read_cells
from finops.sources.mapped_values import constant, reader

if TYPE_CHECKING:
    import pyarrow as pa

Taker = Callable[[Sequence[str | None]], Any]
"""From the cells of a row to the value of one target; raises ValueError or OverflowError where its text would not do."""

BATCH_ROWS = 8192
_SHOWN = 200


@dataclass(frozen=True)
class Lacking:
    """A mapped column that a file does not have, and the one that was probably meant."""

    target: str
    column: str
    near: str | None


class Mapped:
    """`given` is the checked mapping; `where` says where in the configuration it, or one of its columns, stands."""

    patterns: tuple[Pattern, ...] = ()

    def __init__(self, given: Import, where: Where) -> None:
        self.given, self.where = given, where
        self.targets = targets_of(given, where)
        self.filters = filters_of(given, where)
        self.name = given.name
        self.contracts: tuple[str, ...] = (given.contract,)
        self.title = f"files of the mapping {where(None)}"
        self._constants()

    @cached_property
    def wanted(self) -> tuple[str, ...]:
        """The columns of the file that are read, each once."""
        mapped = (column for target in self.targets for column in target.columns)
        return tuple(dict.fromkeys([*mapped, *(one.column for one in self.filters)]))

    def reads(self, path: Path) -> bool:
        """Whether the file is a table of this kind that is not UTF-8: known by its name, since nobody else can look into it."""
        return self.given.encoding is not None and any(fits_name(path, pattern) for pattern in self.given.files)

    def claims(self, seen: Glimpse, *, any_name: bool = False) -> bool:
        """Whether the file is of this kind: by its name and the columns that it must have. `any_name` looks at columns only."""
        return self.why_not(seen, any_name=any_name) is None

    def why_not(self, seen: Glimpse, *, any_name: bool = False) -> str | None:
        """Why the file is not of this kind; None where it is."""
        files = self.given.files
        if files and not any_name:
            if not any(fits_name(seen.path, pattern) for pattern in files):
                return f"its name is not {' or '.join(f'`{pattern}`' for pattern in files)}"
            if not self.given.requires:
                return None
        if seen.form not in ("table", "json", "parquet"):
            return f"it is {seen.form}, not a table"
        own = as_mapped(seen, self.given)
        needed = self.given.requires or tuple(c for t in self.targets if not t.optional for c in t.columns[:1])
        for name in needed:
            if not is_there(name, own):
                near = nearest(name, own.header)
                return f"it has no column `{name}`" + (f" (but `{near}`)" if near else "")
        return None

    def lacking(self, seen: Glimpse) -> list[Lacking]:
        """Mapped columns that the file does not have. What JSON lines have shows only when they are read."""
        own = as_mapped(seen, self.given)
        if own.form == "json":
            return []
        needed = [(target.name, column) for target in self.targets if not target.optional for column in target.columns]
        needed += [("only" if one.keeps else "leave_out", one.column) for one in self.filters]
        return [Lacking(name, column, nearest(column, own.header)) for name, column in needed if not is_there(column, own)]

    def unused(self, seen: Glimpse) -> list[str]:
        """Columns of the file that the mapping does not speak of."""
        own = as_mapped(seen, self.given)
        tops = {name if place_of(name, own.header) is not None else name.split(".", 1)[0] for name in self.wanted}
        low = {name.lower() for name in tops}
        return [name for name in own.header if name.lower() not in low]

    def parts(self, path: Path, root: Path) -> Iterable[Part]:
        """The file; its content hash also speaks of the mapping, so that a file is loaded anew when that has changed."""
        part = file_part(path, root, text=self.given.encoding is None and not path.name.lower().endswith(".parquet"))
        told = repr(astuple(self.given)[1:-1]).encode()  # all but the name and the line
        return [Part(part.path, part.name, sha256(part.content_hash.encode() + told).hexdigest(), part.size)]

    def open(self, part: Part, options: Mapping[str, Any]) -> Iterator[Load]:  # noqa: ARG002 it has no options
        seen = look(part.path, self.given)
        lacking = self.lacking(seen)
        if lacking:
            raise self._lacks(seen, lacking)
        self._refuse_repeated(seen)
        rejects: list[Reject] = []
        finish = finisher(self.given, {target.name for target in self.targets})
        load = Load(self.given.contract, iter(()), rejects, notes=finish.notes)
        load.data = self._batches(seen, finish, rejects)
        yield load

    def _batches(self, seen: Glimpse, finish: Finish, rejects: list[Reject]) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        schema, missed = arrow_schema(self.given.contract), set[str]()
        rows = self._rows(seen, finish, rejects, missed)
        while block := list(islice(rows, BATCH_ROWS)):
            filled = set().union(*block)
            columns = [
                pa.array([row.get(one.name) for row in block], one.type) if one.name in filled else pa.nulls(len(block), one.type)
                for one in schema
            ]
            yield pa.RecordBatch.from_arrays(columns, schema=schema)
        if missed:
            finish.notes.append(f"no row has {', '.join(f'`{name}`' for name in sorted(missed))}")

    def _rows(self, seen: Glimpse, finish: Finish, rejects: list[Reject], missed: set[str]) -> Iterator[dict[str, Any]]:
        takers = [
            (target.name, self._taker(target, typed=seen.form == "parquet"), [self.wanted.index(c) for c in target.columns])
            for target in self.targets
        ]
        mapped = {target.name for target in self.targets}
        required = [one.name for one in CONTRACTS[self.given.contract].fields if one.required]
        required.sort(key=lambda name: name not in mapped)  # what is derived is missing only because of what is mapped
        filters = [(self.wanted.index(one.column), one.texts, one.keeps) for one in self.filters]
        left_out = 0
        for item in read_cells(seen, self.wanted, missed, self.given):
            if filters and not isinstance(item, Reject) and not _stays(item[1], filters):
                left_out += 1
                continue
            made = item if isinstance(item, Reject) else _row(item, takers, finish, required)
            if isinstance(made, Reject):
                rejects.append(made)
            else:
                yield made
        if left_out:
            finish.notes.append(f"{left_out:,} rows are left out, as the mapping says")

    def _taker(self, target: Target, *, typed: bool) -> Taker:
        if target.value is not None:
            fixed = constant(target, self.given)(target.value)
            return lambda _cells: fixed
        places = [self.wanted.index(column) for column in target.columns]
        if target.gathered:
            named = list(zip(target.columns, places, strict=True))
            return lambda cells: {name: text for name, at in named if (text := cells[at]) is not None} or None
        read, first = reader(target, self.given, typed=typed), places[0]
        if len(places) == 1:
            return lambda cells: None if (text := cells[first]) is None else read(text)
        return lambda cells: None if (text := _said(cells, places)) is None else read(text)

    def _constants(self) -> None:
        for target in self.targets:
            if target.value is None:
                continue
            try:
                constant(target, self.given)(target.value)
            except (ValueError, OverflowError) as error:
                what = f"`{target.value}` can't be a {target.name}: {error}"
                raise UsageError(what, where=self.where(target.name), hint="write it as the contract has it") from None

    def _lacks(self, seen: Glimpse, lacking: Sequence[Lacking]) -> DataError:
        one, others = lacking[0], [f"`{each.column}`" for each in lacking[1:]]
        also = f", nor {', '.join(others)}" if others else ""
        near = f"did you mean `{one.near}`?" if one.near else f"it has: {', '.join(seen.header[:12])}"
        where = f"{seen.path}; the mapping: {self.where(one.target)}"
        what = f"the file has no column `{one.column}` for {one.target}{also}"
        other = "" if self.given.requires else "; if this is another kind of file, `requires` tells them apart"
        return DataError(what, where=where, hint=f"{near} A column that some files lack is `optional = true`{other}")

    def _refuse_repeated(self, seen: Glimpse) -> None:
        if seen.form == "json":
            return
        for name in self.wanted:
            if sum(one.lower() == name.lower() for one in seen.header) > 1 and seen.header.count(name) != 1:
                what = f"the column {name} stands in the header more than once"
                raise DataError(what, where=str(seen.path), hint="keep one of them: nothing says which one counts")


def _stays(cells: Sequence[str | None], filters: Sequence[tuple[int, frozenset[str], bool]]) -> bool:
    return all(((cells[at] or "").strip() in texts) == keeps for at, texts, keeps in filters)


def _said(cells: Sequence[str | None], places: Sequence[int]) -> str | None:
    return next((text for at in places if (text := cells[at]) is not None), None)


def _row(
    item: Cells, takers: Sequence[tuple[str, Taker, Sequence[int]]], finish: Finish, required: Sequence[str]
) -> dict[str, Any] | Reject:
    number, cells = item
    values: dict[str, Any] = {}
    for name, take, places in takers:
        try:
            values[name] = take(cells)
        except (ValueError, OverflowError, ArithmeticError) as error:
            return Reject(number, str(error), name, (_said(cells, places) or "")[:_SHOWN])
    reason = finish.row(values)
    if reason is not None:
        return Reject(number, reason)
    missing = next((name for name in required if values.get(name) is None), None)
    return Reject(number, f"{missing} is missing", missing) if missing else values


def fits_name(path: Path, pattern: str) -> bool:
    """Whether the end of the path fits the pattern, part by part and without regard to case, packed or not."""
    wanted = pattern.lower().replace("\\", "/").removeprefix("./").split("/")
    parts = [part.lower() for part in path.parts][-len(wanted) :]
    if len(parts) < len(wanted):
        return False
    last = parts[-1]
    bare = last.removesuffix(".gz").removesuffix(".zst")
    return all(map(fnmatch, parts[:-1], wanted[:-1])) and (fnmatch(last, wanted[-1]) or fnmatch(bare, wanted[-1]))
