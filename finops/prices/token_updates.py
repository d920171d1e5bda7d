"""Token prices as the library's own project lists them today, asked for over the network: what differs from those installed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.errors import OutsideError
from finops.prices.base import PricePoint, PriceQuery, stored
from finops.prices.http_json import get_bytes
from finops.prices.token_rows import STANDARD, TokenPrice, token_prices
from finops.prices.tokens import LIBRARY, models_among, provider_name, token_price_batch

if TYPE_CHECKING:
    from genai_prices.types import Provider

LARGEST_BYTES = 64 * 1024 * 1024
FEWEST_SHARE = 0.5
"""A list with less than this share of the installed one's models is cut short, or no such list."""
_KEPT = "the prices are as they were"
_OFFLINE = f"a newer {LIBRARY} brings newer prices without a network; `finops prices import` takes LiteLLM's list"
Model = tuple[str, str]
Spans = dict[tuple[Model, str], dict[tuple[int, date | None, date | None], Decimal]]
"""Prices by model and class of token: fewest input tokens of the request and the days on which it holds to the price."""


@dataclass(frozen=True)
class TokenUpdates:
    """The project's list: the prices of models of which one differs from the installed library's from the day `at` on, and of the
    models in `again`. What it says of days before `at` is left aside, and so are special tiers and prices by the time of day."""

    url: str | None = None
    pause: Callable[[float], None] | None = None
    again: frozenset[Model] = field(default_factory=frozenset)
    name = "tokens"
    title = f"token prices of the {LIBRARY} project"
    cloud = ""
    complete = False

    def fetch(self, query: PriceQuery, at: date) -> Iterator[PricePoint]:
        del query
        text = self._asked()
        source = f"{LIBRARY} project, asked on {at}, sha256 {hashlib.sha256(text).hexdigest()[:16]} (MIT)"
        listed, installed = _spans(_points_of(text, self._where), at), _spans(token_price_batch().points, at)
        known = {model for model, _ in installed}
        told = self.again | {name[0] for name, prices in listed.items() if prices != installed.get(name)}
        for (model, token_class), prices in sorted(listed.items()):
            if model not in told:
                continue
            for (least, begins, ends), price in sorted(prices.items(), key=str):
                if begins is not None and model not in known:
                    continue  # of a model that is new here only what holds today is taken
                yield PricePoint(
                    model[0], "*", f"{model[1]}/{token_class}", "on_demand", "token", stored(price), "USD", at, source,
                    valid_from=begins or (at if model in known else None), valid_to=ends, tier_from=Decimal(least),
                )  # fmt: skip

    @property
    def _where(self) -> str:
        from genai_prices.update_prices import DEFAULT_UPDATE_URL

        return self.url or DEFAULT_UPDATE_URL

    def _asked(self) -> bytes:
        try:
            return get_bytes(self._where, LARGEST_BYTES, pause=self.pause)
        except OutsideError as error:
            raise OutsideError(error.what, where=error.where, hint=_OFFLINE) from None


PROVIDER = TokenUpdates()


def _points_of(text: bytes, where: str) -> list[TokenPrice]:
    """The list read as the library reads its own; an error where that can't be, or where most of its models are not there."""
    from genai_prices.types import _providers_from_raw

    try:
        providers: list[Provider] = _providers_from_raw(_array(json.loads(text, parse_float=Decimal)))
    except ValueError as error:  # what pydantic says of a shape is one, too
        said = str(error).partition("\n")[0]
        raise OutsideError(f"the answer is no list of token prices: {said}", where=where, hint=_KEPT) from None
    by_name: Mapping[str, Provider] = {provider_name(provider): provider for provider in providers}
    found = [(name, one) for name, provider in by_name.items() for one in models_among(provider, providers)]
    installed = {(point.provider, point.model) for point in token_price_batch().points}
    there = sum((name, model) in installed for name, (model, _, _) in found)
    if there < FEWEST_SHARE * len(installed):
        said = f"the list has {there:,} of the {len(installed):,} models that are known: it is cut short"
        raise OutsideError(said, where=where, hint=_KEPT)
    return [point for name, (model, info, own) in found for point in token_prices(name, model, info, own=own)]


def _array(payload: Any) -> Any:
    if not isinstance(payload, list):
        raise ValueError(f"it holds {type(payload).__name__} and no array")
    return payload


def _spans(points: Iterable[TokenPrice], at: date) -> Spans:
    """Standard prices in force on the day `at` or later; of models whose prices go by the time of day, none."""
    base = [point for point in points if point.service_tier == STANDARD and not point.variant]
    by_hour = {(point.provider, point.model) for point in base if point.tod_from is not None or point.tod_to is not None}
    found: Spans = {}
    for point in base:
        model = (point.provider, point.model)
        begins, ends = (None if moment is None else moment.date() for moment in (point.valid_from, point.valid_to))
        if model in by_hour or (ends is not None and ends <= at):
            continue
        begins = begins if begins is not None and begins > at else None
        found.setdefault((model, point.token_class), {})[point.min_input_tokens, begins, ends] = point.price
    return found
