"""Token prices: the genai-prices library as one dated batch, and the names that its models go by."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, cached_property, lru_cache
from typing import TYPE_CHECKING

from finops.bundled import pricing_dir
from finops.errors import DataError
from finops.prices.base import PricePoint, PriceQuery
from finops.prices.fact_files import read_facts
from finops.prices.names import canonical_provider
from finops.prices.token_rows import STANDARD, TokenPrice, token_prices

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, Provider

__all__ = ["PROVIDER", "TokenPrice", "TokenPriceBatch", "canonical_provider", "resolve_model", "token_price_batch"]

LIBRARY = "genai-prices"


@dataclass(frozen=True)
class TokenPriceBatch:
    """All token prices of one version of the library. A new version is a new batch; an old one is never changed."""

    name: str
    as_of: date
    source: str

    @cached_property
    def points(self) -> tuple[TokenPrice, ...]:
        """Tens of thousands of prices, flattened, sorted by provider, model and class."""
        return tuple(_points((provider_name(provider), item) for provider in _providers().values() for item in _models(provider)))

    def of(self, models: Collection[tuple[str, str]]) -> Sequence[TokenPrice]:
        """The points of these (provider, model), in the same order; the others are not even looked at."""
        providers = sorted({name for name, _ in models} & _providers().keys())
        return _points((name, item) for name in providers for item in _models_of(name) if (name, item[0]) in models)


@cache
def token_price_batch() -> TokenPriceBatch:
    """The installed library's prices."""
    from genai_prices import __version__

    return TokenPriceBatch(f"{LIBRARY}-{__version__}", _as_of(__version__), f"{LIBRARY} {__version__} (MIT)")


def _points(models: Iterable[tuple[str, tuple[str, ModelInfo, bool]]]) -> list[TokenPrice]:
    found = [point for provider, (name, model, own) in models for point in token_prices(provider, name, model, own=own)]
    return sorted(found, key=_order)


@lru_cache(maxsize=65536)
def resolve_model(provider_raw: str | None, model_raw: str | None) -> tuple[str, str] | None:
    """The (provider, model) under which token prices are kept, for what a span or a bill calls them; None is unpriced.
    The provider is the one who sends the bill. Names match by the alias table and the library's own rules; none is guessed."""
    if not model_raw or not model_raw.strip():
        return None
    reference = model_raw.strip().lower()
    raw = (provider_raw or "").strip()
    if raw.lower() == "litellm" and "/" in reference:
        raw, _, reference = reference.partition("/")
    provider = _provider_of(raw, reference)
    if provider is None:
        return None
    from genai_prices.data_snapshot import get_snapshot

    try:
        _, found = get_snapshot().find_provider_model(reference, provider, None, None)
    except LookupError:
        return None
    name = next((name for name, model, _ in _models(provider) if model is found), None)
    return None if name is None else (provider_name(provider), name)


class _Tokens:
    """The library as a price provider: today's standard prices, one point per model and token class."""

    name = "tokens"
    title = "token prices of the genai-prices library"
    cloud = ""
    complete = False

    def fetch(self, query: PriceQuery, at: date) -> Iterator[PricePoint]:
        batch = token_price_batch()
        moment = datetime(at.year, at.month, at.day)  # noqa: DTZ001 - naive UTC, as stored
        for point in batch.points:
            sku = f"{point.model}/{point.token_class}"
            wanted = query.skus is None or sku in query.skus or point.model in query.skus
            if wanted and _is_base(point) and _holds(point, moment):
                yield PricePoint(
                    point.provider, "*", sku, "on_demand", "token", point.price, point.currency, batch.as_of, batch.source,
                    valid_from=point.valid_from.date() if point.valid_from else None,
                    valid_to=point.valid_to.date() if point.valid_to else None,
                )  # fmt: skip


PROVIDER = _Tokens()


def _is_base(point: TokenPrice) -> bool:
    return point.service_tier == STANDARD and not point.variant and not point.min_input_tokens and point.tod_from is None


def _holds(point: TokenPrice, moment: datetime) -> bool:
    return (point.valid_from is None or point.valid_from <= moment) and (point.valid_to is None or moment < point.valid_to)


@cache
def _providers() -> dict[str, Provider]:
    """The library's providers by the name that they have here."""
    from genai_prices.data_snapshot import get_snapshot

    return {provider_name(provider): provider for provider in get_snapshot().providers}


def provider_name(provider: Provider) -> str:
    """The name that a provider of the library has here."""
    return canonical_provider(provider.id) or provider.id


def _provider_of(raw: str, reference: str) -> Provider | None:
    if raw:
        return _providers().get(canonical_provider(raw) or raw.lower())
    from genai_prices.data_snapshot import get_snapshot

    try:
        return get_snapshot().find_provider(reference, None, None)
    except LookupError:
        return None


def _models(provider: Provider) -> list[tuple[str, ModelInfo, bool]]:
    """The provider's models by name, its own first, then those that it resells under the maker's prices."""
    return _models_of(provider_name(provider))


@cache
def _models_of(name: str) -> list[tuple[str, ModelInfo, bool]]:
    from genai_prices.data_snapshot import get_snapshot

    return models_among(_providers()[name], get_snapshot().providers)


def models_among(provider: Provider, providers: Iterable[Provider]) -> list[tuple[str, ModelInfo, bool]]:
    """The provider's models by name, its own first (True), then those of others among `providers` that it resells."""
    found = [(model.id, model, True) for model in provider.models]
    taken = {model.id for model in provider.models}
    makers = {other.id: other for other in providers}
    for maker in provider.fallback_model_providers or ():
        for model in makers[maker].models:
            key = model.id if model.id not in taken else f"{maker}/{model.id}"
            taken.add(key)
            found.append((key, model, False))
    return found


def _as_of(version: str) -> date:
    """The date of the library's prices; of a version that the table does not know, that of the newest known one before it."""
    facts = read_facts(pricing_dir() / "token-libraries.csv")
    known = {_version_key(row["version"]): date.fromisoformat(row["as_of"]) for row in facts.dicts() if row["library"] == LIBRARY}
    before = [key for key in known if key <= _version_key(version)]
    if not before:
        raise DataError(f"the date of {LIBRARY} {version} is not known", where=str(facts.path), hint="add its version and date")
    return known[max(before)]


def _version_key(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def _order(point: TokenPrice) -> tuple[str, ...]:
    return (
        point.provider, point.model, point.token_class, point.service_tier, point.variant, str(point.valid_from or ""),
        str(point.tod_from or ""), f"{point.min_input_tokens:012d}",
    )  # fmt: skip
