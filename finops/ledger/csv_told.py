"""Columns of a few texts that repeat: each text, or each row of several such columns, is told once, and asked about once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

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
    """What texts of some columns say, told once for each."""

    def __init__(self, keys: tuple[str, ...], ask: Callable[[pa.Table], pa.Table]) -> None:
        self._keys, self._ask = keys, ask
        self._places: dict[Any, int] = {}
        self._answer: dict[str, pa.Array] = {}

    def of(self, own: Mapping[str, pa.Array], rows: int) -> tuple[Codes, dict[str, pa.Array]]:
        """For each row its place in the answers, and the answers."""
        import pyarrow as pa

        codes, texts = _distinct([own[key] for key in self._keys], rows)
        places = [self._places.get(text, -1) for text in texts]
        if -1 in places:
            self._learn([text for text, place in zip(texts, places, strict=True) if place < 0], texts)
            places = [self._places[text] for text in texts]
        if places == list(range(len(self._places))):
            return codes, self._answer
        taken = pa.array(places, pa.int32())
        return codes, {name: answer.take(taken) for name, answer in self._answer.items()}

    def _learn(self, new: list[Any], every: list[Any]) -> None:
        import pyarrow as pa

        if len(self._places) + len(new) > MOST_TOLD:
            self._places, self._answer, new = {}, {}, every
        asked = {"finops_row": pa.array(range(len(new)), pa.int32())}
        texts = [new] if len(self._keys) == 1 else list(zip(*new, strict=True))
        asked |= {key: pa.array(texts[at], pa.string()) for at, key in enumerate(self._keys)}
        answer = self._ask(pa.table(asked))
        self._places |= {text: len(self._places) + at for at, text in enumerate(new)}
        known = self._answer
        self._answer = {
            name: pa.concat_arrays([*([known[name]] if known else []), whole(answer[name])]) for name in answer.column_names
        }


def _distinct(columns: Sequence[pa.Array], rows: int) -> tuple[Codes, list[Any]]:
    """For each row of repeated texts which of the different rows it is, and these: texts of one column, else tuples."""
    import numpy as np

    if len(columns) == 1:
        return _codes(columns[0])
    codes: Codes = np.zeros(rows, np.int32)
    told = [tuple[str | None, ...]()]
    for column in columns:
        more, own = _codes(column)
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


def _codes(column: pa.Array) -> tuple[Codes, list[str | None]]:
    own: list[str | None] = column.dictionary.to_pylist()
    indices = column.indices
    if indices.null_count:
        indices, own = indices.fill_null(len(own)), [*own, None]
    return numbers(indices), own


def encoded(texts: pa.Array) -> pa.DictionaryArray:
    """A column of texts with each of them told once; at once where all rows say the same."""
    import numpy as np
    import pyarrow as pa

    if len(texts) and not texts.null_count:
        _, offsets, data = texts.buffers()
        ends, long = np.frombuffer(offsets, np.int32, len(texts) + 1, texts.offset * 4), len(texts[0].as_buffer())
        if (ends == ends[0] + np.arange(len(texts) + 1, dtype=np.int32) * np.int32(long)).all():
            said = bytes(data[int(ends[0]) : int(ends[-1])]) if data is not None else b""
            if said == said[:long] * len(texts):
                nought = pa.Array.from_buffers(pa.int32(), len(texts), [None, pa.py_buffer(bytes(4 * len(texts)))])
                return pa.DictionaryArray.from_arrays(nought, texts.slice(0, 1))
    return texts.dictionary_encode()


def code_array(codes: Codes) -> pa.Array:
    import pyarrow as pa

    return pa.Array.from_buffers(pa.int32(), len(codes), [None, pa.py_buffer(codes)])


def whole(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """A column in one piece."""
    import pyarrow as pa

    if isinstance(column, pa.Array):
        return column
    if pa.types.is_dictionary(column.type):
        column = column.unify_dictionaries()
    one = column.combine_chunks()
    return one if isinstance(one, pa.Array) else pa.concat_arrays(one.chunks)
