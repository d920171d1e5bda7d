"""Azure's cost exports: exact sums, the dialects of headers, dates and tags, and actual beside amortised."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finops.errors import DataError
from finops.sources.azure_costs import SOURCE, folded
from finops.sources.detect import recognise
from tests.conftest import Ran
from tests.sources.bill_reading import read_bill

SAMPLES = Path(__file__).parent / "samples/azure_costs"
KINDS = ("spot", "reserved", "purchase", "storage", "rounding")


@pytest.fixture(scope="module")
def bill(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    read = read_bill(SOURCE, SAMPLES / "actual.csv", tmp_path_factory.mktemp("azure"))
    assert not read.rejects
    return dict(zip(KINDS, read.rows, strict=True))


@pytest.mark.parametrize(
    ("name", "rows", "total"),
    [
        ("azure_ea_sample", 27, "1.26136926505726"),
        ("azure_EA_ActualCost_Small", 11, "8.5450077867419368"),
        ("azure_EA_AmortizedCost_Small", 28, "16.29693213663664462748541900"),
    ],
)
def test_the_real_files_add_up_and_the_residue_is_kept(
    shared_file: Callable[[str], Path], tmp_path: Path, name: str, rows: int, total: str
) -> None:
    path = shared_file(f"billing/{name}.csv")
    assert recognise(path, None).name == "azure_costs"
    read = read_bill(SOURCE, path, tmp_path)
    assert (len(read.rows), read.rejects) == (rows, [])
    assert read.total == Decimal(total)
    assert sum(read.column("BilledCost")) == Decimal(total) + read.rounding
    assert 0 < abs(read.rounding) < rows * Decimal("5e-13")
    assert set(read.column("BillingPeriodEnd")) == {datetime(2023, 10, 1)}
    assert None not in [row["Tags"] for row in read.rows if row["ResourceId"].startswith("/subscriptions/<")]


def test_costs_of_an_actual_export(bill: dict[str, dict[str, Any]]) -> None:
    costs = {kind: (row["BilledCost"], row["EffectiveCost"]) for kind, row in bill.items()}
    spot = Decimal("38.112345678901")
    assert costs == {
        "spot": (spot, spot),
        "reserved": (0, None),
        "purchase": (600, 0),
        "storage": (Decimal("0.0000564902"),) * 2,
        "rounding": (Decimal("-0.004"),) * 2,
    }
    assert bill["spot"]["ListCost"] == 24 * Decimal("3.673")
    assert bill["reserved"]["ListCost"] is None
    assert (bill["reserved"]["ContractedCost"], bill["storage"]["ContractedCost"]) == (Decimal("2.4"), Decimal("0.0000564902"))


def test_what_kind_of_charge_it_is(bill: dict[str, dict[str, Any]]) -> None:
    found = {k: (r["ChargeCategory"], r["PricingCategory"], r["CommitmentDiscountStatus"]) for k, r in bill.items()}
    assert found == {
        "spot": ("Usage", "Dynamic", None),
        "reserved": ("Usage", "Committed", "Used"),
        "purchase": ("Purchase", None, None),
        "storage": ("Usage", "Standard", None),
        "rounding": ("Adjustment", None, None),
    }
    assert bill["purchase"]["CommitmentDiscountId"] == "/reservationOrders/r-1"
    assert (bill["purchase"]["ChargeFrequency"], bill["spot"]["ChargeFrequency"]) == ("One-Time", "Usage-Based")


def test_times_tags_units_and_machines(bill: dict[str, dict[str, Any]]) -> None:
    spot = bill["spot"]
    assert (spot["ChargePeriodStart"], spot["ChargePeriodEnd"]) == (datetime(2026, 10, 2), datetime(2026, 10, 3))
    assert (spot["BillingPeriodStart"], spot["BillingPeriodEnd"]) == (datetime(2026, 10, 1), datetime(2026, 11, 1))
    assert spot["Tags"] == {"team": "vision", "env": "prod"}
    assert bill["reserved"]["Tags"] == {"team": "support"}
    assert (spot["x_InstanceType"], spot["RegionId"]) == ("Standard_NC24ads_A100_v4", "eastus")
    assert (spot["ConsumedQuantity"], spot["ConsumedUnit"], spot["PricingQuantity"]) == (24, "Hour", 24)
    assert (bill["storage"]["ConsumedUnit"], bill["storage"]["PricingQuantity"]) == ("Units", None)


PLAIN = {
    "SubscriptionGuid": "s-1",
    "ResourceGroup": "g",
    "ResourceLocation": "US East",
    "UsageDateTime": "2026-10-02",
    "MeterCategory": "Load Balancer",
    "MeterId": "m-1",
    "UsageQuantity": "3",
    "PreTaxCost": "0.075",
    "InstanceId": "/subscriptions/s-1/lb",
    "Tags": "",
    "Currency": "USD",
    "UnitOfMeasure": "100 Hours",
}
GERMAN = {
    "SubscriptionGuid": "Abonnement-GUID (SubscriptionGuid)",
    "ResourceLocation": "Ressourcenstandort (ResourceLocation)",
    "MeterCategory": "Kategorie (MeterCategory)",
    "MeterId": "ID (MeterId)",
    "UnitOfMeasure": "Maßeinheit (UnitOfMeasure)",
}


def dialect(path: Path, rename: Callable[[str], str], start: str = "", **changes: str) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        stream.write(start)
        writer = csv.writer(stream)
        writer.writerow([rename(name) for name in PLAIN])
        writer.writerow((PLAIN | changes).values())
    return path


@pytest.mark.parametrize(
    ("rename", "start"),
    [
        (str, ""),
        (str, "\ufeff"),
        (str.upper, ""),
        (lambda name: name[0].lower() + name[1:], ""),
        (lambda name: GERMAN.get(name, f"{name} ({name})" if name != "Currency" else name), ""),
        (lambda name: {"PreTaxCost": "costInBillingCurrency", "UsageDateTime": "date"}.get(name, GERMAN.get(name, name)), ""),
    ],
    ids=["pay as you go", "byte order mark", "capitals", "camel", "German", "German and camel"],
)
def test_dialects_of_the_header(tmp_path: Path, rename: Callable[[str], str], start: str) -> None:
    path = dialect(tmp_path / "azure.csv", rename, start)
    assert recognise(path, None).name == "azure_costs"
    read = read_bill(SOURCE, path, tmp_path)
    (row,) = read.rows
    assert (row["BilledCost"], row["ConsumedQuantity"], row["ConsumedUnit"]) == (Decimal("0.075"), 3, "Hours")
    assert (row["SubAccountId"], row["ResourceId"], row["ServiceName"]) == ("s-1", "/subscriptions/s-1/lb", "Load Balancer")
    assert (row["RegionId"], row["RegionName"], row["ChargeCategory"]) == (None, "US East", "Usage")
    assert (row["BillingPeriodStart"], row["BillingCurrency"]) == (datetime(2026, 10, 1), "USD")
    assert any("no billing period" in note for note in read.notes)


@pytest.mark.parametrize("day", ["10/02/2026", "10/2/26", "2026-10-02T00:00:00Z", "2026-10-02"])
def test_dates_month_first_or_iso(tmp_path: Path, day: str) -> None:
    (row,) = read_bill(SOURCE, dialect(tmp_path / "a.csv", str, UsageDateTime=day), tmp_path).rows
    assert (row["ChargePeriodStart"], row["ChargePeriodEnd"]) == (datetime(2026, 10, 2), datetime(2026, 10, 3))


@pytest.mark.parametrize("day", ["30/09/2026", "02.10.2026", "soon"])
def test_other_dates_are_rejected(tmp_path: Path, day: str) -> None:
    read = read_bill(SOURCE, dialect(tmp_path / "a.csv", str, UsageDateTime=day), tmp_path)
    assert [r["raw_text"] for r in read.rejects if r["column_name"] == "ChargePeriodStart"] == [day] or read.rejects
    assert read.rows == []


def test_parquet(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "azure.parquet"
    pq.write_table(pa.table({name: [text] for name, text in PLAIN.items()} | {"UsageDateTime": [datetime(2026, 10, 2)]}), path)
    assert recognise(path, None).name == "azure_costs"
    (row,) = read_bill(SOURCE, path, tmp_path).rows
    assert (row["BilledCost"], row["ChargePeriodEnd"]) == (Decimal("0.075"), datetime(2026, 10, 3))


def test_a_header_without_cost_is_refused(tmp_path: Path) -> None:
    path = dialect(tmp_path / "a.csv", lambda name: name.replace("PreTaxCost", "x"))
    with pytest.raises(DataError, match="lacks costinbillingcurrency"):
        list(SOURCE.open(next(iter(SOURCE.parts(path, tmp_path))), {}))


def test_names_in_brackets_are_the_names() -> None:
    assert folded("Ressourcengruppe (ResourceGroup)") == folded("resourceGroup") == "resourcegroup"


def test_an_amortised_export_alone_keeps_its_amounts(tmp_path: Path) -> None:
    read = read_bill(SOURCE, SAMPLES / "amortised.csv", tmp_path)
    assert read.column("BilledCost") == read.column("EffectiveCost")
    assert read.rows[2]["CommitmentDiscountStatus"] == "Unused"
    assert sum(read.column("BilledCost")) == Decimal("39.748402169101")


def test_actual_and_amortised_of_one_call_count_once(finops: Callable[..., Ran]) -> None:
    ran = finops("ingest", SAMPLES, "-f", "json")
    assert ran.code == 0, ran.err
    loaded = {Path(row["path"]).name: (row["rows"], row["amount"]) for row in ran.json["rows"]}
    assert loaded == {"actual.csv": (4, "638.108402169101"), "amortised.csv": (2, "0")}
    left_out = {Path(note.split(": ")[0]).name: note for note in ran.json["meta"]["notes"] if "left out" in note}
    assert "1 rows (0 USD) are left out" in left_out["actual.csv"]
    assert "3 rows (38.108402169101234567890123 USD) are left out" in left_out["amortised.csv"]
    total = finops("query", "SELECT sum(BilledCost) AS billed, sum(EffectiveCost) AS effective FROM charge", "-f", "json")
    assert total.json["rows"] == [{"billed": "638.108402169101", "effective": "39.748402169101"}]
    assert finops("reconcile", "-f", "json").json["rows"][0]["difference"] == "0"


def test_the_real_exports_of_one_call_bill_what_the_actual_one_says(
    shared_file: Callable[[str], Path], finops: Callable[..., Ran]
) -> None:
    files = [shared_file(f"billing/azure_EA_{kind}Cost_Small.csv") for kind in ("Actual", "Amortized")]
    assert finops("ingest", *files).code == 0
    billed = finops("query", "SELECT sum(BilledCost) AS billed FROM charge", "-f", "json").json["rows"]
    assert billed == [{"billed": "8.545007786742"}]


def test_what_the_real_exports_leave_out_is_counted(shared_file: Callable[[str], Path], finops: Callable[..., Ran]) -> None:
    """What is loaded of a file and what is left out are the whole file: rows and, of the amortised one, every digit."""
    files = [shared_file(f"billing/azure_EA_{kind}Cost_Small.csv") for kind in ("Actual", "Amortized")]
    ran = finops("ingest", *files, "--no-build", "-f", "json")
    told = [re.search(r"([\d,]+) rows (?:\(([\d.]+) )?", note) for note in ran.json["meta"]["notes"] if "are left out" in note]
    left_out = [(int(found[1].replace(",", "")), Decimal(found[2] or 0)) for found in told if found]
    assert [row["rows"] + left for row, (left, _) in zip(ran.json["rows"], left_out, strict=True)] == [11, 28]
    effective = finops("query", "SELECT sum(EffectiveCost) AS cost FROM charge WHERE BilledCost = 0", "-f", "json").json["rows"]
    assert abs(Decimal(effective[0]["cost"]) + left_out[1][1] - Decimal("16.29693213663664462748541900")) < Decimal("1e-11")


@pytest.mark.parametrize("cost", ["Cost", "CostInBillingCurrency"])
def test_an_enterprise_export_with_every_name_in_brackets(tmp_path: Path, cost: str) -> None:
    lines = (SAMPLES / "actual.csv").read_text(encoding="utf-8").splitlines()
    names = ["CostInBillingCurrency" if name == "Cost" and cost != "Cost" else name for name in lines[0].split(",")]
    path = tmp_path / "ea.csv"
    path.write_text("\n".join([",".join(f"Spalte {i} ({name})" for i, name in enumerate(names)), *lines[1:]]) + "\n")
    assert recognise(path, None).name == "azure_costs"
    assert read_bill(SOURCE, path, tmp_path).rows == read_bill(SOURCE, SAMPLES / "actual.csv", tmp_path).rows


def test_a_second_call_with_the_other_kind_is_refused(finops: Callable[..., Ran]) -> None:
    assert finops("ingest", SAMPLES / "actual.csv").code == 0
    ran = finops("ingest", SAMPLES / "amortised.csv")
    assert ran.code != 0
    assert "loaded already" in ran.err


METERS: tuple[tuple[str, str | None, str | None], ...] = (
    ("gpt-4o-0806-Inp-glbl Tokens", "gpt-4o", "input_uncached"),
    ("gpt-4o-0806-Outp-regnl Tokens", "gpt-4o", "output"),
    ("gpt 4o 0806 cached Inp Data Zone Tokens", "gpt-4o", "cache_read"),
    ("gpt-4o-mini-0718-Outp-glbl Tokens", "gpt-4o-mini", "output"),
    ("gpt 4o mini0718 BatchOutp DataZone Tokens", "gpt-4o-mini", "output"),
    ("gpt 4.1 nano Inp Data Zone Tokens", "gpt-4.1-nano", "input_uncached"),
    ("GPT 5 Mini cchd Inpt Glbl", "gpt-5-mini", "cache_read"),
    ("GPT 5 outpt Glbl 1M Tokens", "gpt-5", "output"),
    ("gpt 5 pro out glbl Tokens", "gpt-5-pro", "output"),
    ("gpt-5-codex-ccchd-inp-glbl Tokens", "gpt-5-codex", "cache_read"),
    ("o4-mini 0416 Inp glbl Tokens", "o4-mini", "input_uncached"),
    ("5.4 mini cd Inp Gl 1M Tokens", "gpt-5.4-mini", "cache_read"),
    ("5.4 mini Opt Gl 1M Tokens", "gpt-5.4-mini", "output"),
    ("5.6 sol ShortCo Cd Wr Std Gl 1M Tokens", "gpt-5.6-sol", "cache_write"),
    ("text-embedding-3-large-glbl Tokens", "text-embedding-3-large", "input_uncached"),
    ("Llama 3.3 70B Inp glbl Tokens", "llama-3.3-70b", "input_uncached"),
    ("gpt rt aud 0828 Inp glbl Tokens", None, "audio_input"),
    ("gpt rt txt 0828 cchd Inp glbl Tokens", None, "cache_read"),
    ("gpt 4o ft training Tokens", None, None),
    ("Provisioned Managed Global Unit", None, None),
    ("D2 v2", None, None),
)


def test_tokens_of_meters(tmp_path: Path) -> None:
    header = "BillingAccountId,Date,MeterId,MeterCategory,MeterSubCategory,MeterName,ChargeType,Cost,BillingCurrency"
    rows = [f"1,10/02/2026,m,Cognitive Services,Azure OpenAI,{meter},Usage,1,USD" for meter, _, _ in METERS]
    path = tmp_path / "azure.csv"
    path.write_text("\n".join([header, *rows, "1,10/02/2026,m,Storage,Tables,Batch Write Input,Usage,1,USD"]) + "\n")
    read = read_bill(SOURCE, path, tmp_path)
    found = [(row["SkuMeter"], row["x_Model"], row["x_TokenClass"]) for row in read.rows]
    assert found == [*METERS, ("Batch Write Input", None, None)]
