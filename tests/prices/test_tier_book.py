"""Prices by tier: what is bundled, what a contract or an own file changes, and what is refused."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from finops.core.placing.tiered import tiered_cost
from finops.errors import DataError
from finops.prices.base import Batch
from finops.prices.checks import units
from finops.prices.names import regions
from finops.prices.price_file import read_price_file
from finops.prices.tier_book import TierBook

AT = date(2026, 11, 21)
HEAD = "# provider: aws\n# as_of: {as_of}\n# source: ours\n# currency: USD\nsku,region,tier_from,price,unit\n"


def cost(book: TierBook, gb: int, region: str = "us-east-1", on: date | None = None) -> Decimal | None:
    found = book.tiers("aws", region, "egress_internet", AT, on)
    return found and tiered_cost(Decimal(gb), found.tiers)


def test_what_is_bundled() -> None:
    book = TierBook.load()
    assert cost(book, 61440) == Decimal("5119.91")
    assert cost(book, 61440, "ap-east-1") is None  # nobody told, which is not free
    assert cost(book, 61440, on=date(2026, 4, 26)) is None
    known = book.known(AT)
    assert {(one.provider, one.region) for one in known} <= set(regions())
    assert {one.sku for one in known} == {"egress_internet", "egress_region", "egress_continent", "storage_object"}
    for one in known:
        assert all(units()[one.unit].low <= tier.price <= units()[one.unit].high for tier in one.tiers)
        assert [tier.price for tier in one.tiers] == sorted((tier.price for tier in one.tiers), reverse=True)


@pytest.mark.parametrize(
    ("provider", "region", "sku", "gb", "expected"),
    [
        ("aws", "sa-east-1", "egress_continent", 1000, "138"),
        ("aws", "ap-south-1", "egress_region", 1000, "86"),
        ("aws", "us-east-1", "egress_continent", 1000, "20"),
        ("aws", "ap-southeast-2", "egress_internet", 20_480, "2170.77"),  # 10,239 x 0.114 + 10,240 x 0.098, rounded
        ("gcp", "asia-northeast1", "egress_internet", 2048, "235.52"),
        ("gcp", "us-central1", "egress_continent", 1000, None),
        ("azure", "brazilsouth", "egress_internet", 1, None),
        ("aws", "us-east-1", "storage_block", 1, None),
    ],
)
def test_the_rest_of_the_world_as_far_as_somebody_told(
    provider: str, region: str, sku: str, gb: int, expected: str | None
) -> None:
    """What nobody told is None, which is not free."""
    found = TierBook.load().tiers(provider, region, sku, AT)
    cost = found and tiered_cost(Decimal(gb), found.tiers)
    assert (cost if cost is None else round(cost, 2)) == (expected if expected is None else Decimal(expected))


def test_a_contract_takes_the_place_of_all_tiers(tmp_path: Path) -> None:
    rows = "provider,region,sku,tier_from,price,unit,currency,valid_from\n" + "".join(
        f"aws,*,egress_internet,{tier},{price},gb,USD,2026-06-01\n" for tier, price in ((0, "0.05"), (51200, "0.04"))
    )
    (tmp_path / "own.csv").write_text(rows)
    facts = [row.fact for row in read_price_file(tmp_path / "own.csv", AT) if row.fact]
    book = TierBook.load(None, [Batch("own.csv", AT, "own", facts, own=True)])
    assert cost(book, 61440, "ap-east-1") == 51200 * Decimal("0.05") + 10240 * Decimal("0.04")
    assert cost(book, 61440, on=date(2026, 5, 1)) == Decimal("5119.91")


def test_ones_own_file_wins_and_a_free_tier_is_no_price(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text(HEAD.format(as_of="2026-01-01") + "egress_internet,us-east-1,0,0.01,gb\n")
    assert cost(TierBook.load(tmp_path), 100) == 1
    (tmp_path / "mine.csv").write_text(HEAD.format(as_of="2026-01-01") + "egress_internet,us-east-1,0,0,gb\n")
    with pytest.raises(DataError, match="is not a price") as error:
        TierBook.load(tmp_path)
    assert str(error.value.where).endswith("mine.csv:6")
