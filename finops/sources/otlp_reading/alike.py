"""Spans with the same attribute names, to be read column by column: decoded ones, and ones of which the text was captured."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any

import msgspec

from finops.sources.otlp_reading.arrow import Column, Same
from finops.sources.otlp_reading.match import Pieces
from finops.sources.otlp_reading.pieces import chosen, fits_bytes, whole_numbers
from finops.sources.otlp_reading.plan import Plan
from finops.sources.otlp_reading.shape import Attribute, Item, Items, Span, Value, decoded_span
from finops.sources.otlp_reading.spans import FAILED, Row
from finops.sources.otlp_reading.template import FIELDS, Place
from finops.sources.otlp_reading.values import count, text

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


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

    @property
    def owners(self) -> list[Row]:
        """What the resources say."""
        return self.templates

    def inherited(self, values: list[Any]) -> Column:
        """What each of `owners` says, for each span."""
        return Same(values[0]) if len(set(map(id, self.templates))) == 1 else values

    def decoded(self) -> list[Span]:
        """The spans themselves."""
        return self.spans

    def field(self, name: str) -> Column:
        """A field of each span, as it is written: text, number or None."""
        return list(map(attrgetter(name), self.spans))

    def failed(self) -> Column:
        """Whether each span's status is an error."""
        return [span.status is not None and span.status.code in FAILED for span in self.spans]

    def values(self, at: int) -> list[Value | None]:
        """The values of an attribute."""
        return [a[at].value for a in self._listed()]

    def texts(self, at: int, most: int) -> Column:
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

    def counts(self, at: int, name: str) -> Column:
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
    """The same of spans that one template reads: their texts, cut into pieces. `owners` are what resources say, `owner` says
    whose each span is."""

    __slots__ = ("lines", "owner", "owners", "pieces", "plan", "template")

    def __init__(self, pieces: Pieces, owners: list[Row], owner: npt.NDArray[np.int64], lines: list[int]) -> None:
        self.pieces, self.template, self.plan = pieces, pieces.template, pieces.template.plan
        self.owners, self.owner, self.lines = owners, owner, lines

    def __len__(self) -> int:
        return len(self.pieces)

    @property
    def templates(self) -> list[Row]:
        """What its resource says of each span."""
        return [self.owners[owner] for owner in self.owner.tolist()]

    def inherited(self, values: list[Any]) -> Column:
        """What each of `owners` says, for each span."""
        if all(one == values[0] for one in values):
            return Same(values[0])
        if not all(type(one) is str for one in values):
            return [values[owner] for owner in self.owner.tolist()]
        return chosen(values, self.owner)

    def decoded(self) -> list[Span]:
        """The spans."""
        return [decoded_span(text) for text in self.pieces.texts()]

    def field(self, name: str) -> Column:
        """A field of each span, as it is written; a number as its digits."""
        piece = self.template.fields[FIELDS.index(name)]
        return Same(None) if piece is None else self.pieces.piece(piece)

    def failed(self) -> Column:
        """Whether each span's status is an error."""
        return Same(self.template.failed)

    def values(self, at: int) -> list[Value | None]:
        """The values of an attribute."""
        place = self.template.values[at]
        if not isinstance(place, Place):
            return [place] * len(self)
        written = self.pieces.piece(place.piece).to_pylist()
        if place.form == "text":
            return [Value(stringValue=one) for one in written]
        if place.form == "first":
            return [Value(arrayValue=Items([Item(one)])) for one in written]
        if place.form in ("whole", "whole_text"):
            return [Value(intValue=int(one) if place.form == "whole" else one) for one in written]
        return [Value(doubleValue=_number(one) if place.form == "number" else one) for one in written]

    def texts(self, at: int, most: int) -> Column:
        """The values of an attribute as texts of at most so many characters; of an array its first text."""
        place = self.template.values[at]
        if isinstance(place, Place) and place.form in ("text", "first"):
            found = self.pieces.piece(place.piece)
            return found if fits_bytes(found, most) else [one[:most] or None for one in found.to_pylist()]
        if not isinstance(place, Place):
            return Same(given and given[:most] if (given := text(place)) is not None else None)
        return [None if found is None else found[:most] for found in map(text, self.values(at))]

    def counts(self, at: int, name: str) -> Column:
        """The values of an attribute as whole numbers."""
        place = self.template.values[at]
        if isinstance(place, Place) and place.form in ("whole", "whole_text"):
            numbers = whole_numbers(self.pieces.piece(place.piece), 14)
            if numbers is not None:
                return numbers
        return [count(value, name) for value in self.values(at)]


def fits(found: list[Any], most: int) -> bool:
    """Whether all are texts, none empty, none longer than that; raises TypeError where one is no text."""
    return "" not in found and max(map(len, found)) <= most


def are_digits(written: list[Any]) -> bool:
    """Whether all are texts of one to fourteen digits; raises TypeError where one is no text."""
    digits = "".join(written)
    return digits.isascii() and digits.isdigit() and max(map(len, written)) < 15 and "" not in written


_number = msgspec.json.Decoder(float | int | str).decode
