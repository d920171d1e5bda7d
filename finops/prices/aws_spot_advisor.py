"""The AWS Spot Instance Advisor: how far spot stood below on-demand last month, and how much of it was taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from finops.errors import OutsideError
from finops.prices.base import PriceQuery, SpotSaving
from finops.prices.http_json import get_json

URL = "https://spot-bid-advisor.s3.amazonaws.com/spot-advisor-data.json"
SOURCE = "AWS Spot Instance Advisor"
_BUCKETS = (("0", "0.05"), ("0.05", "0.1"), ("0.1", "0.15"), ("0.15", "0.2"), ("0.2", "1"))
"""By the list's index: between what shares of capacity were taken back in the trailing month."""


@dataclass(frozen=True)
class AwsSpotAdvisor:
    """One public file for all regions. Its buckets are a lower bound of the hazard, since nobody says how long capacity ran."""

    url: str = URL
    pause: Callable[[float], None] | None = None
    name: str = "aws_spot_advisor"
    title: str = "AWS Spot Instance Advisor: savings and interruptions"
    cloud: str = "aws"
    complete: bool = False

    def fetch(self, query: PriceQuery, at: date) -> Iterator[SpotSaving]:
        told = get_json(self.url, pause=self.pause)
        try:
            for region, systems in told["spot_advisor"].items():
                for kind, facts in systems.get("Linux", {}).items():
                    if region in (query.regions or (region,)) and kind in (query.skus or (kind,)):
                        low, high = (Decimal(share) for share in _BUCKETS[range(len(_BUCKETS)).index(facts["r"])])
                        yield SpotSaving("aws", region, kind, Decimal(facts["s"]) / 100, low, high, at, SOURCE)
        except (KeyError, ValueError, TypeError, AttributeError, ArithmeticError):
            raise OutsideError("the file has another shape than expected", where=self.url, hint="upgrade finops") from None


PROVIDER = AwsSpotAdvisor()
