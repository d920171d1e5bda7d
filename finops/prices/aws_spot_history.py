"""EC2 spot prices of the day, by region: the lowest zone, with the highest beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from finops.errors import OutsideError, UsageError
from finops.prices.aws_session import aws_errors, client, pages, regions_of
from finops.prices.base import PricePoint, PriceQuery

WHERE = "EC2 spot price history"
_LINUX = ("Linux/UNIX", "Linux/UNIX (Amazon VPC)")


class AwsSpotHistory:
    """Every region that the account may use, or those that the query names."""

    name = "aws_spot_history"
    title = "EC2 spot price history"
    cloud = "aws"
    complete = True

    def fetch(self, query: PriceQuery, at: date) -> Iterator[PricePoint]:
        known = regions_of("ec2", WHERE)
        for region in query.regions or ():
            if region not in known:
                raise UsageError(f"AWS has no region `{region}`", where="--region", hint="for example us-east-1")
        for region in query.regions or self._regions():
            yield from self._region(region, query.skus, at)

    def _regions(self) -> list[str]:
        with aws_errors(WHERE):
            found = client("ec2", "us-east-1", WHERE).describe_regions(AllRegions=False)
        return sorted(entry["RegionName"] for entry in found.get("Regions") or () if entry.get("RegionName"))

    def _region(self, region: str, kinds: Sequence[str] | None, at: date) -> Iterator[PricePoint]:
        begins = datetime.combine(at, time(), UTC)
        question: dict[str, Any] = {"ProductDescriptions": list(_LINUX), "StartTime": begins}
        if kinds:
            question["InstanceTypes"] = list(kinds)
        latest: dict[tuple[str, str], tuple[datetime, Decimal]] = {}
        where = f"{WHERE}, {region}"
        for page in pages(client("ec2", region, where).describe_spot_price_history, "NextToken", where, **question):
            for key, seen in _entries(page, where):
                if seen[0] < begins + timedelta(days=1):
                    latest[key] = max(latest.get(key, seen), seen)
        if not latest:
            raise OutsideError("there is no spot price", where=where, hint="check `--region` and `--instance-type`")
        zones: dict[str, list[tuple[Decimal, str]]] = {}
        for (kind, zone), (_, price) in latest.items():
            zones.setdefault(kind, []).append((price, zone))
        for kind, prices in sorted(zones.items()):
            low, high = min(prices), max(prices)
            how = f"lowest of {len(prices)} zones ({low[1]}); the highest asks {high[0].normalize():f} ({high[1]})"
            yield PricePoint("aws", region, kind, "spot", "hour", low[0], "USD", at, WHERE, derived_from=how)


PROVIDER = AwsSpotHistory()


def _entries(page: dict[str, Any], where: str) -> list[tuple[tuple[str, str], tuple[datetime, Decimal]]]:
    """Type and zone, time and price of every entry of a page."""
    found = []
    try:
        for entry in page["SpotPriceHistory"]:
            key = (str(entry["InstanceType"]), str(entry.get("AvailabilityZoneId") or entry["AvailabilityZone"]))
            price = Decimal(entry["SpotPrice"])
            if not price.is_finite():
                raise ArithmeticError(f"{price} is no price")
            found.append((key, (entry["Timestamp"].astimezone(UTC), price)))
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        said = f"an entry has another shape than expected ({type(error).__name__}: {error})"
        raise OutsideError(said, where=where, hint="upgrade finops") from None
    return found
