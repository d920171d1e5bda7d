"""Days that a bill covers: by its daily lines, and by lines of a month only where it has no others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.conftest import Ran

HEAD = (
    "BillingAccountId,BillingCurrency,BillingPeriodStart,ChargePeriodStart,ChargePeriodEnd,InvoiceIssuerName,ProviderName,"
    "ChargeCategory,ServiceName,BilledCost,EffectiveCost"
)
SUPPORT = ("01", "11-01", "support")
DAYS = [("01", "10-02", "ec2"), ("02", "10-03", "ec2")]


@pytest.mark.parametrize(
    ("lines", "estimated"),
    [
        (DAYS, ["2026-10-03", "2026-10-04"]),
        ([*DAYS, SUPPORT], ["2026-10-03", "2026-10-04"]),
        ([SUPPORT], []),
        ([], ["2026-10-01", "2026-10-02", "2026-10-03", "2026-10-04"]),
    ],
    ids=["by day", "by day with a month of support", "by month only", "no bill"],
)
def test_hours_of_days_without_a_bill_are_estimated(
    finops: Callable[..., Ran], lines: Sequence[tuple[str, str, str]], estimated: list[str]
) -> None:
    bill = [
        f"1,USD,2026-10-01T00:00:00Z,2026-10-{begin}T00:00:00Z,2026-{end}T00:00:00Z,AWS,AWS,Usage,{service},1,1"
        for begin, end, service in lines
    ]
    Path("exports").mkdir()
    if bill:
        Path("exports/bill.csv").write_text("\n".join([HEAD, *bill]) + "\n", encoding="utf-8")
    meters = [f"aws,2026-10-{day:02}T05:00:00Z,us-east-1,i-1,g6.xlarge,1,acme,3600" for day in (1, 2, 3, 4)]
    head = "provider,hour,region,resource,instance_type,capacity,tenant,gpu_seconds"
    Path("exports/meters.csv").write_text("\n".join([head, *meters]) + "\n", encoding="utf-8")
    ran = finops("ingest", "exports")
    assert ran.code == 0, ran.err
    sql = "SELECT DISTINCT CAST(charge_day AS VARCHAR) AS day FROM fct_estimate ORDER BY day"
    assert [row["day"] for row in finops("query", sql, "-f", "json").json["rows"]] == estimated
