"""FOCUS files: which columns are read, what stands in where one is missing, and that order does not matter."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.core.contracts import CHARGE
from finops.errors import DataError
from tests.sources.focus_reading import rows, scanned

NEEDED = "BillingCurrency,BillingPeriodStart,ChargePeriodStart,ChargeCategory,BilledCost"
VALUES = "USD,2026-10-01T00:00:00Z,2026-10-02T00:00:00Z,Usage,1.50"


def bill(folder: Path, header: str, *lines: str, name: str = "bill.csv") -> Path:
    path = folder / name
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def test_every_column_of_the_contract_is_read_by_its_own_name(tmp_path: Path) -> None:
    path = bill(tmp_path, ",".join(CHARGE.names), ",".join(str(i) for i in range(len(CHARGE.names))))
    assert rows(path, *CHARGE.names) == [tuple(str(i) for i in range(len(CHARGE.names)))]


def test_names_are_found_without_regard_to_case_and_other_columns_left(tmp_path: Path) -> None:
    path = bill(tmp_path, f"Id,{NEEDED.upper()},x_Other,skupriceid", f"7,{VALUES},o,p")
    assert rows(path, "BilledCost", "SkuPriceId") == [("1.50", "p")]
    assert "x_Other" not in scanned(path).columns


@pytest.mark.parametrize(
    ("header", "line", "service", "host", "issuer"),
    [
        ("ProviderName,PublisherName,InvoiceIssuerName", "P,U,I", "P", "U", "I"),
        ("ServiceProviderName,HostProviderName,InvoiceIssuerName", "S,H,I", "S", "H", "I"),
        ("ServiceProviderName,ProviderName,HostProviderName,PublisherName", "S,P,H,U", "S", "H", "S"),
        ("ServiceProviderName,ProviderName,InvoiceIssuerName", "NULL,P,", "P", None, "P"),
        ("Provider,Publisher,InvoiceIssuer", "P,U,I", "P", "U", "I"),
        ("ProviderName,InvoiceIssuerName", "P,N/A", "P", None, "P"),
    ],
)
def test_provider_names_of_all_versions(
    tmp_path: Path, header: str, line: str, service: str, host: str | None, issuer: str
) -> None:
    path = bill(tmp_path, f"{NEEDED},{header}", f"{VALUES},{line}")
    assert rows(path, "ServiceProviderName", "HostProviderName", "InvoiceIssuerName") == [(service, host, issuer)]


def test_names_of_the_preview_of_1_0_are_read(tmp_path: Path) -> None:
    path = bill(tmp_path, f"{NEEDED},UsageQuantity,UsageUnit,Region,PricingCategory", f"{VALUES},3,Hours,eastus,On-Demand")
    assert rows(path, "ConsumedQuantity", "ConsumedUnit", "RegionId") == [("3", "Hours", "eastus")]


def test_extension_columns_name_owner_and_work(tmp_path: Path) -> None:
    extra = ("x_TenantId", "x_AgentId", "x_WorkflowId", "x_InstanceType", "x_Model", "x_TokenClass")
    path = bill(tmp_path, f"{NEEDED},{','.join(extra)}", f"{VALUES},<script>alert(1)</script>,=1+1,w,g6.xlarge,gpt-4o,output")
    assert rows(path, *extra) == [("<script>alert(1)</script>", "=1+1", "w", "g6.xlarge", "gpt-4o", "output")]


@pytest.mark.parametrize(
    ("charged", "month"),
    [("2026-10-31T23:30:00Z", "2026-10-01T00:00:00Z"), ("2026-10-31T23:30:00-02:00", "2026-11-01T00:00:00Z"), ("soon", None)],
)
def test_a_missing_billing_period_is_the_month_of_the_charge_in_utc(tmp_path: Path, charged: str, month: str | None) -> None:
    path = bill(tmp_path, "BillingCurrency,ChargePeriodStart,ChargeCategory,BilledCost", f"USD,{charged},Usage,1")
    assert rows(path, "BillingPeriodStart") == [(month,)]
    assert any("BillingPeriodStart" in note for note in scanned(path).notes)


def test_a_missing_currency_is_not_guessed(tmp_path: Path) -> None:
    path = bill(tmp_path, "PricingCurrency,ChargePeriodStart,ChargeCategory,BilledCost", "Token,2026-10-01T00:00:00Z,Usage,1")
    assert rows(path, "BillingCurrency") == [("XXX",)]
    assert any("no BillingCurrency" in note for note in scanned(path).notes)
    assert rows(path, "BillingCurrency", options={"currency": "E'UR"}) == [("E'UR",)]


def test_a_row_without_currency_keeps_none(tmp_path: Path) -> None:
    path = bill(tmp_path, NEEDED, VALUES.replace("USD", ""))
    assert rows(path, "BillingCurrency") in ([("",)], [(None,)])
    assert scanned(path).notes == ()


def test_a_header_without_what_must_be_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="lacks BilledCost and ChargeCategory"):
        scanned(bill(tmp_path, "ChargePeriodStart,BillingCurrency", "1,2"))


def test_a_repeated_column_is_refused_only_where_it_is_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="billedcost stands in the header more than once"):
        scanned(bill(tmp_path, f"{NEEDED},billedcost", f"{VALUES},2"))
    path = bill(tmp_path, f"Id,{NEEDED},id,,", f"1,{VALUES},2,,")
    assert len({name.lower() for name in scanned(path).header}) == 9
    assert rows(path, "BilledCost") == [("1.50",)]


@pytest.mark.parametrize("before", ["", "\n", "\n\n", "\ufeff", "\ufeff\n"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_line_ends_and_blank_lines_lose_no_row(tmp_path: Path, before: str, end: str) -> None:
    path = tmp_path / "bill.csv"
    before = before.replace("\n", end)
    path.write_bytes((before + end.join([NEEDED, VALUES, "", VALUES, "", VALUES])).encode())
    assert rows(path, "BilledCost", "BillingCurrency") == [("1.50", "USD")] * 3


@pytest.mark.parametrize(("before", "end"), [("\n", "\r\n"), ("\r\n", "\n"), ("\n\r\n", "\n")])
def test_line_ends_that_differ_above_the_header_are_refused(tmp_path: Path, before: str, end: str) -> None:
    path = tmp_path / "bill.csv"
    path.write_bytes((before + end.join([NEEDED, VALUES])).encode())
    with pytest.raises(DataError, match="different ways"):
        scanned(path)


def test_a_header_over_two_lines_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="line break"):
        scanned(bill(tmp_path, f'"a\nb",{NEEDED}', f"x,{VALUES}"))


def test_parquet_columns_of_any_type_are_read(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "bill.parquet"
    table = pa.table(
        {
            "billedcost": pa.array([Decimal("1.230"), None], pa.decimal128(20, 3)),
            "EffectiveCost": pa.array([0.1, 1e-7]),
            "BillingCurrency": pa.array(["USD", "USD"]).dictionary_encode(),
            "ChargePeriodStart": pa.array([datetime(2026, 10, 2, 5, tzinfo=UTC)] * 2, pa.timestamp("us", "UTC")),
            "BillingPeriodStart": pa.array([date(2026, 10, 1)] * 2),
            "ChargeCategory": ["Usage", "Tax"],
        }
    )
    pq.write_table(table, path)
    wanted = ("BilledCost", "EffectiveCost", "BillingCurrency", "BillingPeriodStart", "ChargeCategory")
    assert rows(path, *wanted) == [("1.230", "0.1", "USD", "2026-10-01", "Usage"), (None, "1e-07", "USD", "2026-10-01", "Tax")]


def test_a_parquet_file_cut_short_is_told(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "bill.parquet"
    pq.write_table(pa.table({"BilledCost": ["1"] * 1000}), path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match="cut short or damaged"):
        scanned(path)


def test_the_official_sample_adds_up(shared_file: Callable[[str], Path]) -> None:
    costs = [Decimal(cost) for (cost,) in rows(shared_file("focus/focus_sample.csv"), "BilledCost")]
    assert len(costs) == 1000
    assert sum(costs) == Decimal("20.52022672899")
    assert scanned(shared_file("focus/focus_sample.csv")).notes == ()


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), max_size=12)


@given(
    st.lists(st.tuples(TEXT, TEXT, st.decimals(-999, 999, places=4)), min_size=1, max_size=6),
    st.permutations([*NEEDED.split(","), "ResourceName", "Tags"]),
    st.randoms(use_true_random=False),
)
def test_the_order_of_columns_and_rows_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, found: list[tuple[str, str, Decimal]], order: list[str], random: object
) -> None:
    records = [
        dict(zip(NEEDED.split(","), [*VALUES.split(",")[:-1], str(cost)], strict=True)) | {"ResourceName": name, "Tags": tags}
        for name, tags, cost in found
    ]
    shuffled = sorted(records, key=lambda record: record["ResourceName"], reverse=True)
    folder = tmp_path_factory.mktemp("order")
    wanted = ("BilledCost", "BillingCurrency", "ChargePeriodStart", "ResourceName", "Tags")
    read = []
    for position, (columns, content) in enumerate((([*NEEDED.split(","), "ResourceName", "Tags"], records), (order, shuffled))):
        out = io.StringIO()
        writer = csv.DictWriter(out, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(content)
        path = folder / f"{position}.csv"
        path.write_text(out.getvalue(), encoding="utf-8")
        read.append(sorted((tuple(value or "" for value in row) for row in rows(path, *wanted)), key=repr))
    assert read[0] == read[1]
    assert sum(Decimal(row[0]) for row in read[0]) == sum(cost for _, _, cost in found)
