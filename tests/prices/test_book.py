"""The price book: anchor prices, what is in force when, why a price is missing, and which facts are refused."""

from __future__ import annotations

import csv
import gzip
import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from finops.core.placing.offer import Offer
from finops.errors import DataError
from finops.prices.book import PriceBook

HEAD = "# provider: aws\n# as_of: {as_of}\n# source: our contract\n# unit: hour\n# currency: USD\n"
TABLE = "instance_type,region,purchase_option,price\n"


@pytest.fixture(scope="module")
def book() -> PriceBook:
    return PriceBook.load()


def written(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("provider", "region", "instance_type", "option", "price"),
    [
        ("aws", "us-east-1", "g4dn.xlarge", "on_demand", "0.526"),
        ("aws", "us-east-1", "g5.xlarge", "on_demand", "1.006"),
        ("aws", "us-east-1", "g6.xlarge", "on_demand", "0.8048"),
        ("aws", "us-east-1", "g6e.xlarge", "on_demand", "1.861"),
        ("aws", "us-east-1", "p4d.24xlarge", "on_demand", "21.957642"),
        ("aws", "us-east-1", "p4de.24xlarge", "on_demand", "27.44705"),
        ("aws", "us-east-1", "p5.48xlarge", "on_demand", "55.04"),
        ("aws", "us-east-1", "p5.4xlarge", "on_demand", "6.88"),
        ("aws", "us-east-1", "p5en.48xlarge", "on_demand", "63.296"),
        ("aws", "us-east-1", "p6-b200.48xlarge", "on_demand", "113.9328"),
        ("aws", "us-east-1", "m5.large", "on_demand", "0.096"),
        ("aws", "us-east-1", "g4dn.xlarge", "spot", "0.18936"),
        ("aws", "us-east-1", "g6.xlarge", "spot", "0.410448"),
        ("aws", "us-east-1", "g6e.24xlarge", "spot", "3.9171"),
        ("azure", "eastus", "Standard_NC24ads_A100_v4", "on_demand", "3.673"),
        ("azure", "brazilsouth", "Standard_NC24ads_A100_v4", "on_demand", "7.346"),
        ("azure", "eastus", "Standard_ND96asr_v4", "on_demand", "27.197"),
        ("azure", "eastus", "Standard_ND96isr_H100_v5", "on_demand", "98.32"),
        ("azure", "eastus", "Standard_NC40ads_H100_v5", "on_demand", "6.98"),
        ("azure", "eastus", "Standard_NC4as_T4_v3", "on_demand", "0.526"),
        ("gcp", "us-central1", "a2-highgpu-1g", "on_demand", "3.673385"),
        ("gcp", "us-central1", "a2-highgpu-1g", "spot", "1.92802"),
        ("gcp", "us-central1", "g2-standard-4", "on_demand", "0.706832"),
        ("gcp", "us-central1", "g2-standard-4", "spot", "0.397336"),
        ("gcp", "us-central1", "g4-standard-48", "spot", "1.79982"),
        ("gcp", "us-central1", "c3-highcpu-88", "spot", "0.91696"),
    ],
)
def test_anchor_prices(book: PriceBook, provider: str, region: str, instance_type: str, option: str, price: str) -> None:
    offer = book.offer(provider, region, instance_type, option)
    assert offer is not None
    assert abs(offer.price - Decimal(price)) <= Decimal("0.0001")
    assert (offer.unit, offer.currency) == ("hour", "USD")


def test_anchor_prices_of_gcp_eight_h100(book: PriceBook) -> None:
    prices = {o.purchase_option: round(o.price, 2) for o in book.offers("gcp", "us-central1", "a3-highgpu-8g")}
    assert prices == {"on_demand": Decimal("88.49"), "spot": Decimal("50.61")}


def test_prices_differ_between_regions_by_half_and_more(book: PriceBook) -> None:
    prices = {o.region: o.price for o in book.offers("gcp", None, "g2-standard-4", "on_demand")}
    assert min(prices, key=lambda region: prices[region]) == "us-east4"
    assert max(prices.values()) / min(prices.values()) > Decimal("1.6")


def test_what_an_instance_holds(book: PriceBook) -> None:
    for provider, name, gpu, count, memory, vcpu in (
        ("aws", "p5.48xlarge", "H100", 8, 80, 192),
        ("aws", "g6e.12xlarge", "L40S", 4, 48, 48),
        ("gcp", "a2-ultragpu-2g", "A100", 2, 80, 24),
        ("azure", "Standard_NC48ads_A100_v4", "A100", 2, 80, 48),
    ):
        spec = book.specs(provider, name)
        assert spec is not None
        assert (spec.gpu_name, spec.gpu_count, spec.gpu_memory_gb, spec.vcpu) == (gpu, count, memory, vcpu)
    assert book.specs("gcp", "n4-standard-8") is None


