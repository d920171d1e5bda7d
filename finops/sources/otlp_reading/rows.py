"""Collects the spans of documents and hands them over as Arrow batches: alike ones together, odd ones one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from finops.sources.base import Reject, refuse_flood
from finops.sources.otlp_reading.alike import Alike, AlikeTexts
from finops.sources.otlp_reading.arrow import Gathered
from finops.sources.otlp_reading.block import Block
from finops.sources.otlp_reading.columns import Shape, add_alike, shape_of
from finops.sources.otlp_reading.lines import BOM
from finops.sources.otlp_reading.plan import Plans
from finops.sources.otlp_reading.shape import (
    BROKEN,
    Attribute,
    Group,
    Span,
    Traces,
    Unreadable,
    because,
    groups,
    groups_one_by_one,
    traces,
)
from finops.sources.otlp_reading.spans import Row, empty_template, row_of, template_of
from finops.sources.otlp_reading.texts import TRIAL, Taken, learnt, read
from finops.sources.surrogates import mended

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

HELD_BYTES = 768 << 10
"""So much is decoded before it is read column by column: it is still in the processor's cache then."""

LEAST_TEXT = 16 << 10
"""Less text than this is not worth templates."""

LARGE_BYTES = 32 << 20
"""As objects, the spans of a line take about ten times its bytes: those of a larger line are taken some at a time."""

FULL_ROWS = 16_384
"""So many rows make a batch."""

FEW = 8
"""Fewer spans than this are not worth columns of their own."""


_NONE_ALIKE = Alike([], Plans().plan(()), -1)


