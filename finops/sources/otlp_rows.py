"""Collects the spans of documents and hands them over as Arrow batches: alike ones together, odd ones one by one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from finops.sources.base import Reject
from finops.sources.otlp_arrow import batch_of_rows, joined
from finops.sources.otlp_columns import batch_of_alike
from finops.sources.otlp_plan import Plan, Plans
from finops.sources.otlp_shape import (
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
from finops.sources.otlp_spans import Row, empty_template, row_of, template_of

if TYPE_CHECKING:
    import pyarrow as pa

HELD_BYTES = 256 << 10
"""So much is held before it is read column by column: what has just been decoded is still in the processor's cache."""

FULL_ROWS = 16_384
"""So many rows make a batch."""

FEW = 16
"""Fewer spans than this are not worth columns of their own."""


class _Alike:
    """Spans with the same attribute names and the same resource, and the lines they stand on."""

    __slots__ = ("lines", "names", "plan", "spans", "template")

    def __init__(self, names: list[str], plan: Plan, template: Row) -> None:
        self.names, self.plan, self.template = names, plan, template
        self.spans: list[Span] = []
        self.lines: list[int] = []


_NO_NAMES: list[str] = []
_NONE_ALIKE = _Alike(_NO_NAMES, Plans().plan(()), [])


class Rows:
    """What has been fed and not yet handed over. Rows come in the order of the shapes they have, then of the file."""

    def __init__(self, keep: tuple[str, ...] = ()) -> None:
        self.rejects: list[Reject] = []
        self.documents = 0
        self.other_signals = 0
        self._plans = Plans(keep)
        self._templates: dict[tuple[str, ...], Row] = {}
        self._alike: dict[tuple[int | str, ...], _Alike] = {}
        self._ready: list[pa.RecordBatch] = []
        self._ready_rows = self._held_bytes = 0

    @property
    def full(self) -> bool:
        """Whether it is time to take the batch."""
        return self._ready_rows >= FULL_ROWS

    def feed(self, line: bytes, number: int, position: int) -> None:
        """One line, or one document: `number` and `position` say where it stands in the file."""
        self._held_bytes += len(line)
        try:
            document = traces(line)
        except BROKEN as error:
            self._feed_one_by_one(line, number, position, because(error))
            return
        if document.resourceSpans is None and not self._is_empty(document, line):
            reason = f'this line (byte {position:,}) has no "resourceSpans": it is not OTLP/JSON of traces'
            self.rejects.append(Reject(number, reason))
            return
        self.documents += 1
        self._add(groups(document), number)
        if self._held_bytes >= HELD_BYTES:
            self._settle()

    def batch(self) -> pa.RecordBatch:
        """The rows so far, in the schema of the contract; they are forgotten here."""
        self._settle()
        ready, self._ready, self._ready_rows = self._ready, [], 0
        return joined(ready)

    def _settle(self) -> None:
        """Turns the spans that are held into small batches."""
        held, self._alike, self._templates, self._held_bytes = self._alike, {}, {}, 0
        careful: list[Row] = []
        for alike in held.values():
            batch = batch_of_alike(alike.spans, alike.plan, alike.template) if len(alike.spans) >= FEW else None
            if batch is None:
                careful += self._rows_of(alike)
            else:
                self._ready.append(batch)
        if careful:
            self._ready.append(batch_of_rows(careful))
        self._ready_rows = sum(batch.num_rows for batch in self._ready)

    def _rows_of(self, alike: _Alike) -> Iterable[Row]:
        for span, number in zip(alike.spans, alike.lines, strict=True):
            try:
                yield row_of(span, alike.plan, alike.template)
            except Unreadable as problem:
                where = f" (span {span.spanId[:32]})" if span.spanId else ""
                self.rejects.append(Reject(number, problem.reason + where, problem.column, problem.text))

    def _is_empty(self, document: Traces, line: bytes) -> bool:
        other = bool(document.resourceMetrics or document.resourceLogs)
        self.other_signals += other
        return other or line.strip(b" \t\r\n\xef\xbb\xbf") == b"{}"

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
        template: Row = []
        alike = _NONE_ALIKE
        for attributes, spans in found:
            if attributes is not known:
                known, template = attributes, self._template(attributes, number)
            for span in spans:
                names = [a.key for a in span.attributes] if span.attributes else _NO_NAMES
                if names != alike.names or template is not alike.template:
                    alike = self._alike_with(names, template)
                alike.spans.append(span)
                alike.lines.append(number)

    def _alike_with(self, names: list[str], template: Row) -> _Alike:
        alike = self._alike.get(key := (id(template), *names))
        if alike is None:
            self._alike[key] = alike = _Alike(names, self._plans.plan(tuple(names)), template)
        return alike

    def _template(self, attributes: list[Attribute], number: int) -> Row:
        """The resource's template, the same object for the same resource until the rows are handed over."""
        names = tuple([a.key for a in attributes])
        texts = [None if a.value is None else a.value.stringValue for a in attributes]
        key = (*names, *texts) if None not in texts else None
        template = self._templates.get(key) if key is not None else None  # type: ignore[arg-type]
        if template is None:
            try:
                template = template_of(attributes, self._plans.plan(names))
            except Unreadable as problem:
                self.rejects.append(Reject(number, f"resource: {problem.reason}", problem.column, problem.text))
                template = empty_template()
            self._templates[key or (str(len(self._templates)),)] = template  # type: ignore[arg-type]
        return template