def test_derived_spot_names_both_dates_and_is_as_old_as_the_older(book: PriceBook) -> None:
    offer = book.offer("aws", "us-east-1", "g6.xlarge", "spot")
    assert offer is not None
    assert offer.as_of == date(2025, 7, 28)
    assert offer.derived_from == "on_demand of 2026-07-20 x (1 - 0.49), saving of 2025-07-28"
    bucket = book.buckets("aws", "us-east-1", "g6.xlarge")
    assert bucket is not None
    assert offer.price == Decimal("0.8048") * (1 - bucket.saving)


def test_spot_is_not_always_cheaper(book: PriceBook) -> None:
    savings = [bucket.saving for facts in book._savings.values() for _, bucket in facts]
    assert min(savings) < 0 < max(savings) <= Decimal("0.9")


def test_three_ways_to_have_no_price(book: PriceBook) -> None:
    assert book.absence("aws", "us-east-1", "g6.xlarge", "on_demand") is None
    unknown = book.absence("aws", "eu-west-1", "g5.xlarge", "on_demand")
    assert unknown is not None
    assert (unknown.kind, unknown.reason) == ("no_price", "no on_demand price known in eu-west-1")
    assert book.offer("aws", "eu-west-1", "g5.xlarge", "spot") is None
    assert book.buckets("aws", "eu-west-1", "g5.xlarge") is not None
    absent = book.absence("gcp", "us-west3", "a3-highgpu-8g", "on_demand")
    assert absent is not None
    assert absent.kind == "not_offered"
    old = book.offer("gcp", "us-central1", "g2-standard-4", "spot")
    assert old is not None
    assert (old.is_stale(date(2026, 9, 5)), old.is_stale(date(2026, 9, 6))) == (False, True)


@pytest.mark.parametrize(
    ("region", "instance_type", "says"),
    [
        ("us-east-1", "g6.2xlrge", "unknown instance type `g6.2xlrge` of aws: did you mean `g6.2xlarge`?"),
        ("us-eaast-1", "g6.2xlarge", "unknown region `us-eaast-1` of aws: did you mean `us-east-1`?"),
        ("us-east-1", "a2-highgpu-1g", "unknown instance type `a2-highgpu-1g` of aws"),
    ],
)
def test_a_name_that_no_fact_has_is_not_called_not_offered(book: PriceBook, region: str, instance_type: str, says: str) -> None:
    absence = book.absence("aws", region, instance_type, "on_demand", date(2026, 11, 20))
    assert absence is not None
    assert (absence.kind, absence.reason[: len(says)]) == ("unknown", says)


def test_no_fact_reaches_back_before_its_date(book: PriceBook) -> None:
    assert book.offer("aws", "us-east-1", "g6.xlarge", "on_demand", date(2026, 7, 19)) is None
    assert book.offer("aws", "us-east-1", "g6.xlarge", "spot", date(2026, 7, 19)) is None
    absence = book.absence("aws", "us-east-1", "g6.xlarge", "on_demand", date(2026, 7, 19))
    assert absence is not None
    assert absence.reason == "no price known before 2026-07-20"


def test_a_new_snapshot_never_rewrites_the_past(tmp_path: Path) -> None:
    for day, price in (("2026-03-01", "3"), ("2026-09-01", "2"), ("2026-12-01", "1")):
        written(tmp_path, f"aws-{day}.csv", HEAD.format(as_of=day) + TABLE + f"x9.large,us-east-1,on_demand,{price}\n")
    own = PriceBook.load(tmp_path)

    def on(day: date) -> Offer | None:
        return own.offer("aws", "us-east-1", "x9.large", "on_demand", day)

    assert on(date(2026, 2, 28)) is None
    prices = [on(day) for day in (date(2026, 3, 1), date(2026, 8, 31), date(2026, 9, 1), date(2026, 11, 20), date(2026, 12, 1))]
    assert [offer and offer.price for offer in prices] == [3, 3, 2, 2, 1]


def test_ones_own_facts_win_even_when_they_are_older(tmp_path: Path) -> None:
    text = HEAD.format(as_of="2026-01-01") + TABLE + "g6.xlarge,us-east-1,on_demand,0.50\ng6.xlarge,us-east-1,reserved_1y,0.30\n"
    own = PriceBook.load(written(tmp_path / "deep" / "er", "contract.csv", text).parent)
    offer = own.offer("aws", "us-east-1", "g6.xlarge", "on_demand")
    assert offer is not None
    assert (offer.price, offer.source) == (Decimal("0.50"), "our contract")
    assert own.offer("aws", "us-east-1", "g6.xlarge", "reserved_1y") is not None
    spot = own.offer("aws", "us-east-1", "g6.xlarge", "spot")
    assert spot is not None
    assert spot.price == Decimal("0.50") * Decimal("0.51")


