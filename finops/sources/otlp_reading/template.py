"""The text of a span as a template: spans that one program writes differ in their values only, so one template reads them all.

A template is made from the text of one span. Each string and number in it is replaced by a mark, and the typed decoder says
where each mark ends up: so a template can't read a field otherwise than the decoder does. What may differ are whole strings and
numbers; all the rest is literal. So a text that fits a template of sound JSON is sound JSON too; what fits none is decoded."""

from __future__ import annotations

import re
from bisect import bisect
from collections import Counter
from typing import Literal, NamedTuple

from finops.sources.otlp_reading.plan import Plan, Plans
from finops.sources.otlp_reading.shape import BROKEN, Span, Value, decoded_span
from finops.sources.otlp_reading.spans import FAILED

FIELDS = ("traceId", "spanId", "parentSpanId", "name", "startTimeUnixNano", "endTimeUnixNano")

LONGEST = 128 << 10
"""A span whose text is longer than this many characters makes no template."""

_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"(?P<key>\s*:)?|(?P<number>-?\d[\d.eE+-]*)')
_FEW = re.compile(r"\d|25[67]").fullmatch
"""A kind of span or its flags, of which there are few: the template takes them as they stand."""

_WHOLE = re.compile(r"0|-?[1-9]\d{0,18}")
_DIGITS = re.compile(r"-?(?:0|[1-9]\d{0,17})(?:\.\d{1,17})?(?:[eE][+-]?\d{1,2})?")

Form = Literal["text", "whole", "whole_text", "number", "number_text", "first"]
"""How an attribute's value is written: `stringValue`, `intValue` as number or text, `doubleValue` likewise, a list of one."""


class Place(NamedTuple):
    """The piece of the text that holds a value, and how it is written there."""

    piece: int
    form: Form


class Template:
    """What reads one kind of span. Its text is cut into pieces: literal ones and, between two of them, one that may differ.

    Where a piece begins and ends is told by `anchors`, quotes of the span counted from its first, and by the bytes from there,
    `shifts`. `literals` are all literal pieces, one after the other, `sizes` their lengths; `quotes` counts a span's quotes.
    `texts` and `numbers` are the free pieces of strings that are looked at and of all numbers. `fields` are the pieces of
    FIELDS, None where the span does not have one; `values` holds, for each attribute that the plan looks at, its place, or the
    value that it always has; `failed` says whether the status is an error."""

    __slots__ = (
        *("anchors", "failed", "fields", "literals", "names", "numbers", "plan", "quotes", "shifts", "sizes", "texts", "values"),
    )

    def __init__(self, cut: _Cut, names: list[str], plan: Plan, found: _Found, span: Span) -> None:
        import numpy as np

        self.names, self.plan, self.quotes = names, plan, cut.quotes
        self.anchors = np.array([anchor for anchor, _ in cut.bounds], np.int32)
        self.shifts = np.array([shift for _, shift in cut.bounds], np.int32)
        self.literals = np.frombuffer(b"".join(cut.literals), np.uint8)
        self.sizes = np.array([len(literal) for literal in cut.literals], np.int32)
        pieces = {mark: 2 * place + 1 for place, mark in enumerate(cut.marks)}
        self.texts = tuple(pieces[mark] for mark, number in found.captured.items() if number is None)
        self.numbers = {pieces[mark]: found.captured.get(mark) or _DIGITS for mark in cut.numbers}
        self.fields = [None if mark is None else pieces[mark] for mark in found.fields]
        self.failed = span.status is not None and span.status.code in FAILED
        self.values: dict[int, Place | Value | None] = {
            at: Place(pieces[v.piece], v.form) if isinstance(v, Place) else v for at, v in found.values.items()
        }


def template_for(text: str, plans: Plans) -> Template | None:
    """The template of a span's text; None where it has something that only the decoder can tell."""
    if len(text) > LONGEST or not text.startswith('{"'):
        return None
    tokens = [token for token in _TOKENS.finditer(text) if not token["key"]]
    marks = [f'"{_MARK}{mark}"' if token["number"] is None else str(_NUMBERED + mark) for mark, token in enumerate(tokens)]
    try:
        span = decoded_span(text)
        names = [a.key for a in span.attributes or ()]
        marked = decoded_span(_replaced(text, tokens, marks))
        plan = plans.plan(tuple(names))
        found = _Found(marked, plan)
    except (*BROKEN, _Odd):
        return None
    if any("\\" in tokens[mark][0] for mark in found.captured):
        return None
    cut = _Cut(text, tokens, found)
    if any(mark is not None and mark not in cut.marks for mark in found.fields):
        return None
    for at, value in found.values.items():
        if isinstance(value, Place) and value.piece not in cut.marks:
            assert span.attributes is not None
            found.values[at] = span.attributes[at].value
    return Template(cut, names, plan, found, span)


