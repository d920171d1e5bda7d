"""Azure Retail Prices: on-demand, spot, savings plans and reservations of Linux machines, page by page over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from finops.errors import OutsideError
from finops.prices.base import PricePoint, PriceQuery, stored
from finops.prices.http_json import get_json

URL = "https://prices.azure.com/api/retail/prices"
SOURCE = "Azure Retail Prices"
_API_VERSION = "2023-01-01-preview"
"""The version that lists savings plans beside the price; its filters heed upper and lower case."""
_HOURS = {"1 Year": ("1y", 8760), "3 Years": ("3y", 26280)}
_NOT_LINUX = (" Windows", " Win", "Windows ")
_NOT_MACHINES = ("Dedicated Host", "CloudServices", "Cloud Services")
_MOST_PAGES = 20_000


@dataclass(frozen=True)
class AzureRetail:
    """The list needs no credentials. A price that begins later is kept with its day."""

    url: str = URL
    pause: Callable[[float], None] | None = None
    name: str = "azure_retail"
    title: str = "Azure Retail Prices: on-demand, spot, savings plans, reservations"
    cloud: str = "azure"
    complete: bool = True

    def fetch(self, query: PriceQuery, at: date) -> Iterator[PricePoint]:
        found: dict[tuple[str, ...], list[PricePoint]] = {}
        for kind in ("Consumption", "Reservation"):
            for item in self._items(kind, query):
                for point in item_prices(item, at):
                    found.setdefault((point.region, point.sku, point.purchase_option, point.currency), []).append(point)
        for points in found.values():
            yield from _in_turn(points, at)

    def _items(self, kind: str, query: PriceQuery) -> Iterator[Mapping[str, Any]]:
        """Every item of a kind; the filter names regions and types where the query does."""
        terms = ["serviceName eq 'Virtual Machines'", f"priceType eq '{kind}'"]
        terms += [_any_of("armRegionName", query.regions)] if query.regions else []
        terms += [_any_of("armSkuName", query.skus)] if query.skus else []
        params: dict[str, str] | None = {"api-version": _API_VERSION, "currencyCode": "USD", "$filter": " and ".join(terms)}
        url, seen = self.url, set()
        for _ in range(_MOST_PAGES):
            page = get_json(url, params, pause=self.pause)
            if not isinstance(page, dict) or not isinstance(page.get("Items"), list):
                raise OutsideError("a page has another shape than expected", where=self.url, hint="upgrade finops")
            yield from page["Items"]
            if isinstance(page.get("Count"), int) and page["Count"] != len(page["Items"]):
                raise OutsideError("a page is not whole", where=self.url, hint="try again later; the prices are as they were")
            after = page.get("NextPageLink")
            if not after:
                return
            if after in seen:
                break
            seen.add(after)
            url, params = _of_the_same_server(str(after), self.url), None  # the link holds the filter
        raise OutsideError("the list comes in a circle", where=self.url, hint="try again later; the prices are as they were")


PROVIDER = AzureRetail()


def _of_the_same_server(link: str, url: str) -> str:
    """The link to the next page, where it stays with the server that was asked."""
    there, here = urlsplit(link), urlsplit(url)
    if (there.scheme, there.hostname) != (here.scheme, here.hostname):
        raise OutsideError("a page leads to another server", where=url, hint="the prices are as they were")
    return link


def item_prices(item: Mapping[str, Any], at: date) -> Iterator[PricePoint]:
    """The prices of one item; none where it is Windows, low priority, dedicated, a secondary meter, or over."""
    try:
        product, sku = item["productName"], item["skuName"]
        ended = item.get("effectiveEndDate") and _day(item["effectiveEndDate"]) <= at
        other = any(text in product for text in _NOT_MACHINES) or any(text in f"{product} " for text in _NOT_LINUX)
        if other or "Low Priority" in sku or item.get("isPrimaryMeterRegion") is False or ended:
            return
        region, kind, price = item["armRegionName"], item["armSkuName"], Decimal(item["retailPrice"])
        if not region or not kind or item["unitOfMeasure"] != "1 Hour" or Decimal(item.get("tierMinimumUnits") or 0) > 0:
            return
        begins = _day(item["effectiveStartDate"])
        source = f"{SOURCE}, meter {item['meterId']}" if item.get("meterId") else SOURCE
        names, about = ("azure", region, kind), (item["currencyCode"], at, source)
        valid = (begins, _day(item["effectiveEndDate"]) if item.get("effectiveEndDate") else None)
        if item["type"] == "Reservation":
            if item.get("reservationTerm") in _HOURS:
                years, hours = _HOURS[item["reservationTerm"]]
                how = f"{price:f} for {item['reservationTerm']} / {hours} h"
                yield PricePoint(*names, f"reserved_{years}", "hour", stored(price / hours), *about, *valid, how)
            return
        if item["type"] != "Consumption":
            return
        option = "spot" if sku.endswith(" Spot") else "on_demand"
        yield PricePoint(*names, option, "hour", price, *about, *valid)
        for plan in item.get("savingsPlan") or () if option == "on_demand" else ():
            if plan.get("term") in _HOURS:
                years, _ = _HOURS[plan["term"]]
                yield PricePoint(*names, f"savings_plan_{years}", "hour", Decimal(plan["retailPrice"]), *about, *valid)
    except (KeyError, TypeError, AttributeError, ValueError, ArithmeticError) as error:
        raise OutsideError(
            f"an item has another shape than expected ({type(error).__name__}: {error})", where=SOURCE, hint="upgrade finops"
        ) from None


def _in_turn(points: list[PricePoint], at: date) -> Iterator[PricePoint]:
    """Of one name's prices that have begun only the newest, and those that are to come; each ends where the next begins."""
    starts = sorted({point.valid_from or date.min for point in points})
    now = max((start for start in starts if start <= at), default=None)
    for number, start in enumerate(starts):
        if now is not None and start < now:
            continue
        after = starts[number + 1] if number + 1 < len(starts) else None
        for point in points:
            if point.valid_from == start:
                ends = min((day for day in (point.valid_to, after) if day is not None), default=None)
                yield replace(point, valid_to=ends)


def _any_of(name: str, values: tuple[str, ...]) -> str:
    told = (value.replace("'", "''") for value in values)
    return "(" + " or ".join(f"{name} eq '{value}'" for value in told) + ")"


def _day(text: str) -> date:
    return date.fromisoformat(text[:10])
