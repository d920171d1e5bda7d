"""Token prices in force: the library's, other lists where it knows no price, discounts, and contract prices over all."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from typing import Protocol

from finops.core.tokens import INPUT_CLASSES, OUTPUT_CLASSES
from finops.prices.base import Batch, Discount, PricePoint
from finops.prices.names import canonical_provider
from finops.prices.terms import discount_on
from finops.prices.token_rows import STANDARD, TokenPrice
from finops.prices.tokens import resolve_model, token_price_batch

Model = tuple[str, str]
REFRESHED = "tokens"
"""The name of batches that the list's own project was asked for."""
_FIRST, _END = datetime.min, datetime.max  # noqa: DTZ901 - naive UTC, as stored


class Listed(Protocol):
    """A dated list of token prices, such as the library's."""

    @property
    def name(self) -> str: ...
    @property
    def as_of(self) -> date: ...
    @property
    def source(self) -> str: ...
    @property
    def points(self) -> Sequence[TokenPrice]: ...
    def of(self, models: Collection[Model], /) -> Sequence[TokenPrice]: ...


@dataclass(frozen=True)
class TokenBook:
    """A list of token prices and what batches of the ledger change of it. Other facts make another name: a book is one dated
    batch, and months that were priced by an earlier one keep its prices."""

    listed: Listed
    own: Mapping[Model, Sequence[TokenPrice]]
    newer: Mapping[Model, Sequence[TokenPrice]]
    """What the list's own project says since, from the days on which it was asked."""
    others: Mapping[Model, Sequence[TokenPrice]]
    discounts: Sequence[Discount]
    digest: str

    @classmethod
    def of_batches(cls, batches: Sequence[Batch]) -> TokenBook:
        """The book of the installed library and the batches, in their order."""
        own: dict[Model, list[TokenPrice]] = {}
        newer: dict[Model, list[TokenPrice]] = {}
        others: dict[Model, dict[tuple[str, int], TokenPrice]] = {}
        discounts, listed = [], token_price_batch()
        hashed = hashlib.sha256()
        for batch in batches:
            agreed: dict[Model, list[TokenPrice]] = {}
            asked: dict[Model, list[TokenPrice]] = {}
            since = batch.name == REFRESHED and batch.as_of > listed.as_of
            for fact in batch.facts:
                if isinstance(fact, Discount) and "/" in fact.sku:
                    discounts.append(fact)
                elif isinstance(fact, PricePoint) and fact.unit == "token" and batch.own:
                    model, point = _point(fact, own=True)
                    agreed.setdefault(model, []).append(point)
                elif isinstance(fact, PricePoint) and fact.unit == "token":
                    model, point = _point(fact, own=False)
                    if resolve_model(*model) is None:
                        others.setdefault(model, {})[point.token_class, point.min_input_tokens] = point
                    elif since:
                        asked.setdefault(model, []).append(_point(fact, own=True)[1])
                else:
                    continue
                hashed.update(repr(fact if since else replace(fact, as_of=date.min)).encode())
            for into, found in ((own, agreed), (newer, asked)):
                for model, points in found.items():
                    into[model] = [*_outside_all(into.get(model, ()), points), *_in_turn(points)]
        digest = hashed.hexdigest()[:12] if own or newer or others or discounts else ""
        return cls(listed, own, newer, {key: list(found.values()) for key, found in others.items()}, discounts, digest)

    @property
    def name(self) -> str:
        return f"{self.listed.name}+{self.digest}" if self.digest else self.listed.name

    @property
    def as_of(self) -> date:
        return self.listed.as_of

    @property
    def source(self) -> str:
        return self.listed.source

    @cached_property
    def points(self) -> Sequence[TokenPrice]:
        """Every price, sorted as the list's are."""
        if not self.digest:
            return self.listed.points
        return self._merged(self.listed.points, {*self.own, *self.newer, *self.others})

    def of(self, models: Collection[Model]) -> Sequence[TokenPrice]:
        """The prices of these models."""
        listed = self.listed.of(models)
        return self._merged(listed, set(models)) if self.digest else listed

    def resolve(self, provider_raw: str | None, model_raw: str | None) -> Model | None:
        """The (provider, model) under which prices are kept for what a span or a bill calls them; None is unpriced."""
        found = resolve_model(provider_raw, model_raw)
        if found is not None or not model_raw:
            return found
        provider, model = canonical_provider(provider_raw) or (provider_raw or "").strip().lower(), model_raw.strip().lower()
        if provider:
            return (provider, model) if (provider, model) in self.own or (provider, model) in self.others else None
        named = sorted(key for key in {*self.own, *self.others} if key[1] == model)
        return named[0] if len(named) == 1 else None

    def _merged(self, listed: Iterable[TokenPrice], models: Collection[Model]) -> list[TokenPrice]:
        known = [piece for point in listed for piece in self._until_newer(point)]
        known += [point for model in sorted(models) for point in self.newer.get(model, ())]
        of_list = {(point.provider, point.model) for point in known}
        for model in sorted(models):
            if model not in of_list:
                known += _with_children(self.others.get(model, ()))
        found = [piece for point in known for piece in self._under_terms(point)]
        priced = {(point.provider, point.model) for point in known}
        for model in sorted(models):
            points = self.own.get(model, ())
            found += points if model in priced else _with_children(points)
        return sorted(found, key=_order)

    def _until_newer(self, point: TokenPrice) -> list[TokenPrice]:
        """A listed price on the days for which its project says nothing newer."""
        if point.service_tier != STANDARD or point.variant:
            return [point]
        return _outside_all([point], self.newer.get((point.provider, point.model), ()))

    def _under_terms(self, point: TokenPrice) -> Iterator[TokenPrice]:
        """A listed price outside the spans of contract prices, cut where a discount begins or ends."""
        pieces = [point]
        if point.service_tier == STANDARD and not point.variant:
            pieces = _outside_all(pieces, self.own.get((point.provider, point.model), ()))
        names = (point.provider, "*", f"{point.model}/{point.token_class}", "on_demand")
        days = sorted({day for one in self.discounts for day in (one.valid_from, one.as_of, one.valid_to) if day is not None})
        for piece in pieces:
            for part in _cut(piece, [_midnight(day) for day in days]):
                on = part.valid_from.date() if part.valid_from else date.min
                discount = discount_on(self.discounts, names, date.max, max(on, date.min)) if self.discounts else None
                if discount is None:
                    yield part
                else:
                    source = f"{self.source}; {discount.source}"
                    yield replace(part, price=part.price * (1 - discount.share), source=source, as_of=self.as_of)


