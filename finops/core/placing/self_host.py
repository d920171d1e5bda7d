"""From which amount of work own machines cost less than an API: a step at each further machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from math import ceil

from finops.core.committing.commitments import EXACT, MONTH_HOURS


@dataclass(frozen=True)
class Host:
    """Own machines as one replica: what a month of it costs, how many tokens a month it does, and what its care costs a month
    whatever the number."""

    hourly: Decimal
    tokens_per_s: Decimal
    utilisation: Decimal = Decimal(1)
    care: Decimal = Decimal(0)

    @property
    def capacity(self) -> Decimal:
        """Tokens a month of one replica: utilisation divides what it does, never its bill."""
        return EXACT.multiply(EXACT.multiply(self.tokens_per_s * 3600, MONTH_HOURS), self.utilisation)

    def replicas(self, tokens: Decimal) -> int:
        return max(1, ceil(EXACT.divide(tokens, self.capacity)))

    def cost(self, tokens: Decimal) -> Decimal:
        """A month's cost of so many tokens: ceil(tokens / capacity) x price x 730 + care."""
        return self.replicas(tokens) * self.hourly * MONTH_HOURS + self.care


@dataclass(frozen=True)
class Window:
    """Tokens a month between which so many replicas cost less than the API: above `low`, up to `high`."""

    replicas: int
    low: Decimal
    high: Decimal


def blended(input_share: Decimal, input_price: Decimal, output_price: Decimal) -> Decimal:
    """The price of a token of which so large a share are input."""
    return input_share * input_price + (1 - input_share) * output_price


def windows(host: Host, api_price: Decimal, most: int = 64) -> Iterator[Window]:
    """Where own machines are cheaper, by number of replicas; at each further replica the API may be cheaper again for a while.
    (n x price x 730 + care) / API price, within what n replicas do."""
    for count in range(1, most + 1):
        low = max(EXACT.divide(count * host.hourly * MONTH_HOURS + host.care, api_price), (count - 1) * host.capacity)
        high = count * host.capacity
        if low < high:
            yield Window(count, low, high)
