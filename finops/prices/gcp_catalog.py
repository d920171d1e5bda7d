"""The Google Cloud Billing Catalog: a Compute Engine machine is the sum of its SKUs, forced local SSD included."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from typing import Any

from finops.errors import OutsideError, UsageError
from finops.prices.base import PricePoint, PriceQuery, stored
from finops.prices.book import PriceBook
from finops.prices.gcp_parts import HOURS_A_MONTH, part_of, parts_of

COMPUTE = "services/6F81-5844-456A"
SOURCE = "Google Cloud Billing Catalog"
_PAGE = 5000
_OPTIONS = ("on_demand", "spot", "reserved_1y", "reserved_3y")
_UNITS = {"h": 1, "GiBy.h": 1, "GiBy.mo": HOURS_A_MONTH, "mo": HOURS_A_MONTH}
"""Unit of a SKU to the hours that it holds."""
_SIGN_IN = "sign in anew (`gcloud auth application-default login`); the prices are as they were"
_LATER = "try again later; the prices are as they were"


@dataclass(frozen=True)
class Rate:
    """The price of one unit of a part for one hour."""

    price: Decimal
    currency: str
    sku: str


Rates = dict[tuple[str, str, str, str], list[Rate]]
"""(region, purchase option, kind of part, what it is of) to its rate, or to several where SKUs contradict each other."""


@dataclass(frozen=True)
class GcpCatalog:
    """Machines whose specification is known. Where a part of a machine has no price, the machine has none; where two SKUs price a
    part differently, both sums are told, and the checks refuse them."""

    client: Callable[[], Any] | None = None
    name: str = "gcp_catalog"
    title: str = "Google Cloud Billing Catalog: on-demand, spot, committed"
    cloud: str = "gcp"
    complete: bool = False

    def fetch(self, query: PriceQuery, at: date) -> Iterator[PricePoint]:
        rates = self._rates()
        regions = sorted({region for region, *_ in rates})
        for region in query.regions or ():
            if region not in regions:
                raise UsageError(f"Google Cloud has no region `{region}`", where="--region", hint="for example us-central1")
        specs = [spec for spec in PriceBook.load().all_specs() if spec.provider == "gcp"]
        for spec in specs:
            parts = parts_of(spec) if spec.instance_type in (query.skus or (spec.instance_type,)) else None
            for region in query.regions or regions if parts else ():
                for option in _OPTIONS:
                    found = [(count, rates.get((region, option, *part), [])) for part, count in (parts or {}).items()]
                    for choice in range(max(len(told) for _, told in found)) if all(told for _, told in found) else ():
                        known = [(count, told[min(choice, len(told) - 1)]) for count, told in found]
                        yield _sum(("gcp", region, spec.instance_type, option), known, at)

    def _rates(self) -> Rates:
        """The catalogue's rates of parts, by region."""
        from google.cloud.billing_v1.types import ListSkusRequest

        rates: Rates = {}
        with _google_errors():
            catalogue = self.client() if self.client else _client()
            for sku in catalogue.list_skus(request=ListSkusRequest(parent=COMPUTE, page_size=_PAGE), timeout=120):
                part = part_of(sku.description, sku.category.usage_type)
                rate = _rate(sku) if part is not None else None
                if part is None or rate is None:
                    continue
                for region in sku.service_regions:
                    told = rates.setdefault((region, part.purchase_option, part.kind, part.of), [])
                    if rate.price not in [one.price for one in told]:
                        told.append(rate)
        if not rates:
            raise OutsideError("the catalogue lists no parts of machines", where=SOURCE, hint=_LATER)
        return rates


PROVIDER = GcpCatalog()


def _rate(sku: Any) -> Rate | None:
    """The first price above nothing: of one unit for one hour. None where the SKU has none."""
    if not sku.pricing_info:
        return None
    told = sku.pricing_info[-1].pricing_expression
    hours = _UNITS.get(told.usage_unit)
    prices = [tier.unit_price for tier in told.tiered_rates]
    prices = [price for price in prices if price.units or price.nanos]
    if hours is None or not prices:
        return None
    with localcontext(prec=60):
        price = Decimal(prices[0].units) + Decimal(prices[0].nanos).scaleb(-9)
        return Rate(price / hours, prices[0].currency_code or "USD", sku.sku_id)


def _sum(names: tuple[str, str, str, str], parts: Sequence[tuple[Decimal, Rate]], at: date) -> PricePoint:
    with localcontext(prec=60):
        price = sum((count * rate.price for count, rate in parts), Decimal(0))
    how = "sum of SKUs: " + " + ".join(f"{count.normalize():f} x {rate.sku}" for count, rate in parts)
    return PricePoint(*names, "hour", stored(price), parts[0][1].currency, at, SOURCE, derived_from=how)


def _client() -> Any:
    from google.cloud.billing_v1 import CloudCatalogClient

    try:
        return CloudCatalogClient()
    except (AttributeError, TypeError, ValueError) as error:  # a credentials file of another shape than the library thinks of
        from google.auth.exceptions import GoogleAuthError

        if isinstance(error, GoogleAuthError):
            raise
        raise OutsideError("the Google credentials can't be read", where=SOURCE, hint=_SIGN_IN) from None


@contextmanager
def _google_errors() -> Iterator[None]:
    """Turns whatever Google's library raises into one OutsideError. Nothing of a credential is in any message."""
    from google.api_core import exceptions as google
    from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError, RefreshError

    try:
        yield
    except DefaultCredentialsError:
        raise OutsideError("there are no Google credentials that can be read", where=SOURCE, hint=_SIGN_IN) from None
    except (RefreshError, google.Unauthenticated):
        raise OutsideError("the Google session has expired", where=SOURCE, hint=_SIGN_IN) from None
    except GoogleAuthError as error:
        raise OutsideError(f"Google can't be signed in to ({type(error).__name__})", where=SOURCE, hint=_SIGN_IN) from None
    except google.PermissionDenied:
        hint = "the caller needs the Cloud Billing API switched on in its project"
        raise OutsideError("Google refuses access", where=SOURCE, hint=hint) from None
    except (google.ResourceExhausted, google.TooManyRequests):
        raise OutsideError("Google asks to slow down", where=SOURCE, hint=_LATER) from None
    except (google.GoogleAPICallError, google.RetryError) as error:
        raise OutsideError(f"Google does not answer as it should ({type(error).__name__})", where=SOURCE, hint=_LATER) from None