def _point(fact: PricePoint, *, own: bool) -> tuple[Model, TokenPrice]:
    """A contract price holds from its first valid day or from when it was known, a listed one as long as nobody says else."""
    model, _, token_class = fact.sku.rpartition("/")
    begins = max(fact.valid_from or fact.as_of, fact.as_of) if own else fact.valid_from
    point = TokenPrice(
        fact.provider, model, token_class, STANDARD, "", int(fact.tier_from), _midnight(begins) if begins else None,
        _midnight(fact.valid_to) if fact.valid_to else None, None, None, fact.price, fact.currency, fact.source, fact.as_of,
    )  # fmt: skip
    return (fact.provider, model), point


def _with_children(points: Iterable[TokenPrice]) -> list[TokenPrice]:
    """The prices of a model that no list knows: a class without one of its own is billed as plain input or output."""
    given = list(points)
    classes = {point.token_class for point in given}
    made = list(given)
    for point in given:
        children = {"input_uncached": INPUT_CLASSES, "output": OUTPUT_CLASSES}.get(point.token_class, ())
        made += [replace(point, token_class=child) for child in children if child not in classes]
    return made


def _outside_all(pieces: Iterable[TokenPrice], others: Iterable[TokenPrice]) -> list[TokenPrice]:
    """What is left of the prices in time where others of their class are not in force."""
    left = list(pieces)
    for other in others:
        left = [rest for one in left for rest in (_outside(one, other) if one.token_class == other.token_class else [one])]
    return left


def _in_turn(points: Sequence[TokenPrice]) -> list[TokenPrice]:
    """Of one contract: a price of a class and tier ends where its next one begins."""
    found = []
    for point in points:
        later = [
            other.valid_from
            for other in points
            if (other.token_class, other.min_input_tokens) == (point.token_class, point.min_input_tokens)
            and (other.valid_from or _FIRST) > (point.valid_from or _FIRST)
        ]
        end = min([day for day in (point.valid_to, *later) if day is not None], default=None)
        found.append(replace(point, valid_to=end))
    return found


def _outside(piece: TokenPrice, own: TokenPrice) -> list[TokenPrice]:
    start, end = own.valid_from or _FIRST, own.valid_to or _END
    first, last = piece.valid_from or _FIRST, piece.valid_to or _END
    if end <= first or last <= start:
        return [piece]
    rest = []
    if first < start:
        rest.append(replace(piece, valid_to=start))
    if end < last:
        rest.append(replace(piece, valid_from=end))
    return rest


def _cut(piece: TokenPrice, days: Sequence[datetime]) -> Iterator[TokenPrice]:
    for day in days:
        if (piece.valid_from or _FIRST) < day < (piece.valid_to or _END):
            yield replace(piece, valid_to=day)
            piece = replace(piece, valid_from=day)
    yield piece


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001 - naive UTC, as stored


def _order(point: TokenPrice) -> tuple[str, ...]:
    return (
        point.provider, point.model, point.token_class, point.service_tier, point.variant, str(point.valid_from or ""),
        str(point.tod_from or ""), f"{point.min_input_tokens:012d}",
    )  # fmt: skip
