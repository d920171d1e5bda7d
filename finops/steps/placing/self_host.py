"""Measured machines against a model of an API: from how many tokens a month the machines cost less."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.core.placing.placement import Measurement
from finops.core.placing.self_host import Host, blended, windows
from finops.core.placing.unit_cost import rounded
from finops.errors import UsageError

if TYPE_CHECKING:
    from finops.config import Settings

MILLION = Decimal(1_000_000)


@dataclass(frozen=True)
class ApiPrice:
    """What a token of uncached input and one of output cost."""

    model: str
    input: Decimal
    output: Decimal
    currency: str


def api_price(settings: Settings, name: str, option: str = "--against") -> ApiPrice:
    """The standard price of a model, by its name or as `provider/name`, for requests that are not long."""
    from finops.prices.token_book import TokenBook
    from finops.steps.pricing.book import TOKENS, known_batches
    from finops.steps.pricing.rows import token_points

    book = TokenBook.of_batches(known_batches(settings, units=TOKENS))
    provider, slash, model = name.partition("/")
    resolved = book.resolve(provider if slash else None, model if slash else name)
    if resolved is not None:
        found = {
            point.token_class: point
            for point in token_points(book, *resolved, settings.as_of)
            if point.service_tier == "standard" and not point.variant and not point.min_input_tokens
        }
        if "input_uncached" in found and "output" in found:
            one = found["input_uncached"]
            return ApiPrice("/".join(resolved), one.price, found["output"].price, one.currency)
    hint = "`finops prices list --model NAME` shows them"
    raise UsageError(f"no price of input and output is known of a model `{name}`", where=option, hint=hint)


def against(
    m: Measurement, row: Mapping[str, Any], api: ApiPrice | None, counted: Decimal, utilisation: Decimal
) -> dict[str, Any]:
    """From how many tokens a month a replica that is always on costs less than the API, for the measured share of input."""
    if api is None or row["unit_cost"] is None or row["currency"] != api.currency or not m.input_tokens or not m.output_tokens:
        return {}
    tokens = m.input_tokens + m.output_tokens
    each = blended(m.input_tokens / tokens, api.input, api.output)
    host = Host(row["hourly_price"], tokens / m.duration_s * counted, utilisation)
    first = next(windows(host, each, most=1), None)
    return {"api_per_1m_tokens": rounded(each * MILLION), "cheaper_from_tokens": None if first is None else rounded(first.low)}


def compared(rows: Sequence[Mapping[str, Any]], api: ApiPrice | None) -> list[str]:
    """What the comparison rests on."""
    if api is None:
        return []
    priced = [row for row in rows if row.get("api_per_1m_tokens") is not None]
    if not priced:
        return [
            f"Nothing is compared with {api.model}: no benchmark with a price in {api.currency} counts input and output tokens."
        ]
    never = sum(row["cheaper_from_tokens"] is None for row in priced)
    said = f"Against {api.model} at list, uncached: from so many tokens a month on a replica that is always on costs less, up to "
    said += "what it does; each further replica is a step."
    return [said, *([f"{never} of {len(priced)} never cost less than the API at this utilisation."] if never else [])]
