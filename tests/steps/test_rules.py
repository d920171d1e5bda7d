"""`finops reconcile --rules`: what each rule matched, what it did not, and the cost that it moved, on a small bill."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Ran

Finops = Callable[..., Ran]

HEAD = (
    "BillingAccountId,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,InvoiceIssuerName,"
    "ProviderName,ChargeCategory,ServiceName,ResourceId,BilledCost,EffectiveCost,ListCost,x_AgentId,x_TenantId"
)
TIMES = "2026-10-01T00:00:00Z,2026-11-01T00:00:00Z,2026-10-05T00:00:00Z,2026-10-06T00:00:00Z,AWS,AWS,Usage"
LINES = (
    *("compute,gpu-1,24", "compute,gpu-2,10", "search,,6", "logs,,4", "logs,,1.000000000001", "support,,2"),
    *("logs,,3,a1,acme", "other,,5"),
)
METERS = "hour,provider,resource,instance_type,capacity,tenant,agent,gpu_seconds\n" + "".join(
    f"2026-10-05T{hour:02}:00:00Z,aws,{resource},g6.xlarge,1,{tenant},a1,1800\n"
    for resource, tenant, hours in (("gpu-1", "acme", 24), ("gpu-9", "bolt", 2))
    for hour in range(hours)
)
RULES = """
[[rule]]
id = "gpu"
method = "metered"
match = {ServiceName = "compute"}
driver = "gpu_seconds"
join = ["resource"]
reference = "capacity"

[[rule]]
id = "logs"
method = "shared"
match = {ServiceName = "logs"}
split = "even"

[[rule]]
id = "upkeep"
method = "shared"
match = {ServiceName = ["support", "logs"]}
split = "fixed"
driver = "calls"
shares = {acme = 0.5, bolt = 0.5}

[[rule]]
id = "logs again"
method = "shared"
match = {ServiceName = "logs"}

