"""Arrow batches in which nothing needs a cast go to Parquet as they are, which costs a third of the way through the engine.

What that means is told by `casting`: a batch that has amounts, a null word, or anything that would be rejected or changed there,
is not plain, and is left to the engine with all that follow it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from finops.core.contracts import Contract, Field
from finops.ledger.sink import Sink, stored

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

GROUP_ROWS = 122_880

LONGEST_NULL_WORD = 6
"""No null word has more characters, and none begins behind "!" but text: see finops_text."""

MOST_TEXTS = 65_536
_LAST_TIME = 2**61


@dataclass(frozen=True)
class Plain:
    """The files that plain batches were written to, their rows, and the batches that are left; None where all are written."""

    files: tuple[Path, ...]
    rows: int
    rest: Iterator[pa.RecordBatch] | None


def write_plain(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    batches: Iterator[pa.RecordBatch],
    folder: Path,
    lineage: tuple[int, int],
) -> Plain:
    """Writes batches as long as they are plain. `lineage` is the batch's number and how many of its rows came before."""
    import pyarrow as pa

    own = [pa.field(field.name, stored(field)) for field in contract.fields]
    test, sink = _Test(connection, contract), Sink(own, folder, lineage, GROUP_ROWS, _OWN_IDS)
    odd: pa.RecordBatch | None = None
    with sink:
        for batch in batches:
            if batch.num_rows and test.is_plain(batch):
                sink.add(batch)
            elif batch.num_rows or not sink.rows:
                odd = batch
                break
    if odd is None and sink.rows:
        return Plain(tuple(sink.files), sink.rows, None)
    return Plain(tuple(sink.files), sink.rows, batches if odd is None else chain((odd,), batches))


_OWN_IDS = frozenset(("trace", "span", "parent", "response"))


class _Test:
    """Tells plain batches of a contract from others. Texts that have been looked at are remembered."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, contract: Contract) -> None:
        self._connection, self._contract = connection, contract
        self._texts: set[str] = set()

    def is_plain(self, batch: pa.RecordBatch) -> bool:
        if tuple(batch.schema.names) != self._contract.names:
            return False
        return all(self._is_plain(field, column) for field, column in zip(self._contract.fields, batch.columns, strict=True))

    def _is_plain(self, field: Field, column: pa.Array) -> bool:
        if column.null_count == len(column):
            return not field.required and (field.kind in _NO_PLAIN_VALUES or column.type == stored(field) or not len(column))
        if field.kind in _NO_PLAIN_VALUES or column.type != stored(field) or (field.required and column.null_count):
            return False
        checks: dict[str, Callable[[pa.Array], bool]] = {"text": self._says_text, "time": _in_range, "map": _names_differ}
        return checks[field.kind](column) if field.kind in checks else True

    def _says_text(self, column: pa.Array) -> bool:
        """Whether no text is one that `finops_text` takes for null."""
        import pyarrow.compute as pc

        if pc.min(pc.binary_length(column)).as_py() > LONGEST_NULL_WORD and pc.min(column).as_py() > "!":
            return True
        new = set(pc.unique(column).to_pylist()) - {None} - self._texts
        if new and self._connection.execute(_NULL_WORDS, [list(new)]).fetchall()[0][0]:
            return False
        if len(self._texts) < MOST_TEXTS:
            self._texts |= new
        return True


_NO_PLAIN_VALUES = ("money", "quantity", "price", "float")
_NULL_WORDS = "SELECT count(*) AS n FROM (SELECT unnest(CAST($1 AS VARCHAR[])) AS t) WHERE finops_text(t) IS NULL"


def _in_range(column: pa.Array) -> bool:
    """Whether no time stands for infinity."""
    import pyarrow as pa
    import pyarrow.compute as pc

    ends = pc.min_max(column.cast(pa.int64()))
    return bool(ends["min"].as_py() > -_LAST_TIME and ends["max"].as_py() < _LAST_TIME)


def _names_differ(column: pa.Array) -> bool:
    """Whether no map says a name twice, which the engine would refuse."""
    import numpy as np

    ends = numbers(column.offsets)
    names = column.keys.slice(int(ends[0]), int(ends[-1] - ends[0])).dictionary_encode()
    said, starts, sizes = numbers(names.indices), ends[:-1] - ends[0], np.diff(ends)
    for size in np.unique(sizes[sizes > 1]).tolist():
        rows = said[starts[sizes == size][:, None] + np.arange(size)]
        others = np.append(True, (rows[1:] != rows[:-1]).any(axis=1))  # most say what the one before says
        ordered = np.sort(rows[others], axis=1)
        if (ordered[:, 1:] == ordered[:, :-1]).any():
            return False
    return True


def numbers(column: pa.Array) -> npt.NDArray[np.int32]:
    """Whole numbers of 32 bits, none missing. Arrow's own way to NumPy would load pandas."""
    import numpy as np

    return np.frombuffer(column.buffers()[1], np.int32, len(column), column.offset * 4)
