"""Business months follow the zone of the calendar: they divide time among them, without a gap, an overlap or a day moved."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.ledger.engine.macros import define_macros
from tests.conftest import Ran
from tests.ledger.tables import Tables

Finops = Callable[..., Ran]
ZONES = ("UTC", "America/Los_Angeles", "Europe/Berlin", "Asia/Kolkata", "Pacific/Kiritimati")
HEAD = (
    "BillingAccountId,BillingCurrency,BillingPeriodStart,ChargePeriodStart,ChargePeriodEnd,InvoiceIssuerName,ProviderName,"
    "ChargeCategory,ServiceName,BilledCost,EffectiveCost"
)
EDGES = {
    "UTC": (datetime(2026, 11, 1), datetime(2026, 4, 1)),
    "America/Los_Angeles": (datetime(2026, 11, 1, 7), datetime(2026, 4, 1, 7)),
    "Europe/Berlin": (datetime(2026, 10, 31, 23), datetime(2026, 3, 31, 22)),
}
"""Where November and April begin, in UTC: Berlin turns its clocks between them, Los Angeles on 1 November itself."""


@cache
def tables(zone: str) -> Tables:
    made = Tables()
    define_macros(made, zone)
    return made


@given(st.lists(st.datetimes(datetime(1990, 1, 1), datetime(2049, 12, 31)), min_size=1, max_size=300), st.sampled_from(ZONES))
def test_p16_business_days_are_those_of_the_zone(moments: list[datetime], zone: str) -> None:
    values = ", ".join(f"({i}, TIMESTAMP '{moment}')" for i, moment in enumerate(moments))
    rows = tables(zone).query(f"SELECT business_day(m) AS day FROM (VALUES {values}) t(i, m) ORDER BY i")
    assert [row["day"] for row in rows] == [m.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date() for m in moments]


def ingest(finops: Finops, zone: str) -> None:
    """A bill of one unit of money for every hour around both edges."""
    Path("finops.toml").write_text(f'[calendar]\nzone = "{zone}"\n', encoding="utf-8")
    lines = [HEAD]
    for edge in (datetime(2026, 11, 1), datetime(2026, 4, 1)):
        for hour in range(-30, 30):
            start = edge + timedelta(hours=hour)
            period = start.replace(day=1, hour=0)
            lines.append(
                f"1,USD,{period:%Y-%m-%dT%H:%M:%SZ},{start:%Y-%m-%dT%H:%M:%SZ},{start + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ},"
                "AWS,AWS,Usage,ec2,1,1"
            )
    Path("bill.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    ran = finops("ingest", "bill.csv")
    assert ran.code == 0, ran.err


def costs(finops: Finops, *options: str) -> dict[str, Decimal]:
    ran = finops("cost", "-f", "json", *options)
    assert ran.code == 0, ran.err
    rows: list[dict[str, Any]] = ran.json["rows"]
    return {row[options[1]]: Decimal(row["cost"]) for row in rows}


def hours_from(edge: datetime, utc_edge: datetime) -> int:
    """The hours of the bill before the edge."""
    return int((edge - utc_edge).total_seconds() // 3600) + 30


@pytest.mark.parametrize("zone", EDGES)
def test_months_incurred_follow_the_zone_and_divide_the_bill(finops: Finops, once: Callable[..., None], zone: str) -> None:
    once(lambda: ingest(finops, zone), zone)
    october = hours_from(EDGES[zone][0], datetime(2026, 11, 1))
    march = hours_from(EDGES[zone][1], datetime(2026, 4, 1))
    incurred = costs(finops, "--by", "month", "--view", "incurred")
    assert incurred == {"2026-03": march, "2026-04": 60 - march, "2026-10": october, "2026-11": 60 - october}
    for month, cost in incurred.items():
        assert costs(finops, "--by", "service", "--view", "incurred", "--month", month) == {"ec2": cost}
    assert costs(finops, "--by", "month", "--view", "billed") == {"2026-03": 30, "2026-04": 30, "2026-10": 30, "2026-11": 30}
    days = costs(finops, "--by", "day")
    assert days["2026-11-01"] == 24
    assert sum(days.values()) == 120


@pytest.mark.parametrize("zone", EDGES)
def test_forecast_counts_the_month_of_the_zone(finops: Finops, once: Callable[..., None], zone: str) -> None:
    once(lambda: ingest(finops, zone), zone)
    ran = finops("forecast", "--as-of", "2026-11-10", "-f", "json")
    assert ran.code == 0, ran.err
    november = 60 - hours_from(EDGES[zone][0], datetime(2026, 11, 1))
    assert [Decimal(row["spent"]) for row in ran.json["totals"]] == [november]


def test_another_zone_cuts_all_months_anew(finops: Finops, once: Callable[..., None]) -> None:
    once(lambda: ingest(finops, "UTC"), "UTC")
    Path("finops.toml").write_text('[calendar]\nzone = "America/Los_Angeles"\n', encoding="utf-8")
    assert finops("build", "-f", "json").json["meta"]["full"] is True
    assert costs(finops, "--by", "month", "--view", "incurred")["2026-10"] == 37
    assert finops("build", "-f", "json").json["rows"] == []
    ran = finops("explain", "__untagged__", "--trace", "-f", "json")
    assert ran.code == 0, ran.err
    assert len(ran.json["rows"]) == 120


def test_estimates_lie_in_the_month_of_the_zone(finops: Finops) -> None:
    Path("finops.toml").write_text('[calendar]\nzone = "America/Los_Angeles"\n', encoding="utf-8")
    meters = ["provider,hour,region,resource,instance_type,capacity,tenant,gpu_seconds"]
    for hour in (5, 6, 7, 8):
        meters.append(f"aws,2026-11-01T{hour:02}:00:00Z,us-east-1,i-1,g6.xlarge,1,acme,3600")
    Path("meters.csv").write_text("\n".join(meters) + "\n", encoding="utf-8")
    ran = finops("ingest", "meters.csv")
    assert ran.code == 0, ran.err
    incurred = costs(finops, "--by", "month", "--view", "incurred")
    assert set(incurred) == {"2026-10", "2026-11"}
    assert incurred["2026-10"] == incurred["2026-11"] > 0
