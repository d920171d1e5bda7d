"""A bill of nodes with OpenCost beside it: split by what workloads used, idle named, not a cent added."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from tests.conftest import Ran

Finops = Callable[..., Ran]
SAMPLE = Path(__file__).resolve().parent.parent / "sources/samples/opencost/allocation.json"
HEADER = (
    "BillingAccountId,BillingCurrency,BillingPeriodStart,ChargePeriodStart,ChargePeriodEnd,ChargeCategory,BilledCost,"
    "EffectiveCost,ConsumedQuantity,ConsumedUnit,ResourceId,InvoiceIssuerName,ServiceProviderName,ServiceName"
)
NODE = "1,USD,2026-10-01T00:00:00Z,2026-10-05T00:00:00Z,2026-10-06T00:00:00Z,Usage,{cost},{cost},24,Hours,{node},AWS,AWS,EC2"


def test_allocated_is_billed_and_idle_is_named(finops: Finops, tmp_path: Path) -> None:
    nodes = [NODE.format(cost="9.600000000007", node="i-0a1b2c3d4e5f60718"), NODE.format(cost="5", node="i-0ffffffffffffffff")]
    (tmp_path / "bill.csv").write_text("\n".join([HEADER, *nodes, ""]))
    (tmp_path / "allocation.json").write_bytes(SAMPLE.read_bytes())
    ran = finops("ingest", "bill.csv", "allocation.json", "-f", "json")
    assert ran.code == 0, ran.err
    (line,) = finops("reconcile", "-f", "json").json["rows"]
    assert (line["billed"], line["allocated"], line["difference"]) == ("14.600000000007", "14.600000000007", "0")
    assert Decimal(line["metered"]) + Decimal(line["idle"]) == Decimal("9.600000000007")
    rows = finops("cost", "--by", "tenant,agent", "--month", "2026-10", "-f", "json").json["rows"]
    costs = {(row["tenant"], row["agent"]): Decimal(row["cost"]) for row in rows}
    assert sum(costs.values()) == Decimal("14.600000000007"), "OpenCost's own cost is added to nothing"
    assert costs[("acme", "planner")].quantize(Decimal("0.0000001")) == Decimal("2.4")
    assert costs[("globex", "__untagged__")].quantize(Decimal("0.0000001")) == Decimal("1.2")
    assert costs[("__idle__", "__idle__")].quantize(Decimal("0.0000001")) == Decimal("6")
    assert sum(cost for (tenant, _), cost in costs.items() if tenant == "__untagged__") == 5, "no meter speaks of that node"
    stated = finops("query", "SELECT name, total FROM stated_total", "-f", "json").json["rows"]
    assert stated == [{"name": "totalCost", "total": "2.75"}]


def test_exports_of_the_same_hours_under_other_names_do_not_add_up(finops: Finops, tmp_path: Path) -> None:
    """Copies that differ in nothing that matters: one is refused, in a call of its own and beside the other."""
    seconds = "SELECT sum(cpu_seconds) AS cpu, sum(gpu_seconds) AS gpu FROM meter"
    (tmp_path / "a.json").write_bytes(SAMPLE.read_bytes())
    (tmp_path / "b.json").write_text(SAMPLE.read_text(encoding="utf-8") + "\n")
    both = finops("ingest", "a.json", "b.json")
    assert (both.code, "are in `a.json` too: their use would count twice" in both.err) == (1, True)
    assert finops("ingest", "a.json", "--no-build").code == 0
    once = finops("query", seconds, "-f", "json").json["rows"]
    again = finops("ingest", "b.json", "--no-build")
    assert (again.code, "`--as replacement`" in again.err) == (1, True)
    assert finops("ingest", "b.json", "--as", "replacement", "--no-build").code == 0
    assert finops("query", seconds, "-f", "json").json["rows"] == once
    assert finops("ingest", "b.json", "--no-build").code == 0, "unchanged"


def test_another_identity_reads_the_same_file_anew(finops: Finops, tmp_path: Path) -> None:
    (tmp_path / "allocation.json").write_bytes(SAMPLE.read_bytes())
    tenants = "SELECT DISTINCT tenant FROM meter WHERE tenant IS NOT NULL ORDER BY tenant"
    for identity, status, names in (
        ("", "loaded", ["acme", "globex"]),
        ("", "unchanged", ["acme", "globex"]),
        ('[identity]\ntenant = ["attr:k8s.namespace.name"]\n', "replaced", ["agents", "search"]),
    ):
        (tmp_path / "finops.toml").write_text(identity)
        (row,) = finops("ingest", "allocation.json", "--no-build", "-f", "json").json["rows"]
        assert row["status"] == status
        assert [found["tenant"] for found in finops("query", tenants, "-f", "json").json["rows"]] == names