_MARK, _NUMBERED = "mark:", 7_000_000


class _Odd(Exception):
    """Something that only the decoder can tell."""


class _Found:
    """Where the marks of a span ended up. `captured` are those looked at, with what a number must be; `literal` may not
    differ."""

    def __init__(self, span: Span, plan: Plan) -> None:
        self.captured: dict[int, re.Pattern[str] | None] = {}
        self.literal = {mark for a in span.attributes or () if (mark := _mark_of(a.key)) is not None}
        if span.status is not None and (code := _mark_of(span.status.code)) is not None:
            self.literal.add(code)
        self.fields = [self._capture(getattr(span, name), _WHOLE) for name in FIELDS]
        self.values = {at: self._value(span.attributes[at].value) for at in _looked_at(plan)} if span.attributes else {}

    def _capture(self, given: object, number: re.Pattern[str]) -> int | None:
        if given is None:
            return None
        mark = _mark_of(given)
        if mark is None:
            raise _Odd
        self.captured[mark] = None if isinstance(given, str) else number
        return mark

    def _value(self, value: Value | None) -> Place | Value | None:
        said = [name for name in Value.__struct_fields__ if getattr(value, name) is not None] if value is not None else []
        if value is None or not said or said == ["boolValue"]:
            return value
        given = getattr(value, said[0])
        if said == ["arrayValue"]:
            items = value.arrayValue.values or () if value.arrayValue is not None else ()
            if not any(item.stringValue is not None for item in items):
                return value
            given = items[0].stringValue if len(items) == 1 else None
        if len(said) > 1 or given is None or said == ["kvlistValue"]:
            raise _Odd
        mark = self._capture(given, _WHOLE if said == ["intValue"] else _DIGITS)
        assert mark is not None
        return Place(mark, _FORMS[said[0], isinstance(given, str)])


_FORMS: dict[tuple[str, bool], Form] = {
    ("stringValue", True): "text",
    ("intValue", False): "whole",
    ("intValue", True): "whole_text",
    ("doubleValue", False): "number",
    ("doubleValue", True): "number_text",
    ("arrayValue", True): "first",
}


class _Cut:
    """A span's text cut into literal pieces and, between two of them, strings and numbers (`marks`) that may differ. A number is
    literal too where it is short and not looked at, or where no string follows it before the next number or the end."""

    def __init__(self, text: str, tokens: list[re.Match[str]], found: _Found) -> None:
        places = [place for token in _TOKENS.finditer(text) if token["number"] is None for place in _quotes_of(token)]
        self.quotes = len(places)
        self.marks: list[int] = []
        self.numbers: list[int] = []
        self.literals: list[bytes] = []
        self.bounds: list[tuple[int, int]] = [(0, 0)]
        ends, strings = places[0], {place: number for number, place in enumerate(places)}
        before = [bisect(places, token.start()) for token in tokens]
        together = Counter(gap for gap, token in zip(before, tokens, strict=True) if token["number"] is not None)
        for mark, token in enumerate(tokens):
            if mark in found.literal:
                continue
            if token["number"] is None:
                opening = strings[token.start()]
                start, end = token.start() + 1, token.end() - 1
                begins, stops = (opening, 1), (opening + 1, 0)
            else:
                gap, is_usual = before[mark], mark not in found.captured and _FEW(token[0])
                if is_usual or together[gap] > 1 or gap == self.quotes:
                    continue
                start, end = token.span()
                begins, stops = (gap - 1, start - places[gap - 1]), (gap, end - places[gap])
                self.numbers.append(mark)
            self.literals.append(text[ends:start].encode())
            self.bounds += begins, stops
            self.marks.append(mark)
            ends = end
        self.literals.append(text[ends:].encode())
        self.bounds.append((self.quotes - 1, len(text) - places[-1]))


def _quotes_of(token: re.Match[str]) -> tuple[int, int]:
    return token.start(), token.start() + token[0].rindex('"')


def _looked_at(plan: Plan) -> set[int]:
    places = (*plan.texts, *plan.counts, *((slot, at) for slot, at, _ in plan.others), *plan.kept)
    return {at for _, at in places}


def _mark_of(given: object) -> int | None:
    """The mark that a decoded text or number is."""
    if isinstance(given, str):
        rest = given.removeprefix(_MARK)
        return int(rest) if rest != given and rest.isdigit() else None
    return int(given) - _NUMBERED if isinstance(given, int | float) and given >= _NUMBERED else None


def _replaced(text: str, tokens: list[re.Match[str]], pieces: list[str]) -> str:
    """The text with its tokens replaced."""
    made, end = list[str](), 0
    for token, piece in zip(tokens, pieces, strict=True):
        made += text[end : token.start()], piece
        end = token.end()
    return "".join((*made, text[end:]))
