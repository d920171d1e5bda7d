"""Prices: one file per provider, and the book of dated facts."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from finops.errors import UsageError

if TYPE_CHECKING:
    from finops.prices.base import PriceProvider

PROVIDERS: tuple[str, ...] = (
    *("snapshots", "tokens", "aws_price_list", "aws_savings_plans", "aws_spot_history", "aws_spot_advisor"),
    *("azure_retail", "gcp_catalog"),
)
"""Modules of this package that expose `PROVIDER`; imported on use."""


def updates_of_tokens() -> PriceProvider:
    """The project of the token prices' library: asked on request alone."""
    found: PriceProvider = import_module("finops.prices.token_updates").PROVIDER
    return found


def provider(name: str) -> PriceProvider:
    """The price provider of that name."""
    if name not in PROVIDERS:
        raise UsageError(f"there is no price provider `{name}`", hint=f"there are {', '.join(PROVIDERS)}")
    found: PriceProvider = import_module(f"finops.prices.{name}").PROVIDER
    return found
