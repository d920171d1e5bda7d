"""Names: which provider a bill or a span means, and where a region stands."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from finops.bundled import pricing_dir
from finops.prices.fact_files import read_facts


@dataclass(frozen=True)
class Region:
    """A region of a cloud and the part of the world it stands in."""

    provider: str
    region: str
    place: str
    country: str
    zone_group: str


def canonical_provider(text: str | None) -> str | None:
    """The one name of a provider that bills and spans call by many; None when the name is not known."""
    return provider_aliases().get((text or "").strip().lower())


@cache
def provider_aliases() -> dict[str, str]:
    """Alias in lower case to canonical provider."""
    return {row["alias"]: row["provider"] for row in read_facts(pricing_dir() / "providers.csv").dicts()}


@cache
def regions() -> dict[tuple[str, str], Region]:
    """(provider, region) to what is known of it."""
    rows = read_facts(pricing_dir() / "regions.csv").dicts()
    return {(row["provider"], row["region"]): Region(**{name: row[name] for name in Region.__annotations__}) for row in rows}
