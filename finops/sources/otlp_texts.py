"""Reads lines by templates: each span is matched, not decoded, where one of the templates learnt so far fits it.

What stands around the spans of a line is decoded with a stand-in for each list of spans, and remembered: most lines of a file
differ in their spans only."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import chain
from json import JSONDecoder
from typing import Any, NamedTuple

from finops.sources.otlp_plan import Plans
from finops.sources.otlp_shape import BROKEN, Attribute, Span, decoded_span, groups, traces_as_written
from finops.sources.otlp_template import Captured, Template, template_for

MOST_TEMPLATES, MOST_AROUNDS, MOST_CLUES = 48, 1024, 1024
"""So many are remembered."""

PATIENCE, TRIAL, LESSON, MISFIT = 24_576, 1_024, 512, 32
"""Each span that fits a template earns a credit, up to PATIENCE; a new template costs LESSON, a span that fits none MISFIT. With
no credit left, lines are decoded as a whole; each reader begins with a TRIAL at least."""


class Around(NamedTuple):
    """What follows a list of spans in its line, and the attributes of its resource."""

    tail: str
    attributes: list[Attribute]


class Taken:
    """Spans of one resource that wait: the texts that each template captured with the lines they stand on, and spans that fit no
    template, decoded."""

    __slots__ = ("around", "odd", "rows")

    def __init__(self, around: Around) -> None:
        self.around = around
        self.rows: dict[Template, tuple[list[Captured], list[int]]] = {}
        self.odd: list[tuple[Span, int]] = []


class Learnt:
    """What earlier lines have taught: templates, what tells them apart, and what stands around the spans of a line."""

    def __init__(self, keep: tuple[str, ...]) -> None:
        self.plans = Plans(keep)
        self.templates: list[Template] = []
        self.arounds: dict[str, Around] = {}
        self.credit = PATIENCE
        self._clues: dict[tuple[Template | None, str], Template] = {}

    def fitting(
        self, text: str, at: int, before: Template | None, unfit: Template | None
    ) -> tuple[Template, re.Match[str]] | None:
        """The template that fits the span here, a new one where none does yet. `unfit` is known not to."""
        name = text.find('"name"', at)
        clue = before, text[name : name + _CLUE]
        likely = self._clues.get(clue)
        if likely is not None and likely is not unfit and (found := likely.match(text, at)) is not None:
            return likely, found
        for place, template in enumerate(self.templates):
            if template is not likely and template is not unfit and (found := template.match(text, at)) is not None:
                if place:
                    self.templates.insert(0, self.templates.pop(place))
                break
        else:
            made = self._made(text, at)
            found = made.match(text, at) if made is not None else None
            if made is None or found is None:
                return None
            self.credit -= LESSON
            self.templates.insert(0, template := made)
            del self.templates[MOST_TEMPLATES:]
        if len(self._clues) >= MOST_CLUES:
            self._clues.clear()
        self._clues[clue] = template
        return template, found

    def _made(self, text: str, at: int) -> Template | None:
        try:
            _, end = _careful.raw_decode(text, at)
        except (ValueError, RecursionError):
            return None
        return template_for(text[at:end], self.plans)


@lru_cache(maxsize=4)
def learnt(keep: tuple[str, ...]) -> Learnt:
    """What this process has learnt while it kept these attributes."""
    return Learnt(keep)


class Texts:
    """Reads lines one after the other. `taken` holds what waits."""

    def __init__(self, keep: tuple[str, ...]) -> None:
        self._learnt = learnt(keep)
        self._known: dict[str, Taken] = {}
        self._taken: list[Taken] = []
        self._first: Template | None = None
        self._learnt.credit = max(self._learnt.credit, TRIAL)

    def taken(self) -> list[Taken]:
        """What has been read; it is forgotten here."""
        taken, self._known, self._taken = self._taken, {}, []
        return taken

    def read(self, line: bytes, number: int) -> bool:
        """Reads a line; False where it is better decoded as a whole, and then nothing of it is taken."""
        if self._learnt.credit < 0:
            return False
        try:
            text = line.decode()
        except UnicodeError:
            return False
        begun = _SPANS.search(text)
        if begun is None:
            return False
        head = text[: begun.end()]
        around = self._learnt.arounds.get(head)
        if around is None:
            return self._read_new(text, number)
        taken = self._known.get(head)
        if taken is None or taken.around is not around:
            taken = self._known[head] = Taken(around)
            self._taken.append(taken)
        rows: list[list[Any]] = []
        end = self._spans(text, begun.end(), number, taken, rows)
        if end >= 0 and text[end:].rstrip(_BLANK) == around.tail:
            self._learnt.credit = min(PATIENCE, self._learnt.credit + len(rows))
            return True
        for one in rows:
            one.pop()
        return end >= 0 and self._read_new(text, number)

    def _read_new(self, text: str, number: int) -> bool:
        """Reads a line that begins as none before, or that has several lists of spans."""
        lists: list[Taken] = []
        around: list[str] = []
        end = 0
        while begun := _SPANS.search(text, end):
            around.append(text[end : begun.end()])
            lists.append(Taken(_NOTHING_AROUND))
            end = self._spans(text, begun.end(), number, lists[-1], [])
            if end < 0:
                return False
        around.append(text[end:])
        owners = _owners(around)
        if owners is None:
            self._learnt.credit -= MISFIT * len(lists)
            return False
        for one, attributes in zip(lists, owners, strict=True):
            one.around = Around(around[-1].rstrip(_BLANK), attributes)
        self._taken += lists
        if len(lists) == 1:
            if len(self._learnt.arounds) >= MOST_AROUNDS:
                self._learnt.arounds.clear()
            self._learnt.arounds[around[0]] = lists[0].around
            self._known[around[0]] = lists[0]
        return True

    def _spans(self, text: str, at: int, number: int, taken: Taken, rows: list[list[Any]]) -> int:
        """Reads a list of spans to behind its bracket; -1 where that can't be done. `rows` gathers what has been added to."""
        template, before, buckets = self._first, None, taken.rows
        while True:
            found = template.match(text, at) if template is not None else None
            if found is None or template is None:
                fitting = self._learnt.fitting(text, at, before, template)
                if fitting is None:
                    at, last = self._odd(text, at, number, taken, rows)
                    if last:
                        return at
                    continue
                template, found = fitting
                if before is None:
                    self._first = template
                else:
                    before.follower = template
            row = found.groups()
            bucket = buckets.get(template)
            if bucket is None:
                bucket = buckets[template] = ([], [])
            bucket[0].append(row)
            bucket[1].append(number)
            rows += bucket
            at = found.end()
            if row[-1] is not None:
                return at
            before = template
            template = template.follower or template

    def _odd(self, text: str, at: int, number: int, taken: Taken, rows: list[list[Any]]) -> tuple[int, bool]:
        """Decodes one span that no template fits: where it ends, and whether it is the last one. -1 where that can't be done."""
        self._learnt.credit -= MISFIT
        try:
            _, end = _plain.raw_decode(text, at)
            taken.odd.append((decoded_span(text[at:end]), number))
            rows.append(taken.odd)
        except (ValueError, *BROKEN):
            return -1, True
        found = _SEPARATOR.match(text, end)
        return (found.end(), found[1] is not None) if found else (-1, True)


def _owners(around: list[str]) -> list[list[Attribute]] | None:
    """The resource's attributes of each list of spans, from what stands around the lists; None where the decoder does not find
    the stand-ins, each alone in its list."""
    places = [str(place) for place in range(len(around) - 1)]
    stand_ins = [f'{{"spanId":"{place}"}}]' for place in places]
    try:
        found = list(groups(traces_as_written("".join(chain.from_iterable(zip(around, (*stand_ins, ""), strict=True))))))
    except BROKEN:
        return None
    if [[span.spanId for span in spans] for _, spans in found] != [[place] for place in places]:
        return None
    return [attributes for attributes, _ in found]


def _once(pairs: list[tuple[str, Any]]) -> None:
    """Refuses an object that says a name twice: of the value that does not count, a pattern could not tell the type."""
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a name is repeated")


_NOTHING_AROUND = Around("", [])
_careful, _plain = JSONDecoder(object_pairs_hook=_once), JSONDecoder()
_SPANS = re.compile(r'"spans"\s*:\s*\[\s*(?=\{)')
_SEPARATOR = re.compile(r"\s*(?:,\s*(?=\{)|(\]))")
_CLUE = 20
_BLANK = " \t\r\n"
