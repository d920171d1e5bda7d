"""Spans with the same attribute names, to be read column by column: decoded ones, and ones of which the text was captured."""

from __future__ import annotations

from operator import attrgetter, itemgetter
from typing import Any

import msgspec

from finops.sources.otlp_plan import Plan
from finops.sources.otlp_shape import Attribute, Item, Items, Span, Status, Value
from finops.sources.otlp_spans import FAILED, Row
from finops.sources.otlp_template import FIELDS, Captured, Place, Template
from finops.sources.otlp_values import count, text


class Alike:
    """Spans with the same attribute names, of resources that say the same kinds of things: with each, what its resource says of
    it and the line it stands on."""

    __slots__ = ("_attributes", "lines", "names", "plan", "shape", "spans", "templates")

    def __init__(self, names: list[str], plan: Plan, shape: int) -> None:
        self.names, self.plan, self.shape = names, plan, shape
        self.spans: list[Span] = []
        self.templates: list[Row] = []
        self.lines: list[int] = []
        self._attributes: list[list[Attribute]] | None = None

    def __len__(self) -> int:
        return len(self.spans)

    def decoded(self) -> list[Span]:
        """The spans themselves."""
        return self.spans

    def field(self, name: str) -> list[Any]:
        """A field of each span, as it is written: text, number or None."""
        return list(map(attrgetter(name), self.spans))

    def failed(self) -> list[bool]:
        """Whether each span's status is an error."""
        return [span.status is not None and span.status.code in FAILED for span in self.spans]

    def values(self, at: int) -> list[Value | None]:
        """The values of an attribute."""
        return [a[at].value for a in self._listed()]

    def texts(self, at: int, most: int) -> list[Any]:
        """The values of an attribute as texts of at most so many characters; of an array its first text."""
        attributes = self._listed()
        try:
            found = [a[at].value.stringValue for a in attributes]  # type: ignore[union-attr]
            if fits(found, most):
                return found
        except (AttributeError, TypeError):
            pass  # a value is missing, or no text
        try:
            found = [a[at].value.arrayValue.values[0].stringValue for a in attributes]  # type: ignore[union-attr,index]
            if fits(found, most):
                return found
        except (AttributeError, TypeError, IndexError):
            pass  # not all of them are arrays of text
        return [None if found is None else found[:most] for found in map(text, self.values(at))]

    def counts(self, at: int, name: str) -> list[int | None]:
        """The values of an attribute as whole numbers."""
        try:
            written = [a[at].value.intValue for a in self._listed()]  # type: ignore[union-attr]
            if are_digits(written):
                return list(map(int, written))  # type: ignore[arg-type]
        except (AttributeError, TypeError):
            pass  # a value is missing, or a number, or something else
        return [count(value, name) for value in self.values(at)]

    def _listed(self) -> list[list[Attribute]]:
        if self._attributes is None:
            self._attributes = [span.attributes or [] for span in self.spans]
        return self._attributes


class AlikeTexts:
    """The same of spans that one template reads."""

    __slots__ = ("lines", "plan", "rows", "shape", "template", "templates")

    def __init__(self, template: Template, shape: int) -> None:
        self.template, self.plan, self.shape = template, template.plan, shape
        self.rows: list[Captured] = []
        self.templates: list[Row] = []
        self.lines: list[int] = []

    def __len__(self) -> int:
        return len(self.rows)

    def decoded(self) -> list[Span]:
        """The spans, with those of their attributes that the plan looks at."""
        fields = [self.field(name) for name in FIELDS]
        values = {at: self.values(at) for at in self.template.values}
        codes = self._captured(self.template.code)
        return [
            Span(
                **{name: column[row] for name, column in zip(FIELDS, fields, strict=True)},
                attributes=[Attribute(n, values[at][row] if at in values else None) for at, n in enumerate(self.template.names)],
                status=Status(codes[row]),
            )
            for row in range(len(self.rows))
        ]

    def field(self, name: str) -> list[Any]:
        """A field of each span, as it is written; a number as its digits."""
        return self._captured(self.template.fields[FIELDS.index(name)])

    def failed(self) -> list[bool]:
        """Whether each span's status is an error."""
        if self.template.code is None:
            return [False] * len(self.rows)
        return [code in FAILED for code in self._captured(self.template.code)]

    def values(self, at: int) -> list[Value | None]:
        """The values of an attribute."""
        place = self.template.values[at]
        if not isinstance(place, Place):
            return [place] * len(self.rows)
        written = self._captured(place.group)
        if place.form == "text":
            return [Value(stringValue=one) for one in written]
        if place.form == "first":
            return [Value(arrayValue=Items([Item(one)])) for one in written]
        if place.form in ("whole", "whole_text"):
            return [Value(intValue=int(one) if place.form == "whole" else one) for one in written]
        return [Value(doubleValue=_number(one) if place.form == "number" else one) for one in written]

    def texts(self, at: int, most: int) -> list[Any]:
        """The values of an attribute as texts of at most so many characters; of an array its first text."""
        place = self.template.values[at]
        if isinstance(place, Place) and place.form in ("text", "first"):
            found = self._captured(place.group)
            return found if fits(found, most) else [one[:most] or None for one in found]
        return [None if found is None else found[:most] for found in map(text, self.values(at))]

    def counts(self, at: int, name: str) -> list[int | None]:
        """The values of an attribute as whole numbers."""
        place = self.template.values[at]
        if isinstance(place, Place) and place.form in ("whole", "whole_text"):
            written = self._captured(place.group)
            if are_digits(written):
                return list(map(int, written))
        return [count(value, name) for value in self.values(at)]

    def _captured(self, group: int | None) -> list[Any]:
        return [None] * len(self.rows) if group is None else list(map(itemgetter(group), self.rows))


def fits(found: list[Any], most: int) -> bool:
    """Whether all are texts, none empty, none longer than that; raises TypeError where one is no text."""
    return "" not in found and max(map(len, found)) <= most


def are_digits(written: list[Any]) -> bool:
    """Whether all are texts of one to fourteen digits; raises TypeError where one is no text."""
    digits = "".join(written)
    return digits.isascii() and digits.isdigit() and max(map(len, written)) < 15 and "" not in written


_number = msgspec.json.Decoder(float | int | str).decode
