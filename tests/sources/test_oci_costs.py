"""Oracle Cloud's cost reports: exact sums, months of use, tags and corrections."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from finops.errors import DataError
from finops.sources.detect import recognise
from finops.sources.oci_costs import SOURCE
from tests.sources.bill_reading import read_bill

SAMPLE = Path(__file__).parent / "samples/oci_costs/report.csv"


def test_a_report(tmp_path: Path) -> None:
    assert recognise(SAMPLE, None).name == "oci_costs"
    read = read_bill(SOURCE, SAMPLE, tmp_path)
    assert read.rejects == []
    assert read.total == Decimal("2.000000000001") + Decimal("1.81E-8") - Decimal("0.00255")
    assert read.rounding == 0
    assert read.column("EffectiveCost") == read.column("BilledCost")
    gpu, storage, correction = read.rows
    assert (gpu["ChargePeriodStart"], gpu["ChargePeriodEnd"]) == (datetime(2026, 10, 31, 23), datetime(2026, 11, 1))
    assert (gpu["BillingPeriodStart"], gpu["BillingPeriodEnd"]) == (datetime(2026, 10, 1), datetime(2026, 11, 1))
    assert (gpu["Tags"], storage["Tags"]) == ({"Cost.Team": "vision", "Oracle-Tags.CreatedBy": "ops"}, None)
    assert (gpu["BillingAccountId"], gpu["SubAccountName"], gpu["RegionId"]) == ("ocid1.tenancy.a", "ml", "us-ashburn-1")
    assert (gpu["PricingQuantity"], gpu["PricingUnit"], gpu["ChargeClass"]) == (1, "GPU PER HOUR", None)
    assert correction["ChargeClass"] == "Correction"
    assert correction["SkuPriceDetails"]["x_BackreferenceNo"] == "r-2"
    assert any("no billing period" in note for note in read.notes)


@pytest.mark.parametrize(("column", "text"), [("BilledCost", "two"), ("ChargePeriodStart", "soon")])
def test_what_can_not_be_read_is_rejected_with_its_text(tmp_path: Path, column: str, text: str) -> None:
    old = {"BilledCost": "1.81E-8", "ChargePeriodStart": "2026-10-31T23:00Z"}[column]
    path = tmp_path / "oci.csv"
    path.write_text(SAMPLE.read_text(encoding="utf-8").replace(old, text), encoding="utf-8")
    read = read_bill(SOURCE, path, tmp_path)
    assert len(read.rows) == 2
    assert text[:4] in (read.rejects[0]["raw_text"] or "")


def test_a_usage_report_is_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "oci.csv"
    path.write_text("lineItem/referenceNo,lineItem/intervalUsageStart,usage/consumedQuantity\na,b,1\n", encoding="utf-8")
    with pytest.raises(DataError, match="OCI usage report, without costs"):
        recognise(path, None)
