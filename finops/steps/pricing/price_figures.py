"""Where a price of `finops prices list` and `show` stands: its line, or the facts that it was derived from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from finops.core.explaining.figures import Figure, Part
from finops.core.placing.offer import Offer
from finops.core.placing.tiered import Tier

if TYPE_CHECKING:
    from finops.prices.lineage import PriceFiles


def price_figures(row: Mapping[str, Any], prices: PriceFiles) -> Sequence[Figure]:
    """The figures of one price."""
    formula, parts = _price(row, prices)
    same = "as the line of the price says"
    return [
        Figure("price", formula, parts),
        Figure("age_days", None, parts, f"days from the oldest of these facts to {prices.at}"),
        *(Figure(name, None, parts, same) for name in ("min_input_tokens", "tier_from")),
    ]


def _price(row: Mapping[str, Any], prices: PriceFiles) -> tuple[str, tuple[Part, ...]]:
    if row["instance_type"]:
        names = (row["provider"], row["region"], row["instance_type"], row["purchase_option"])
        offer = Offer(*names, row["price"], row["unit"], row["currency"], row["as_of"], row["source"], row["derived_from"])
        return prices.behind(offer)
    what = f"price of a {row['unit']}: {row['model'] or row['sku']} {row['token_class'] or ''}".rstrip()
    told = Part("listed", row["price"], what, None, None, row["as_of"], row["source"])
    if row["sku"]:
        tier = Tier(row["tier_from"], row["price"])
        found = prices.tier(row["provider"], row["region"], row["sku"], row["as_of"], row["source"], tier)
        return "listed", (found or told,)
    return "listed", (told,)
