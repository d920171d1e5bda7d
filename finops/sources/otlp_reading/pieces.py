"""Columns of texts as Arrow arrays, looked at as a whole: their sizes, their digits, the few values that they have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from finops.sources.otlp_reading.arrow import Column, Same, as_array

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa


def sizes_of(texts: pa.Array) -> npt.NDArray[np.int32]:
    """How many bytes each text has."""
    import numpy as np

    sizes: npt.NDArray[np.int32] = np.diff(_ends(texts))
    return sizes


def sizes_within(texts: pa.Array) -> tuple[int, int]:
    """The bytes of the shortest and of the longest text."""
    sizes = sizes_of(texts)
    return int(sizes.min()), int(sizes.max())


def fits_bytes(texts: pa.Array, most: int) -> bool:
    """Whether no text is empty or longer than that."""
    shortest, longest = sizes_within(texts)
    return shortest > 0 and longest <= most


def written_bytes(texts: pa.Array) -> npt.NDArray[np.uint8]:
    """The bytes of all texts, one after the other."""
    import numpy as np

    ends, data = _ends(texts), texts.buffers()[2]
    return np.frombuffer(b"" if data is None else data, np.uint8)[ends[0] : ends[-1]]


def whole_numbers(texts: pa.Array, most: int) -> npt.NDArray[np.int64] | None:
    """Texts of one to so many digits, at most 19, as numbers; None where one is something else or might be beyond 64 bits."""
    import numpy as np
    import pyarrow as pa

    shortest, longest = sizes_within(texts)
    if not shortest or longest > most:
        return None
    digits = written_bytes(texts) - np.uint8(ord("0"))
    if digits.max() > 9 or (longest > 18 and (shortest < 19 or digits[::19].max() > 8)):
        return None
    return np.frombuffer(texts.cast(pa.int64()).buffers()[1], np.int64, len(texts))


def without(texts: pa.Array, there: npt.NDArray[np.bool_]) -> Column:
    """The texts, null where they are not there."""
    import numpy as np
    import pyarrow as pa

    missing = len(texts) - int(np.count_nonzero(there))
    if not missing:
        return texts
    known = pa.py_buffer(np.packbits(there, bitorder="little"))
    return pa.Array.from_buffers(texts.type, len(texts), [known, *texts.buffers()[1:]], missing, texts.offset)


def different(column: Column | None, rows: int) -> tuple[list[Any], npt.NDArray[np.int64]]:
    """The values that a column has, each once, and for each row the place of its value among them."""
    import numpy as np

    if column is None or isinstance(column, Same):
        return [None if column is None else column.value], np.zeros(rows, np.int64)
    if not isinstance(column, list):
        coded = column.dictionary_encode()  # type: ignore[union-attr]  # texts of Arrow
        return coded.dictionary.to_pylist(), np.frombuffer(coded.indices.buffers()[1], np.int32, rows).astype(np.int64)
    found: dict[Any, int] = {}
    places = [found.setdefault(value, len(found)) for value in column]
    return list(found), np.array(places, np.int64)


def chosen(texts: list[str], places: npt.NDArray[np.int64]) -> pa.Array:
    """Of a few texts, for each row the one at its place."""
    import pyarrow as pa

    order = pa.Array.from_buffers(pa.int64(), len(places), [None, pa.py_buffer(places)])
    return as_array(texts, len(texts), pa.string()).take(order)


def least(column: Column) -> int:
    """The least of whole numbers."""
    return int(min(column) if isinstance(column, list) else column.min())  # type: ignore[union-attr]  # of NumPy


def _ends(texts: pa.Array) -> npt.NDArray[np.int32]:
    import numpy as np

    return np.frombuffer(texts.buffers()[1], np.int32, len(texts) + 1, texts.offset * 4)