class Rows:
    """What has been fed and not yet handed over; `lines` counts those of the texts. Rows come in the order of the shapes they
    have, of their resources, of the file."""

    def __init__(self, keep: tuple[str, ...] = ()) -> None:
        self.rejects: list[Reject] = []
        self.documents = self.lines = 0
        self.other_signals = 0
        self._plans = learnt(keep).plans
        self._gathered = Gathered()
        self._templates: dict[tuple[str, ...], tuple[Row, int]] = {}
        self._shapes: dict[Shape, int] = {}
        self._alike: dict[tuple[int | str, ...], Alike] = {}
        self._learnt = learnt(keep)
        self._learnt.credit = max(self._learnt.credit, TRIAL)
        self._held_bytes = 0

    @property
    def full(self) -> bool:
        """Whether it is time to take the batch."""
        return len(self._gathered) >= FULL_ROWS

    def feed(self, line: bytes, number: int, position: int) -> None:
        """One line, or one document: `number` and `position` say where it stands in the file."""
        if len(line) <= LARGE_BYTES or not self._feed_slices(line, number):
            self._feed_decoded(line, number, position)

    def feed_text(self, text: bytes, number: int, position: int) -> None:
        """Whole lines, of which the first has that number and position."""
        block = Block(text)
        self.lines += len(block.sound)
        left: Sequence[int] = range(len(block.sound))
        if len(text) >= LEAST_TEXT and self._learnt.credit >= 0:
            taken = read(block, self._learnt)
            left = taken.left
            self.documents += len(block.sound) - len(left)
            self._add_taken(taken, number)
        for at in left:
            if line := block.line(at).strip(b" \t\r\n"):
                begun = position + int(block.starts[at])
                self._feed_decoded(line if begun else line.removeprefix(BOM), number + at, begun)

    def _feed_decoded(self, line: bytes, number: int, position: int) -> None:
        refuse_flood(self.rejects)
        self._held_bytes += len(line)
        try:
            document = traces(line)
        except BROKEN as error:
            if (whole := mended(line)) is not None:
                self._feed_decoded(whole, number, position)
                return
            self._feed_one_by_one(line, number, position, because(error))
            return
        if document.resourceSpans is None and not self._is_empty(document, line):
            reason = f'this line (byte {position:,}) has no "resourceSpans": it is not OTLP/JSON of traces'
            self.rejects.append(Reject(number, reason))
            return
        self.feed_document(document, number, 0)

    def feed_document(self, document: Traces, number: int, size: int) -> None:
        """A document that is decoded already; `size` is about how many bytes it holds."""
        self._held_bytes += size
        self.documents += 1
        self._add(groups(document), number)

    def batch(self) -> pa.RecordBatch:
        """The rows so far, in the schema of the contract; they are forgotten here."""
        self._settle()
        return self._gathered.batch()

    def _settle(self) -> None:
        """Reads the spans that are held into a small batch."""
        held, self._alike, self._templates, self._shapes = self._alike, {}, {}, {}
        self._held_bytes = 0
        for alike in held.values():
            self._add_alike(alike)

    def _add_alike(self, alike: Alike | AlikeTexts) -> None:
        if len(alike) < FEW or not add_alike(self._gathered, alike):
            self._gathered.add_rows(list(self._rows_of(alike)))

    def _rows_of(self, alike: Alike | AlikeTexts) -> Iterable[Row]:
        for span, template, number in zip(alike.decoded(), alike.templates, alike.lines, strict=True):
            try:
                yield row_of(span, alike.plan, template)
            except Unreadable as problem:
                where = f" (span {span.spanId[:32]})" if span.spanId else ""
                self.rejects.append(Reject(number, problem.reason + where, problem.column, problem.text))

    def _is_empty(self, document: Traces, line: bytes) -> bool:
        other = bool(document.resourceMetrics or document.resourceLogs)
        self.other_signals += other
        return other or line.strip(b" \t\r\n\xef\xbb\xbf") == b"{}"

    def _feed_slices(self, line: bytes, number: int) -> bool:
        """A line whose spans would take too much memory as objects: some at a time. Answers whether it held any."""
        refused: list[Unreadable] = []
        found = False
        try:
            for group in groups_one_by_one(line, refused.append):
                found = True
                self._add((group,), number)
                self._settle()
        except BROKEN:
            return False
        self.documents += found
        self.rejects += [Reject(number, problem.reason, problem.column, problem.text) for problem in refused]
        return found or bool(refused)

    def _feed_one_by_one(self, line: bytes, number: int, position: int, whole: Unreadable) -> None:
        refused: list[Unreadable] = []
        try:
            found = list(groups_one_by_one(line, refused.append))
        except BROKEN:
            found = []
        self.documents += bool(found)
        if not found and not refused:
            refused = [Unreadable(f"{whole.reason} (byte {position:,})", whole.column)]
        self.rejects += [Reject(number, problem.reason, problem.column, problem.text) for problem in refused]
        self._add(found, number)

    def _add(self, found: Iterable[Group], number: int) -> None:
        known: list[Attribute] | None = None
        template, shape = list[Any](), 0
        for attributes, spans in found:
            if attributes is not known:
                known, (template, shape) = attributes, self._template(attributes, number)
            self._add_spans(spans, template, shape, number)
        if self._held_bytes >= HELD_BYTES:
            self._settle()

    def _add_taken(self, taken: Taken, number: int) -> None:
        """What was read by templates, `number` being that of the first line; spans that fit none come decoded."""
        owners = [self._template(attributes, number + line) for attributes, line in taken.owners]
        rows, shapes = [row for row, _ in owners], [shape for _, shape in owners]
        for span, owner, line in taken.odd:
            self._add_spans([span], *owners[owner], number + line)
        for pieces, owner_of, lines in taken.matched:
            for some, those, whose in _of_one_shape(shapes, owner_of):
                of_these = [rows[one] for one in those]
                self._add_alike(AlikeTexts(pieces.only(some), of_these, whose, (lines[some] + number).tolist()))

    def _add_spans(self, spans: list[Span], template: Row, shape: int, number: int) -> None:
        alike = _NONE_ALIKE
        for span in spans:
            names = [a.key for a in span.attributes] if span.attributes else []
            if names != alike.names or shape != alike.shape:
                alike = self._alike_with(names, shape)
            alike.spans.append(span)
            alike.templates.append(template)
            alike.lines.append(number)

    def _alike_with(self, names: list[str], shape: int) -> Alike:
        key: tuple[int | str, ...] = (shape, *names)
        alike = self._alike.get(key)
        if alike is None:
            self._alike[key] = alike = Alike(names, self._plans.plan(tuple(names)), shape)
        return alike

    def _template(self, attributes: list[Attribute], number: int) -> tuple[Row, int]:
        """The resource's template and its shape, the same objects for the same resource while spans are held."""
        names = tuple([a.key for a in attributes])
        texts = [None if a.value is None else a.value.stringValue for a in attributes]
        key = (*names, *(text or "" for text in texts))
        if key in self._templates and None not in texts:
            return self._templates[key]
        try:
            template = template_of(attributes, self._plans.plan(names))
        except Unreadable as problem:
            self.rejects.append(Reject(number, f"resource: {problem.reason}", problem.column, problem.text))
            template = empty_template()
        found = template, self._shapes.setdefault(shape_of(template), len(self._shapes))
        if None not in texts:
            self._templates[key] = found
        return found


def _of_one_shape(
    shapes: list[int], owner: npt.NDArray[np.int64]
) -> Iterator[tuple[npt.NDArray[np.bool_], list[int], npt.NDArray[np.int64]]]:
    """The spans whose resources have the same shape, shape by shape; those resources, and of each span the place of its own."""
    import numpy as np

    shape_of_each = np.array(shapes, np.int64)[owner]
    for shape in range(max(shapes, default=-1) + 1):
        some = shape_of_each == shape
        those = np.unique(owner[some])
        if len(those):
            yield some, those.tolist(), those.searchsorted(owner[some])
