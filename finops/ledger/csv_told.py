"""Columns of a few texts that repeat: each text, or each row of several such columns, is told once, and asked about once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from finops.ledger.plain import numbers

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Codes = npt.NDArray[np.int32]
    """For each row which of some others it is."""

MOST_TOLD = 65_536
"""So many different texts are remembered with what they say."""
_MOST_SEEN = 1 << 20


class Told:
    """What texts of some columns say, told once for each. `ask` answers a table of texts row by row."""

    def __init__(self, keys: tuple[str, ...], ask: Callable[[pa.Table], pa.Table]) -> None:
        self._keys, self._ask = keys, ask
        self._rows: dict[tuple[str | None, ...], int] = {}
        self._texts: pa.Array | None = None
        self._answer: dict[str, pa.Array] = {}

    def of(self, own: Mapping[str, pa.Array], rows: int) -> tuple[Codes, dict[str, pa.Array]]:
        """For each row its place in the answers, and the answers."""
        columns = [own[key] for key in self._keys]
        codes, places = self._one(columns[0]) if len(columns) == 1 else self._several(columns, rows)
        return codes, {name: answer.take(places) for name, answer in self._answer.items()}

    def _one(self, column: pa.Array) -> tuple[Codes, pa.Array]:
        import pyarrow as pa
        import pyarrow.compute as pc

        codes, texts = _codes(column)
        places = None if self._texts is None else pc.index_in(texts, self._texts)
        if places is None or places.null_count:
            new = texts if places is None else texts.filter(places.is_null())
            if self._texts is not None and len(self._texts) + len(new) > MOST_TOLD:
                self._texts, self._answer, new = None, {}, texts
            self._learn(pa.table({self._keys[0]: new}))
            self._texts = new if self._texts is None else pa.concat_arrays([self._texts, new])
            places = pc.index_in(texts, self._texts)
        return codes, places

    def _several(self, columns: Sequence[pa.Array], rows: int) -> tuple[Codes, pa.Array]:
        import numpy as np
        import pyarrow as pa

        codes, texts = _distinct(columns, rows)
        new = [text for text in texts if text not in self._rows]
        if new:
            if len(self._rows) + len(new) > MOST_TOLD:
                self._rows, self._answer, new = {}, {}, texts
            asked = {key: text_array([text[at] for text in new]) for at, key in enumerate(self._keys)}
            self._learn(pa.table(asked or {"nothing": pa.nulls(1)}))
            self._rows |= {text: len(self._rows) + at for at, text in enumerate(new)}
        return codes, code_array(np.fromiter((self._rows[text] for text in texts), np.int32, len(texts)))

    def _learn(self, new: pa.Table) -> None:
        import pyarrow as pa

        answer, known = self._ask(new), self._answer
        self._answer = {
            name: pa.concat_arrays([*([known[name]] if known else []), whole(answer[name])]) for name in answer.column_names
        }


def _distinct(columns: Sequence[pa.Array], rows: int) -> tuple[Codes, list[tuple[str | None, ...]]]:
    """For each row of repeated texts which of the different rows it is, and these."""
    import numpy as np

    codes: Codes = np.zeros(rows, np.int32)
    told = [tuple[str | None, ...]()]
    for column in columns:
        more, texts = _codes(column)
        own = texts.to_pylist()
        size = len(told) * len(own)
        if len(told) == 1:
            codes, told = more, [(*told[0], text) for text in own]
            continue
        if len(own) == 1:
            told = [(*one, own[0]) for one in told]
            continue
        codes = codes * len(own) + more
        if size > _MOST_SEEN:
            found, unique = np.unique(codes, return_inverse=True)
            codes = unique.astype(np.int32)
        else:
            seen = np.zeros(size, np.bool_)
            seen[codes] = True
            found = np.flatnonzero(seen).astype(np.int32)
            place = np.zeros(size, np.int32)
            place[found] = np.arange(len(found))
            codes = place[codes]
        told = [(*told[at // len(own)], own[at % len(own)]) for at in found.tolist()]
    return codes, told


def _codes(column: pa.Array) -> tuple[Codes, pa.Array]:
    import pyarrow as pa

    texts, indices = column.dictionary, column.indices
    if indices.null_count:
        indices, texts = indices.fill_null(len(texts)), pa.concat_arrays([texts, pa.nulls(1, texts.type)])
    return numbers(indices), texts


def encoded(texts: pa.Array) -> pa.DictionaryArray:
    """A column of texts with each of them told once; at once where all rows say the same."""
    import numpy as np

    rows = len(texts)
    if rows and not texts.null_count:
        _, offsets, data = texts.buffers()
        ends, long = np.frombuffer(offsets, np.int32, rows + 1, texts.offset * 4), len(texts[0].as_buffer())
        others = int(ends[-1] - ends[0]) - long
        if others == long * (rows - 1) and (np.diff(ends) == long).all():
            first = int(ends[0])
            if not others or data.slice(first, others).equals(data.slice(first + long, others)):
                return repeated_text(texts.slice(0, 1), rows)
    return texts.dictionary_encode()


def repeated_text(text: pa.Array, rows: int) -> pa.DictionaryArray:
    """A column in which every row says this one text, or nothing."""
    import pyarrow as pa

    if text.null_count:
        return pa.nulls(rows, pa.dictionary(pa.int32(), pa.string()))
    nought = pa.Array.from_buffers(pa.int32(), rows, [None, pa.py_buffer(bytes(4 * rows))])
    return pa.DictionaryArray.from_arrays(nought, text)


def told_map(maps: pa.Array) -> pa.Array:
    """Maps with each of their keys and values told once."""
    import pyarrow as pa

    keys, values = maps.keys.dictionary_encode(), maps.items.dictionary_encode()
    return pa.MapArray.from_arrays(maps.offsets, keys, values, mask=maps.is_null())


def code_array(codes: Codes) -> pa.Array:
    import pyarrow as pa

    return pa.Array.from_buffers(pa.int32(), len(codes), [None, pa.py_buffer(codes)])


def text_array(texts: Sequence[str | None]) -> pa.Array:
    """Texts as Arrow has them. Its usual way from Python's would load pandas."""
    import pyarrow as pa

    builder = pa.lib.StringBuilder()
    builder.append_values(texts)
    return builder.finish()


def whole(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """A column in one piece."""
    import pyarrow as pa

    if isinstance(column, pa.Array):
        return column
    if pa.types.is_dictionary(column.type):
        column = column.unify_dictionaries()
    one = column.combine_chunks()
    return one if isinstance(one, pa.Array) else pa.concat_arrays(one.chunks)
