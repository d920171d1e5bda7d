"""The bundled rates of moving data, by provider and kind, with the day and the source they come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cache

from finops.bundled import pricing_dir
from finops.prices.fact_files import read_facts

INTERNET, REGION = "egress_internet", "egress_region"
Tier = tuple[Decimal, Decimal]


@cache
def transfer_tiers() -> Mapping[tuple[str, str], Sequence[Tier]]:
    """(provider, kind) to the tiers of a GB in dollars. A free first tier is a price of 0: here zero is a fact."""
    found: dict[tuple[str, str], list[Tier]] = {}
    for row in read_facts(pricing_dir() / "transfer.csv").dicts():
        found.setdefault((row["provider"], row["sku"]), []).append((Decimal(row["tier_from"]), Decimal(row["price"])))
    return found


@cache
def transfer_as_of() -> date:
    """The day that the rates are of."""
    return date.fromisoformat(next(read_facts(pricing_dir() / "transfer.csv").dicts())["as_of"])