def test_ones_own_savings_and_specifications_win_as_well(tmp_path: Path) -> None:
    head = "# provider: aws\n# as_of: 2025-01-01\n# source: ours\n"
    written(tmp_path, "spot.csv", head + "instance_type,region,saving,bucket\ng6.xlarge,us-east-1,10,0-5\n")
    written(
        tmp_path, "specs.csv", head + "instance_type,gpu_name,gpu_count,gpu_memory_gb,vcpu,memory_gib\ng6.xlarge,L4,1,24,2,8\n"
    )
    own = PriceBook.load(tmp_path)
    spot, spec = own.offer("aws", "us-east-1", "g6.xlarge", "spot"), own.specs("aws", "g6.xlarge")
    assert spot is not None
    assert (spot.price, spot.as_of) == (Decimal("0.8048") * Decimal("0.9"), date(2025, 1, 1))
    assert spec is not None
    assert spec.vcpu == 2


def test_an_empty_price_says_offered_and_not_known(tmp_path: Path) -> None:
    own = PriceBook.load(written(tmp_path, "a.csv", HEAD.format(as_of="2026-01-01") + TABLE + "x9.large,us-east-1,on_demand,\n"))
    assert own.offer("aws", "us-east-1", "x9.large", "on_demand") is None
    absence = own.absence("aws", "us-east-1", "x9.large", "on_demand")
    assert absence is not None
    assert (absence.kind, absence.reason) == ("no_price", "offered there, price not known")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("# provider: aws\n# source: s\n# currency: USD\n" + TABLE + "x,r,spot,1\n", "a price without a date is refused"),
        (
            "# provider: aws\n# as_of: 2026-1-1\n# source: s\n# currency: USD\n" + TABLE + "x,r,spot,1\n",
            "`2026-1-1` is not a date",
        ),
        ("# provider: aws\n# as_of: 2026-01-01\n# currency: USD\n" + TABLE + "x,r,spot,1\n", "a price fact needs `source`"),
        (HEAD.format(as_of="2026-01-01") + TABLE + "x,r,spot,0.000\n", "`0.000` is not a price"),
        (HEAD.format(as_of="2026-01-01") + TABLE + "x,r,spot,1e3\n", "`1e3` is not a price"),
        (HEAD.format(as_of="2026-01-01") + TABLE + "x,r,spot,-1\n", "`-1` is not a price"),
        (HEAD.format(as_of="2026-01-01") + TABLE + 'x,r,spot,"$1,000"\n', "`$1,000` is not a price"),
        (HEAD.format(as_of="2026-01-01") + TABLE + "x,r,barter,1\n", "purchase_option"),
        (HEAD.format(as_of="2026-01-01") + TABLE + "x,r,spot\n", "3 fields"),
        (HEAD.format(as_of="2026-01-01").replace("hour", "month") + TABLE + "x,r,spot,1\n", "per `month`"),
        (HEAD.format(as_of="2026-01-01") + "a,b\n1,2\n", "holds none of"),
        ("", "no table"),
    ],
)
def test_facts_that_are_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(DataError) as caught:
        PriceBook.load(written(tmp_path, "own.csv", text))
    assert says in caught.value.what
    assert "own.csv" in str(caught.value.where)


def test_a_missing_folder_and_a_wrong_encoding_are_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no folder of price facts"):
        PriceBook.load(tmp_path / "nowhere")
    (tmp_path / "own.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="not UTF-8"):
        PriceBook.load(tmp_path)


def test_the_book_opens_quickly(tmp_path: Path) -> None:
    best = min(_seconds(tmp_path) for _ in range(5))
    assert best < 0.5


def _seconds(overlay: Path) -> float:
    """The time to read all facts beside an empty folder of one's own; without one, they are read once a process."""
    start = time.process_time()
    PriceBook.load(overlay)
    return time.process_time() - start


@pytest.mark.parametrize(
    ("name", "provider"),
    [
        ("aws_ondemand_us-east-1_2026-07-20.csv.gz", "aws"),
        ("azure_ondemand_all_regions_2026-06-18.csv.gz", "azure"),
        ("gcp_ondemand_spot_all_regions_2026-08.csv.gz", "gcp"),
    ],
)
def test_every_carried_price_is_the_sources(
    book: PriceBook, shared_file: Callable[[str], Path], name: str, provider: str
) -> None:
    with gzip.open(shared_file(f"prices/{name}"), "rt") as lines:
        rows = list(csv.DictReader(lines))
    theirs = {(r["region"], r["instance_type"].strip(), r["price_model"]): Decimal(r["usd_per_hour"]) for r in rows}
    ours = {(o.region, o.instance_type, o.purchase_option): o.price for o in book.offers(provider) if o.derived_from is None}
    assert ours
    assert all(theirs[key] == price for key, price in ours.items())
    accelerators = ("g4dn.", "p5.", "Standard_NC40ads", "Standard_ND96", "a2-", "a3-", "g2-", "g4-")
    wanted = {key for key, price in theirs.items() if key[1].startswith(accelerators) and price > 0}
    assert wanted <= set(ours)
    assert {key[0] for key in theirs} == {key[0] for key in ours}
