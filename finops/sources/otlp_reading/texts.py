"""Reads blocks of lines by templates: the spans are matched, not decoded, where a template learnt so far fits them.

What stands around the spans of a line is decoded with a stand-in for each list of spans, and remembered: most lines of a file
differ in their spans only. A line is taken where what stands around, its spans and the commas between them are all its text."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain, groupby
from json import JSONDecoder
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from finops.sources.otlp_reading.block import Block
from finops.sources.otlp_reading.match import Matched, Pieces, matched
from finops.sources.otlp_reading.plan import Plans
from finops.sources.otlp_reading.shape import BROKEN, Attribute, Span, decoded_span, groups, traces_as_written
from finops.sources.otlp_reading.template import LONGEST, Template, template_for

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Numbers = npt.NDArray[np.int64]
    Flags = npt.NDArray[np.bool_]

MOST_TEMPLATES, MOST_AROUNDS = 48, 1024
"""So many are remembered."""

PATIENCE, TRIAL, LESSON, MISFIT = 24_576, 1_024, 512, 32
"""Each span that fits a template earns a credit, up to PATIENCE; a new template costs LESSON, a span that fits none MISFIT. With
no credit left, lines are decoded as a whole; each reader begins with a TRIAL at least."""


class Learnt:
    """What earlier lines have taught: templates, and what stands around the spans of a line."""

    def __init__(self, keep: tuple[str, ...]) -> None:
        self.plans = Plans(keep)
        self.templates: list[Template] = []
        self.arounds: dict[tuple[bytes, ...], list[list[Attribute]]] = {}
        self.credit = PATIENCE

    def template_of(self, text: str) -> tuple[Template | None, int]:
        """A new template of the span that this text begins with, and how long that span is; 0 where it is none."""
        try:
            _, end = _careful.raw_decode(text)
        except (ValueError, RecursionError):
            return None, _length(text)
        return template_for(text[:end], self.plans), end

    def remember(self, template: Template) -> None:
        """The template is among the first that are tried."""
        self.templates.insert(0, template)
        del self.templates[MOST_TEMPLATES:]

    def prefer(self, templates: list[Template]) -> None:
        """These are tried first, the last of them first of all."""
        for template in templates:
            if template in self.templates:
                self.templates.remove(template)
                self.templates.insert(0, template)

    def owners(self, around: tuple[bytes, ...]) -> list[list[Attribute]] | None:
        """The resource's attributes of each list of spans, from what stands around the lists."""
        found = self.arounds.get(around)
        if found is None:
            found = _owners(around)
            if found is not None:
                if len(self.arounds) >= MOST_AROUNDS:
                    self.arounds.clear()
                self.arounds[around] = found
        return found


@lru_cache(maxsize=4)
def learnt(keep: tuple[str, ...]) -> Learnt:
    """What this process has learnt while it kept these attributes."""
    return Learnt(keep)


class Taken(NamedTuple):
    """What of a block was read. `matched` are spans that fit templates, with the owner of each, and the number among the lines of
    the block. `owners` are attributes of resources, with the first line that has them. `odd` are spans that fit no template,
    decoded, with their owner and their line. `left` are the lines that are better decoded as a whole."""

    matched: list[tuple[Pieces, Numbers, Numbers]]
    owners: list[tuple[list[Attribute], int]]
    odd: list[tuple[Span, int, int]]
    left: list[int]


def read(block: Block, known: Learnt) -> Taken:
    """Reads what it can of a block."""
    return _Reading(block, known).taken()


