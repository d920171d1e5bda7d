"""The bundled snapshots as a price provider."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from finops.prices.base import PricePoint, PriceQuery
from finops.prices.book import PriceBook


class _Snapshots:
    """What `pricing/` knows, as price points in force on a day."""

    name = "snapshots"
    title = "dated price facts that come with finops"
    cloud = ""
    complete = False

    def fetch(self, query: PriceQuery, at: date) -> Iterator[PricePoint]:
        for offer in PriceBook.load().offers(at=at):
            if (query.regions is None or offer.region in query.regions) and (
                query.skus is None or offer.instance_type in query.skus
            ):
                yield PricePoint(
                    provider=offer.provider,
                    region=offer.region,
                    sku=offer.instance_type,
                    purchase_option=offer.purchase_option,
                    unit=offer.unit,
                    price=offer.price,
                    currency=offer.currency,
                    as_of=offer.as_of,
                    source=offer.source,
                    derived_from=offer.derived_from,
                )


PROVIDER = _Snapshots()
