"""The plug-in interface of a price provider, and the dated facts that it hands over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Protocol

_LAST_DIGIT = Decimal("1e-18")


def stored(number: Decimal) -> Decimal:
    """The number with at most the 18 decimals that the ledger keeps. What is no number stays so, for the checks to refuse."""
    if not number.is_finite():
        return number
    return number if -int(number.as_tuple().exponent) <= 18 else number.quantize(_LAST_DIGIT, ROUND_HALF_EVEN)


@dataclass(frozen=True)
class PricePoint:
    """One price of one unit (one hour, one token, one GB), never of a million. `region` '*' holds for every region.
    It holds from `valid_from` up to but not including `valid_to`; None is open. `as_of` is the day on which it was learned.
    `derived_from` says how a derived price came about (for example spot = on-demand x (1 - saving)), with both dates."""

    provider: str
    region: str
    sku: str
    """Instance type, or model and token class joined by '/', or what is moved or kept (see pricing/README.md)."""
    purchase_option: str
    unit: str
    price: Decimal
    currency: str
    as_of: date
    source: str
    valid_from: date | None = None
    valid_to: date | None = None
    derived_from: str | None = None
    tier_from: Decimal = Decimal(0)
    """The price holds for what lies above this quantity: of a month for data, of the request's input for tokens."""
    fault: str | None = None
    """Why it can't be taken, where the list says something of it that can't be read."""
    line: int | None = field(default=None, compare=False, repr=False)
    """The line of the file that states it, where a file does."""

    def __post_init__(self) -> None:
        """Lists are read from outside: raises TypeError where a name is no text."""
        for name in (self.provider, self.region, self.sku, self.purchase_option, self.unit, self.currency, self.source):
            if not isinstance(name, str):
                raise TypeError(f"a name is {type(name).__name__} and no text")


@dataclass(frozen=True)
class Discount:
    """A share off the list price of everything that matches: '*' stands for any text in `region` and `sku`.
    Where several match, the most special one holds, then the newest."""

    provider: str
    region: str
    sku: str
    purchase_option: str
    share: Decimal
    as_of: date
    source: str
    valid_from: date | None = None
    valid_to: date | None = None
    line: int | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class SpotSaving:
    """How far spot stood below on-demand, and how much of it was taken back in a month: shares of one."""

    provider: str
    region: str
    sku: str
    saving: Decimal
    low: Decimal
    high: Decimal
    as_of: date
    source: str

    def __post_init__(self) -> None:
        """Raises TypeError where a name is no text."""
        if not isinstance(self.region, str) or not isinstance(self.sku, str):
            raise TypeError("a name is no text")


Fact = PricePoint | Discount | SpotSaving


@dataclass(frozen=True)
class PriceQuery:
    """What to fetch; None means everything that the provider knows."""

    regions: tuple[str, ...] | None = None
    skus: tuple[str, ...] | None = None


class PriceProvider(Protocol):
    """A place that prices come from. One module per provider in `finops/prices`, exposing `PROVIDER`. Writes nothing.
    Whatever goes wrong outside is an OutsideError that holds nothing of a credential."""

    name: str
    title: str
    cloud: str
    """Whose prices they are; `finops prices refresh CLOUD` asks all providers of a cloud. Empty: nothing to refresh."""
    complete: bool
    """Whether it leaves nothing out of what is offered in a region: what it lists no longer is not offered any more."""

    def fetch(self, query: PriceQuery, at: date) -> Iterable[PricePoint | SpotSaving]: ...


@dataclass(frozen=True)
class Batch:
    """What one refresh or import brought, never changed later. `own` marks a contract, which beats every list.
    A `complete` one lists all that is offered under the regions and purchase options in it."""

    name: str
    as_of: date
    source: str
    facts: Sequence[Fact]
    own: bool = False
    complete: bool = False
