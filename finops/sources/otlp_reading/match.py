"""Which spans of a block fit a template: all of them are compared at once, piece by piece."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from finops.sources.otlp_reading.block import Block
from finops.sources.otlp_reading.template import Template

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Numbers = npt.NDArray[np.int64]
    Flags = npt.NDArray[np.bool_]


class Pieces:
    """The texts of spans that fit one template, cut into its pieces; nothing is copied until a piece is asked for."""

    __slots__ = ("_cut", "_data", "_wide", "bounds", "template")

    def __init__(self, data: bytes, template: Template, bounds: npt.NDArray[np.int32]) -> None:
        import pyarrow as pa

        self.template, self.bounds, self._data, self._wide = template, bounds, data, bounds.shape[1]
        size = max(bounds.size - 1, 0)
        self._cut = pa.Array.from_buffers(pa.string(), size, [None, pa.py_buffer(bounds), pa.py_buffer(data)])

    def __len__(self) -> int:
        return len(self.bounds)

    def only(self, fit: Flags) -> Pieces:
        """Those of the spans that are told."""
        return self if fit.all() else Pieces(self._data, self.template, self.bounds[fit])

    def texts(self) -> list[bytes]:
        """The whole text of each span."""
        return [self._data[start - 1 : end] for start, end in self.bounds[:, [0, -1]].tolist()]

    def piece(self, piece: int) -> pa.Array:
        """One piece of each span."""
        return self._taken(self._places() + piece)

    def text_of_all(self, pieces: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        """These pieces of each span, one after the other, as bytes."""
        import numpy as np

        return np.frombuffer(self._taken((self._places()[:, None] + pieces).ravel()).buffers()[2], np.uint8)

    def _places(self) -> Numbers:
        import numpy as np

        return np.arange(0, self.bounds.size, self._wide)

    def _taken(self, places: Numbers) -> pa.Array:
        import pyarrow as pa

        return self._cut.take(pa.Array.from_buffers(pa.int64(), len(places), [None, pa.py_buffer(places)]))


class Matched(NamedTuple):
    """Spans that fit a template: their numbers among the marks of the block, and their pieces."""

    rows: Numbers
    pieces: Pieces


def matched(block: Block, template: Template, rows: Numbers) -> Matched | None:
    """Those of the spans at these marks that fit; None where there are none."""
    rows = rows[block.marks[rows] + template.quotes <= len(block.quotes)]
    for some in (slice(-2, None), slice(None)):  # the ends tell most of the others apart
        first = block.marks[rows]
        bounds = block.quotes.take(first[:, None] + template.anchors[some]) + template.shifts[some]
        sizes = bounds[:, 1::2] - bounds[:, ::2]
        fit = (sizes == template.sizes[-1 if some.start else 0 :]).all(axis=1)
        if some.start is None:
            fit &= bounds[:, -1] < len(block.data)
            for piece in template.numbers:
                fit &= bounds[:, piece + 1] > bounds[:, piece]
        rows = rows[fit]
    if not len(rows):
        return None
    pieces = Pieces(block.data, template, bounds if fit.all() else bounds[fit])
    for fits in (_literal, _numbers, _plain) if block.escapes else (_literal, _numbers):
        fit = fits(pieces)
        if not fit.any():
            return None
        rows, pieces = rows[fit], pieces.only(fit)
    return Matched(rows, pieces)


def _literal(pieces: Pieces) -> Flags:
    import numpy as np

    literals = pieces.template.literals
    written = pieces.text_of_all(np.arange(0, pieces.bounds.shape[1], 2))[: len(pieces) * len(literals)]
    same: Flags = (written.reshape(len(pieces), len(literals)) == literals).all(axis=1)
    return same


def _numbers(pieces: Pieces) -> Flags:
    """Whether each number is one that can be read."""
    import numpy as np

    fit = np.ones(len(pieces), np.bool_)
    for piece, pattern in pieces.template.numbers.items():
        fit &= [pattern.fullmatch(number) is not None for number in pieces.piece(piece).to_pylist()]
    return fit


def _plain(pieces: Pieces) -> Flags:
    """Whether the texts that are looked at mean what they say: nothing in them is escaped."""
    import numpy as np

    fit = np.ones(len(pieces), np.bool_)
    for piece in pieces.template.texts:
        if b"\\" in (column := pieces.piece(piece)).buffers()[2].to_pybytes():
            fit &= ["\\" not in text for text in column.to_pylist()]
    return fit
