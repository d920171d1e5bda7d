"""The text of a span as a template: spans that one program writes differ in their values only, so one pattern reads them all.

A template is made from the text of one span. Each string and number in it is replaced by a mark, and the typed decoder says
where each mark ends up: so a template can't read a field otherwise than the decoder does. Whatever the pattern matches is sound
JSON, since it differs from sound JSON in whole strings and numbers only; what it does not match is decoded."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal, NamedTuple

from finops.sources.otlp_plan import Plan, Plans
from finops.sources.otlp_shape import BROKEN, Span, Value, decoded_span

FIELDS = ("traceId", "spanId", "parentSpanId", "name", "startTimeUnixNano", "endTimeUnixNano")

LONGEST = 16 << 10
"""A span whose text is longer than this many characters makes no template."""

_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"(?P<key>\s*:)?|(?P<number>-?\d[\d.eE+-]*)')

_STRING = r'"([^"\\\x00-\x1f]*)"'
"""A string that means what it says: nothing in it is escaped."""
_ANY_STRING = r'"(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u(?![dD][89a-fA-F])[0-9a-fA-F]{4}))*+"'
_WHOLE = r"(0|-?[1-9]\d{0,18})"
_DIGITS = r"-?(?:0|[1-9]\d{0,17})(?:\.\d{1,17})?(?:[eE][+-]?\d{1,2})?"
_NUMBER, _ANY_NUMBER = f"({_DIGITS})", f"(?:{_DIGITS})"
_END = r"\s*(?:,\s*(?=\{)|(\]))"

Form = Literal["text", "whole", "whole_text", "number", "number_text", "first"]
"""How an attribute's value is written: `stringValue`, `intValue` as number or text, `doubleValue` likewise, a list of one."""

Captured = tuple[str, ...]
"""The texts that a pattern captured."""


class Place(NamedTuple):
    """The group of the pattern that holds a value, and how it is written there."""

    group: int
    form: Form


class Template:
    """What reads one kind of span. `match` also takes what follows a span: its last group is the bracket behind the last one.
    `fields` are the groups of FIELDS, None where the span does not have one; `code` is the group of the status. `values` holds,
    for each attribute that the plan looks at, its place, or the value that it always has. `follower` came next lately."""

    __slots__ = ("code", "fields", "follower", "match", "names", "plan", "values")

    def __init__(self, pattern: str, names: list[str], plan: Plan, found: _Found) -> None:
        groups = {mark: group for group, mark in enumerate(sorted(found.captured))}
        self.match = re.compile(pattern).match
        self.names, self.plan = names, plan
        self.fields = [None if mark is None else groups[mark] for mark in found.fields]
        self.code = None if found.code is None else groups[found.code]
        self.values = {at: Place(groups[v.group], v.form) if isinstance(v, Place) else v for at, v in found.values.items()}
        self.follower: Template | None = None


def template_for(text: str, plans: Plans) -> Template | None:
    """The template of a span's text; None where it has something that only the decoder can tell."""
    if len(text) > LONGEST:
        return None
    tokens = [token for token in _TOKENS.finditer(text) if not token["key"]]
    marks = [f'"{_MARK}{mark}"' if token["number"] is None else str(_NUMBERED + mark) for mark, token in enumerate(tokens)]
    try:
        names = [a.key for a in decoded_span(text).attributes or ()]
        marked = decoded_span(_replaced(text, tokens, marks))
        plan = plans.plan(tuple(names))
        found = _Found(marked, plan)
    except (*BROKEN, _Odd):
        return None
    if any("\\" in tokens[mark][0] for mark in found.captured):
        return None
    pieces = [found.pattern(mark, token[0]) for mark, token in enumerate(tokens)]
    pattern = _replaced(text, tokens, pieces, re.escape) + _END
    return Template(pattern, names, plan, found)


_MARK, _NUMBERED = "mark:", 7_000_000


class _Odd(Exception):
    """Something that only the decoder can tell."""


class _Found:
    """Where the marks of a span ended up, and by which pattern each is read."""

    def __init__(self, span: Span, plan: Plan) -> None:
        self.captured: dict[int, str] = {}
        self._literal = {mark for a in span.attributes or () if (mark := _mark_of(a.key)) is not None}
        self.fields = [self._capture(getattr(span, name), _WHOLE) for name in FIELDS]
        self.code = None if span.status is None else self._capture(span.status.code, _WHOLE)
        self.values = {at: self._value(span.attributes[at].value) for at in _looked_at(plan)} if span.attributes else {}

    def pattern(self, mark: int, written: str) -> str:
        if mark in self._literal:
            return re.escape(written)
        return self.captured.get(mark) or (_ANY_STRING if written.startswith('"') else _ANY_NUMBER)

    def _capture(self, given: object, number: str) -> int | None:
        if given is None:
            return None
        mark = _mark_of(given)
        if mark is None:
            raise _Odd
        self.captured[mark] = _STRING if isinstance(given, str) else number
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
        mark = self._capture(given, _WHOLE if said == ["intValue"] else _NUMBER)
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


def _looked_at(plan: Plan) -> set[int]:
    places = (*plan.texts, *plan.counts, *((slot, at) for slot, at, _ in plan.others), *plan.kept)
    return {at for _, at in places}


def _mark_of(given: object) -> int | None:
    """The mark that a decoded text or number is."""
    if isinstance(given, str):
        rest = given.removeprefix(_MARK)
        return int(rest) if rest != given and rest.isdigit() else None
    return int(given) - _NUMBERED if isinstance(given, int | float) and given >= _NUMBERED else None


def _replaced(text: str, tokens: list[re.Match[str]], pieces: list[str], between: Callable[[str], str] = str) -> str:
    """The text with its tokens replaced; what stands between them is written as `between` says."""
    made, end = list[str](), 0
    for token, piece in zip(tokens, pieces, strict=True):
        made += between(text[end : token.start()]), piece
        end = token.end()
    return "".join((*made, between(text[end:])))