class _Reading:
    """One pass over a block. Each mark is a row: `start` and `end` are where its span begins and ends, the end 0 where that is
    not known. A mark within another span's text is none of a span."""

    def __init__(self, block: Block, known: Learnt) -> None:
        import numpy as np

        self._block, self._known = block, known
        self._start: Numbers = block.quotes[block.marks].astype(np.int64) - 1
        self._line = block.line_of(self._start)
        self._end: Numbers = np.zeros(len(self._start), np.int64)
        self._bad = ~block.sound
        self._matched: list[Matched] = []
        self._odd: dict[int, Span] = {}

    def taken(self) -> Taken:
        import numpy as np

        for template in [*self._known.templates]:
            self._match(template)
        while len(rows := np.flatnonzero((self._end == 0) & self._are_spans())):
            self._learn(int(rows[0]))
        self._known.prefer([m.pieces.template for m in sorted(self._matched, key=lambda m: len(m.rows))])
        owner, owners = self._owned(np.flatnonzero(self._are_spans()))
        lines: Flags = np.zeros(len(self._bad), np.bool_)
        lines[self._line[owner >= 0]] = True
        matched_spans = [
            (one.pieces.only(kept), owner[one.rows[kept]], self._line[one.rows[kept]])
            for one in self._matched
            if (kept := owner[one.rows] >= 0).any()
        ]
        self._known.credit = min(PATIENCE, self._known.credit + sum(len(pieces) for pieces, _, _ in matched_spans))
        odd = [(span, int(owner[row]), int(self._line[row])) for row, span in self._odd.items() if owner[row] >= 0]
        return Taken(matched_spans, owners, odd, np.flatnonzero(~lines).tolist())

    def _are_spans(self) -> Flags:
        """The marks that are within no other span, on lines that can be read so far."""
        import numpy as np

        spans = ~self._bad[self._line]
        reached = np.maximum.accumulate(np.where(spans, self._end, 0))
        spans[1:] &= reached[:-1] <= self._start[1:]
        return spans

    def _match(self, template: Template) -> None:
        import numpy as np

        open_rows = np.flatnonzero((self._end == 0) & ~self._bad[self._line])
        found = matched(self._block, template, open_rows) if len(open_rows) else None
        if found is None:
            return
        ends = found.pieces.bounds[:, -1]
        within = ends < self._block.starts[self._line[found.rows] + 1]
        if not within.any():
            return
        rows = found.rows[within]
        self._end[rows] = ends[within]
        self._matched.append(Matched(rows, found.pieces.only(within)))

    def _learn(self, row: int) -> None:
        """Makes a template of a span that fits none; where that can't be done it is decoded, else left with its line."""
        start, line = int(self._start[row]), int(self._line[row])
        if self._known.credit < 0:
            self._bad[self._line[self._end == 0]] = True
            return
        stop = min(int(self._block.starts[line + 1]), start + _LONGEST_ODD)
        text = self._block.data[start:stop].decode(errors="ignore")
        template, length = self._known.template_of(text)
        if template is not None:
            self._match(template)
            if self._end[row]:
                self._known.credit -= LESSON
                self._known.remember(template)
                return
        self._known.credit -= MISFIT
        try:
            if not length:
                raise ValueError
            self._odd[row] = decoded_span(text[:length])
        except (ValueError, *BROKEN):
            self._bad[line] = True
        else:
            self._end[row] = start + len(text[:length].encode())

    def _owned(self, rows: Numbers) -> tuple[Numbers, list[tuple[list[Attribute], int]]]:
        """Whose each mark's span is, -1 where it is none or its line is left; and the owners."""
        import numpy as np

        owner = np.full(len(self._start), -1, np.int64)
        if not len(rows):
            return owner, []
        start, end, line, written = self._start[rows], self._end[rows], self._line[rows], self._block.bytes
        gap = np.append(start[1:], 0) - end
        goes_on = (written[end] == _COMMA) & (
            (gap == 1) | ((gap == 2) & (written[np.minimum(end + 1, len(written) - 1)] == _SPACE))
        )
        goes_on &= np.append(line[1:] == line[:-1], [False])
        lasts = np.flatnonzero(~goes_on)
        firsts = np.append(0, lasts[:-1] + 1)
        lists = zip(line[firsts].tolist(), start[firsts].tolist(), end[lasts].tolist(), strict=True)
        owners: list[tuple[list[Attribute], int]] = []
        whose: list[int] = []
        places: dict[int, int] = {}
        for number, these in groupby(lists, key=itemgetter(0)):
            for attributes in self._owners(number, list(these)):
                if attributes is not None and id(attributes) not in places:
                    places[id(attributes)] = len(owners)
                    owners.append((attributes, number))
                whose.append(-1 if attributes is None else places[id(attributes)])
        owner[rows] = np.repeat(whose, lasts - firsts + 1)
        return owner, owners

    def _owners(self, line: int, lists: list[tuple[int, int, int]]) -> Sequence[list[Attribute] | None]:
        data, starts = self._block.data, self._block.starts
        ends = [int(starts[line]), *(end for _, _, end in lists)]
        begins = [*(start for _, start, _ in lists), int(starts[line + 1]) - 1]
        found = self._known.owners(tuple([data[end:start] for end, start in zip(ends, begins, strict=True)]))
        if found is None:
            self._known.credit -= MISFIT * len(lists)
            return [None] * len(lists)
        return found


def _owners(around: tuple[bytes, ...]) -> list[list[Attribute]] | None:
    """None where the decoder does not find the stand-ins, each alone in its list."""
    places = [str(place) for place in range(len(around) - 1)]
    stand_ins = [f'{{"spanId":"{place}"}}'.encode() for place in places]
    try:
        found = list(groups(traces_as_written(b"".join(chain.from_iterable(zip(around, (*stand_ins, b""), strict=True))))))
    except BROKEN:
        return None
    if [[span.spanId for span in spans] for _, spans in found] != [[place] for place in places]:
        return None
    return [attributes for attributes, _ in found]


def _length(text: str) -> int:
    try:
        return _plain.raw_decode(text)[1]
    except (ValueError, RecursionError):
        return 0


def _once(pairs: list[tuple[str, Any]]) -> None:
    """Refuses an object that says a name twice: of the value that does not count, a mark could not tell the type."""
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a name is repeated")


_careful, _plain = JSONDecoder(object_pairs_hook=_once), JSONDecoder()
_LONGEST_ODD = 8 * LONGEST
_COMMA, _SPACE = b", "
