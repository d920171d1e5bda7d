"""A user's own prices: what a table may say, and the rows that are refused, each with its reason."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from finops.errors import DataError
from finops.prices.base import Batch, Discount, PricePoint
from finops.prices.book import PriceBook
from finops.prices.checks import checked
from finops.prices.price_file import read_price_file
from finops.prices.token_book import TokenBook

AT = date(2026, 11, 21)
HEAD = (
    "provider,region,instance_type,model,token_class,purchase_option,price,discount,unit,currency,valid_from,valid_to,tenancy\n"
)


def facts(tmp_path: Path, *rows: str) -> list[PricePoint | Discount]:
    (tmp_path / "own.csv").write_text("# source: agreement 7\n" + HEAD + "\n".join(rows) + "\n")
    read = read_price_file(tmp_path / "own.csv", AT)
    assert not [row.reason for row in read if row.reason]
    return [row.fact for row in read]  # type: ignore[misc]


def own(tmp_path: Path, *rows: str) -> Batch:
    return Batch("own.csv", AT, "agreement 7", facts(tmp_path, *rows), own=True)


def refusal(tmp_path: Path, *rows: str) -> list[str]:
    (tmp_path / "own.csv").write_text(HEAD + "\n".join(rows) + "\n")
    read = read_price_file(tmp_path / "own.csv", AT)
    good = [row.fact for row in read if row.fact]
    book = PriceBook.load()

    def vcpus(point: PricePoint) -> Decimal | None:
        spec = book.specs(point.provider, point.sku)
        return Decimal(spec.vcpu) if spec and spec.vcpu else None

    return [str(row.reason) for row in read if row.reason] + [one.reason for one in checked(good, None, vcpus)[1]]


def test_units_become_the_books(tmp_path: Path) -> None:
    found = facts(
        tmp_path,
        "Amazon Web Services,us-east-1,m5.large,,,,0.08,,hour,USD,,,shared",
        "aws,us-east-1,m5.large,,,reserved_1y,36.5,,month,USD,2026-03-01,2027-03-01,",
        "openai,,,gpt-4o-2024-08-06,output,,7.5,,1000000 tokens,USD,,,",
    )
    assert [(f.provider, f.region, f.sku, f.unit, f.price) for f in found if isinstance(f, PricePoint)] == [
        ("aws", "us-east-1", "m5.large", "hour", Decimal("0.08")),
        ("aws", "us-east-1", "m5.large", "hour", Decimal("0.05")),
        ("openai", "*", "gpt-4o/output", "token", Decimal("0.0000075")),
    ]
    assert [f.as_of for f in found] == [AT, date(2026, 3, 1), AT]
    assert {f.source for f in found} == {"agreement 7"}


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("aws,us-east-1,p5.48xlarge,,,,0,,hour,USD,,,", "a price of zero"),
        ("aws,us-east-1,m5.large,,,,0.1,,hour,USD,,,dedicated", "tenancy `dedicated`"),
        ("aws,us-east-1,p4d.24xlarge,,,,21957.64,,hour,USD,,,", "off by a factor of 1,000"),
        ("aws,us-east-1,c5.large,,,,85,,hour,USD,,,", "42.5 for each of 2"),
        ("aws,us-east-1,c5.9xlarge,,,,0.00153,,hour,USD,,,", "off by a factor of 1,000"),
        ("openai,,,gpt-4o,output,,10,,1000 tokens,USD,,,", "off by a factor of 1,000"),
        ("aws,us-est-1,m5.large,,,,0.09,,hour,USD,,,", "did you mean `us-west-1`"),
        ("aws,us-east-1,m5.large,,,,0.09,,parsec,USD,,,", "a price per `parsec` does not fit"),
        ("aws,us-east-1,m5.large,,,,0.09,,hour,usd,,,", "`usd` is not a currency"),
        ("aws,us-east-1,m5.large,,,,1e-2,,hour,USD,,,", "`1e-2` is not a price"),
        ("aws,us-east-1,m5.large,,,,0.09,5,hour,USD,,,", "either a price or a discount"),
        ("aws,us-east-1,m5.large,,,,,100,,,,,", "below 100 %"),
        ("aws,us-east-1,m5.large,,,barter,0.09,,hour,USD,,,", "no purchase option `barter`"),
        ("acme,us-east-1,m5.large,,,,0.09,,hour,USD,,,", "no provider `acme`"),
        ("aws,,m5.large,,,,0.09,,hour,USD,,,", "the region of aws is missing"),
        ("openai,,,gpt-4o,prose,,0.00001,,token,USD,,,", "no token class `prose`"),
        ("aws,us-east-1,m5.large,,,,0.09,,hour,USD,2026-02-30,,", "valid_from `2026-02-30` is not a date"),
        ("aws,us-east-1,m5.large,,,,0.09,,hour,USD,2026-02-03,2026-02-03,", "ends on 2026-02-03"),
    ],
)
def test_rows_that_no_book_takes(tmp_path: Path, row: str, says: str) -> None:
    assert [says in reason for reason in refusal(tmp_path, row)] == [True], refusal(tmp_path, row)


def test_two_prices_under_one_name_are_both_refused_and_the_same_twice_is_one(tmp_path: Path) -> None:
    row = "aws,us-east-1,m5.large,,,,0.09,,hour,USD,,,"
    assert refusal(tmp_path, row, row) == []
    assert len(checked(facts(tmp_path, row, row))[0]) == 1
    reasons = refusal(tmp_path, row, row.replace("0.09", "0.08"), row.replace("m5.large", "m5.xlarge"))
    assert reasons == ["the same name stands 2 times with different figures: 0.08, 0.09"] * 2


def test_a_price_a_hundred_times_the_one_in_force_is_refused() -> None:
    point = PricePoint("aws", "us-east-1", "x", "spot", "hour", Decimal("70"), "USD", AT, "s")
    assert "1,000 times above" in checked([point], lambda _: Decimal("0.07"))[1][0].reason
    assert checked([point], lambda _: Decimal("0.71"))[1] == []


def test_a_column_that_does_not_exist_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("provider,region,instance_typ,price\naws,us-east-1,m5.large,1\n")
    with pytest.raises(DataError, match="no column `instance_typ`") as error:
        read_price_file(tmp_path / "own.csv", AT)
    assert error.value.hint == "did you mean `instance_type`?"


def test_a_contract_wins_while_it_holds_and_spot_stays_off_the_list(tmp_path: Path) -> None:
    row = "aws,us-east-1,p5.48xlarge,,,,41.5,,hour,USD,2026-03-01,2027-03-01,"
    book = PriceBook.load(None, [own(tmp_path, row)])
    names = ("aws", "us-east-1", "p5.48xlarge")

    def price(on: date, at: date = AT, option: str = "on_demand") -> Decimal | None:
        offer = book.offer(*names, option, at, on)
        return offer and offer.price

    assert price(AT) == Decimal("41.5")
    assert price(date(2026, 3, 1)) == Decimal("41.5")
    assert price(date(2026, 2, 28)) is None  # the list knows no price before July
    assert price(date(2027, 2, 28)) == Decimal("41.5")
    assert price(date(2027, 3, 1)) == Decimal("55.04")
    assert price(AT, option="spot") == PriceBook.load().offer(*names, "spot", AT).price  # type: ignore[union-attr]
    assert not book.offer(*names, "on_demand", AT).is_stale(AT)  # type: ignore[union-attr]


def test_the_most_special_discount_holds_from_its_day(tmp_path: Path) -> None:
    rows = ("aws,*,*,,,*,,5,,,,,", "aws,us-east-1,p5.*,,,,,10 %,,,2026-12-01,,")
    book = PriceBook.load(None, [own(tmp_path, *rows)])

    def of(kind: str, option: str, on: date = AT) -> Decimal:
        offer, listed = (
            book.offer("aws", "us-east-1", kind, option, AT, on),
            PriceBook.load().offer("aws", "us-east-1", kind, option),
        )
        assert offer is not None
        assert listed is not None
        return offer.price / listed.price

    assert of("m5.large", "on_demand") == of("m5.large", "spot") == of("p5.48xlarge", "on_demand") == Decimal("0.95")
    assert of("p5.48xlarge", "on_demand", date(2026, 12, 1)) == Decimal("0.9")
    assert of("p5.48xlarge", "spot", date(2026, 12, 1)) == Decimal("0.95")


def test_token_contracts_cut_the_list_where_they_hold(tmp_path: Path) -> None:
    rows = (
        "openai,,,gpt-4o,output,,8,,1000000 tokens,USD,2026-06-01,2026-12-01,",
        "openai,,,gpt-4o,output,,7,,1000000 tokens,USD,2026-12-01,,",
        "anthropic,,,claude-*,,,,20,,,2026-07-01,,",
        "self-hosted,,,our-llama,input_uncached,,0.1,,1000000 tokens,USD,,,",
        "self-hosted,,,our-llama,output,,0.4,,1000000 tokens,USD,,,",
    )
    book = TokenBook.of_batches([own(tmp_path, *rows)])
    assert book.name != TokenBook.of_batches([]).name
    spans = [
        (str(p.valid_from)[:10], str(p.valid_to)[:10], p.price.scaleb(6).normalize())
        for p in book.of({("openai", "gpt-4o")})
        if p.token_class == "output" and p.service_tier == "standard" and not p.variant
    ]
    assert sorted(spans, key=str) == [
        ("2026-06-01", "2026-12-01", 8),
        ("2026-12-01", "None", 7),
        ("None", "2026-06-01", 10),
    ]
    sonnet = [
        (str(p.valid_from)[:10], p.price.scaleb(6).normalize())
        for p in book.of({("anthropic", "claude-sonnet-4-5")})
        if (p.token_class, p.min_input_tokens, p.service_tier, p.variant) == ("output", 0, "standard", "")
    ]
    assert sorted(sonnet, key=str) == [("2026-07-01", 12), ("None", 15)]
    assert book.resolve("vllm", "Our-Llama") == ("self-hosted", "our-llama")
    assert {p.token_class: p.price.scaleb(6).normalize() for p in book.of({("self-hosted", "our-llama")})}[
        "cache_read"
    ] == Decimal("0.1")


def test_a_later_contract_takes_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    first = own(tmp_path, "openai,,,gpt-4o,output,,8,,1000000 tokens,USD,2026-01-01,,")
    second = own(tmp_path, "openai,,,gpt-4o,output,,6,,1000000 tokens,USD,2026-09-01,2026-10-01,")
    points = [p for p in TokenBook.of_batches([first, second]).of({("openai", "gpt-4o")}) if p.token_class == "output"]
    spans = sorted(
        (str(p.valid_from)[:10], str(p.valid_to)[:10]) for p in points if p.service_tier == "standard" and not p.variant
    )
    assert spans == [
        ("2026-01-01", "2026-09-01"), ("2026-09-01", "2026-10-01"), ("2026-10-01", "None"), ("None", "2026-01-01"),
    ]  # fmt: skip


def test_a_contract_agreed_after_its_first_day_holds_from_when_it_was_agreed() -> None:
    late = (date(2026, 3, 1), "s", date(2026, 1, 1))
    terms = [
        Discount("openai", "*", "gpt-4o/output", "on_demand", Decimal("0.5"), *late),
        PricePoint("openai", "*", "gpt-4o/input_uncached", "on_demand", "token", Decimal("1e-6"), "USD", *late),
    ]
    book = TokenBook.of_batches([Batch("late", AT, "s", terms, own=True)])
    found = [p for p in book.of({("openai", "gpt-4o")}) if p.service_tier == "standard" and not p.variant]
    prices = {(p.token_class, str(p.valid_from)[:10]): p.price.scaleb(6).normalize() for p in found}
    assert prices["output", "None"] == 10
    assert prices["output", "2026-03-01"] == 5
    assert prices["input_uncached", "None"] == Decimal("2.5")
    assert prices["input_uncached", "2026-03-01"] == 1