[[rule]]
id = "nothing"
method = "shared"
match = {ServiceName = "log*"}
"""


@pytest.fixture
def house(finops: Finops, once: Callable[..., None]) -> Finops:
    def make() -> None:
        amounts = [(line + ",,").split(",")[:5] for line in LINES]
        rows = [f"1,USD,{TIMES},{service},{item},{a},{a},{a},{agent},{tenant}" for service, item, a, agent, tenant in amounts]
        Path("bill.csv").write_text("\n".join([HEAD, *rows]) + "\n", encoding="utf-8")
        Path("meters.csv").write_text(METERS, encoding="utf-8")
        Path("finops.toml").write_text(RULES, encoding="utf-8")
        ran = finops("ingest", "bill.csv", "meters.csv")
        assert ran.code == 0, ran.err

    once(make)
    return finops


def told(ran: Ran) -> tuple[list[dict[str, Any]], str]:
    assert ran.code == 0, ran.err
    return ran.json["rows"], "\n".join(ran.json["meta"]["notes"])


def test_every_rule_says_what_it_has_and_has_not_and_what_it_moved(house: Finops) -> None:
    rows, notes = told(house("reconcile", "--rules", "-f", "json"))
    found = {(r["rule"], r["finding"], r["what"]): (r["charges"], r["billed"] and Decimal(r["billed"])) for r in rows}
    assert found["gpu", "matched", "gpu_seconds, by day, idle_rest"] == (1, Decimal(24))
    assert found["gpu", "matched", "gpu_seconds, no_driver"] == (1, Decimal(10))
    assert found["gpu", "taken from", "gpu-hours"] == (1, Decimal(24))
    assert found["gpu", "taken from", "no-rule"] == (1, Decimal(10))
    assert found["gpu", "placed on", "acme / a1"][1] == found["gpu", "placed on", "__idle__"][1] == 12
    assert found["gpu", "placed on", "__unexplained__"][1] == 10
    assert found["logs", "matched", "shared"] == (2, Decimal("5.000000000001"))
    assert found["logs", "passed over", "for named-owner"] == (1, Decimal(3))
    assert found["logs", "taken from", "upkeep"] == (2, Decimal("5.000000000001"))
    assert found["upkeep", "passed over", "for logs"] == (2, Decimal("5.000000000001"))
    assert found["nothing", "matched", "no charge"] == (0, None)
    assert found["no-rule", "matched", "untagged"] == (2, Decimal(11))
    (metered,) = [r for r in rows if r["finding"] == "not charged"]
    assert (metered["what"], metered["driver"], metered["driver_total"]) == ("gpu-9, gpu_seconds", "gpu_seconds", 3600)
    assert {r["rule"]: r["line"] for r in rows}["upkeep"] == 16
    nothing = "rule `nothing` (finops.toml:29) matches no charge: what `ServiceName` says is compared letter by letter, `*` too"
    assert nothing in notes
    assert "rule `logs again` (finops.toml:24) places nothing: the 3 charges that it fits are placed by `logs`" in notes
    assert "rules `logs` (finops.toml:10) and `upkeep` (finops.toml:16) both fit 3 charges of $8.00" in notes
    assert "rule `upkeep` (finops.toml:16): `driver` say nothing in a shared rule" in notes


def test_strict_makes_an_error_of_what_does_nothing_or_overlaps(house: Finops) -> None:
    ran = house("reconcile", "--rules", "--strict")
    assert (ran.code, ran.out) == (2, "")
    assert "rule `logs again` (finops.toml:24) places nothing" in ran.err
    assert "more, told by `finops reconcile --rules`; next: rule `nothing` (finops.toml:29) matches no charge" in ran.err
    Path("finops.toml").write_text(RULES.split('[[rule]]\nid = "upkeep"')[0], encoding="utf-8")
    assert house("build", "--restate", "all").code == 0
    assert house("reconcile", "--rules", "--strict").code == 0
    assert house("reconcile", "--strict").code == 2


def test_each_side_of_a_rule_adds_up_to_what_it_matched(house: Finops) -> None:
    ran = house("reconcile", "--rules", "-f", "json")
    rows, _ = told(ran)
    sums: dict[tuple[str, str], Decimal] = {}
    for row in rows:
        key = (row["rule"], row["finding"])
        sums[key] = sums.get(key, Decimal(0)) + Decimal(row["billed"] or 0)
    for (rule, finding), amount in sums.items():
        if finding in ("taken from", "placed on"):
            assert amount == sums[rule, "matched"], (rule, finding)
    assert sum(amount for (_, finding), amount in sums.items() if finding == "matched") == Decimal("55.000000000001")
    assert ran.json["totals"] == [{"currency": "USD", "billed": "55.000000000001"}]


def test_a_rule_more_or_less_moves_cost_only_between_the_places_that_are_named(house: Finops) -> None:
    """What `taken from` says of a rule is where its charges are when it is gone."""

    def by_rule() -> dict[str, Decimal]:
        rows, _ = told(house("reconcile", "--rules", "-f", "json"))
        return {r["rule"]: Decimal(r["billed"]) for r in rows if r["finding"] == "matched" and r["billed"] and r["groups"]} | {
            "gpu": sum(
                (Decimal(r["billed"]) for r in rows if r["rule"] == "gpu" and r["finding"] == "matched" and r["billed"]),
                Decimal(0),
            )
        }

    rows, _ = told(house("reconcile", "--rules", "-f", "json"))
    before = by_rule()
    parts = RULES.split("[[rule]]")
    for number, gone in ((1, "gpu"), (2, "logs"), (3, "upkeep"), (5, "nothing")):
        Path("finops.toml").write_text("[[rule]]".join(parts[:number] + parts[number + 1 :]), encoding="utf-8")
        assert house("build").code == 0
        expected = {**before, gone: Decimal(0)}
        for row in rows:
            if (row["rule"], row["finding"]) == (gone, "taken from"):
                expected[row["other"]] = expected.get(row["other"], Decimal(0)) + Decimal(row["billed"])
        after = by_rule()
        assert {k: v for k, v in after.items() if v} == {k: v for k, v in expected.items() if v}, gone


def test_rules_that_changed_since_the_build_are_not_told_of(house: Finops) -> None:
    Path("finops.toml").write_text(RULES.replace('"log*"', '"other"'), encoding="utf-8")
    ran = house("reconcile", "--rules")
    assert (ran.code, "finops build" in ran.err) == (1, True)


def test_what_a_platform_hands_on_is_told_by_its_rule(house: Finops) -> None:
    """3 USD of logs name acme's agent and 12 of the node are its: with the rule all of it, and its logs, are bolt's."""
    Path("finops.toml").write_text(
        RULES + '\n[[rule]]\nid = "hand on"\nmethod = "shared"\nof = {tenant = "acme"}\nsplit = "fixed"\nshares = {bolt = 1}\n',
        encoding="utf-8",
    )
    assert house("build").code == 0
    rows, notes = told(house("reconcile", "--rules", "-f", "json"))
    own = [(r["finding"], r["tenant"], r["billed"]) for r in rows if r["rule"] == "hand on"]
    taken = sum(Decimal(billed) for finding, tenant, billed in own if (finding, tenant) == ("taken from", "acme"))
    placed = sum(Decimal(billed) for finding, tenant, billed in own if (finding, tenant) == ("placed on", "bolt"))
    assert taken == placed > 15
    assert "hand on" not in notes
    tenants = {
        r["tenant"]: Decimal(r["cost"]) for r in house("cost", "--by", "tenant", "--metric", "billed", "-f", "json").json["rows"]
    }
    assert "acme" not in tenants
    assert sum(tenants.values()) == Decimal("55.000000000001")
    traced = house("explain", "bolt", "--trace", "-f", "json")
    assert traced.code == 0, traced.err
    assert Decimal(traced.json["totals"][0]["billed"]) == tenants["bolt"]


def test_a_correction_on_a_later_bill_is_in_the_month_of_its_use_and_traced_there(finops: Finops) -> None:
    """What `reconcile --rules` says of a month is what `explain rules --trace` adds up, and `reconcile` what is on its bill."""
    later = TIMES.replace("2026-10-01T00:00:00Z,2026-11-01", "2026-11-01T00:00:00Z,2026-12-01")
    lines = [f"1,USD,{TIMES},logs,,{amount},,,," for amount in ("4", "6")] + [f"1,USD,{later},logs,,-1,,,,"]
    Path("bill.csv").write_text("\n".join([HEAD, *lines]) + "\n", encoding="utf-8")
    Path("finops.toml").write_text('[[rule]]\nid = "logs"\nmatch = {ServiceName = "logs"}\nmethod = "shared"\n', encoding="utf-8")
    assert finops("ingest", "bill.csv").code == 0
    only = ("--month", "2026-10", "-f", "json")
    rows, notes = told(finops("reconcile", "--rules", *only))
    assert {row["finding"]: row["billed"] for row in rows}["matched"] == "9"
    assert "1 charge is on the bill of another month, where `finops reconcile` counts them" in notes
    traced = finops("explain", "rules", "--trace", "--where", "rule=logs", *only).json
    assert [total["billed"] for total in traced["totals"]] == ["9"]
    for table, option in (
        ("reconcile", ()),
        ("reconcile", ("--view", "incurred")),
        ("unattributed", ("--where", "dimension=tenant")),
    ):
        found = finops("explain", table, "--trace", *option, *only).json["totals"]
        assert [total["billed"] for total in found] == (["10"] if table == "reconcile" else []), (table, option)
    assert [row["billed"] for row in told(finops("reconcile", *only))[0]] == ["10"]
    assert any("a balance is by the months of bills" in one for one in told(finops("reconcile", "--view", "incurred", *only))[1:])
