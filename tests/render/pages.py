"""Pages made by hand: a full one, a bare one, a hostile one and a large one."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from finops.render.page import (
    AgentRow,
    Cell,
    FanDay,
    Half,
    Headline,
    Page,
    Panel,
    PlacementMap,
    PriceDate,
    Provenance,
    Quality,
    ReconcileRow,
    Review,
    Series,
    Share,
    SourceRow,
    Spend,
    Term,
)
from finops.steps.reporting.parts import glossary

D = Decimal
FIRST, LAST, END = date(2026, 11, 1), date(2026, 11, 20), date(2026, 11, 30)
HOSTILE = "<script>alert(1)</script>"
NASTY = (HOSTILE, '"><img src=x onerror=alert(1)>', "{{ 7*7 }}", "a\u202etxt.exe\x00", "']]>--><!--", "|`x`|\n# @here", "=cmd()")
LEFTOVERS = (Share("__idle__", D(4100), True), Share("__untagged__", D(640), True), Share("__unexplained__", D(254), True))


def cents(value: float) -> Decimal:
    return D(f"{value:.2f}")


def wave(seed: int, base: float, length: int = 90, rise: float = 0.0) -> Series:
    """A weekly pattern, the same every time."""
    return tuple(
        cents(base * (1 + rise * i / length) * (1 + 0.2 * math.sin(i * 2 * math.pi / 7 + seed) + 0.08 * math.sin(i * seed * 1.7)))
        for i in range(length)
    )


def spend() -> Spend:
    daily = [1952.2 + 230 * math.sin(i * 0.9) for i in range(20)]
    daily[-1] += 39044 - sum(daily)
    days = tuple((FIRST + timedelta(days=i), cents(sum(daily[: i + 1]))) for i in range(20))
    start = float(days[-1][1])
    fan = tuple(
        FanDay(
            LAST + timedelta(days=i),
            cents(start + 2240 * i),
            cents(start + 2240 * i - 1400 * math.sqrt(i)),
            cents(start + 2240 * i - 750 * math.sqrt(i)),
            cents(start + 2240 * i + 820 * math.sqrt(i)),
            cents(start + 2240 * i + 1700 * math.sqrt(i)),
        )
        for i in range(1, 11)
    )
    return Spend(days, fan, D("55000"), "weekly seasonal", "In 9 back-tested months the mean error was 3.1%")


def agents() -> tuple[AgentRow, ...]:
    rows = [
        ("summariser", "research-notes", 9840, 8100, 7500, "0.412", "low_value_high_cost", "1.31", "0.42"),
        ("code-review", "pull-requests", 8410, 8300, 17890, "0.913", "keep", "0.47", "3.9"),
        ("web-researcher", "research-notes", 6120, 4100, 6510, "0.55", "low_value_high_cost", "0.94", "0.51"),
        ("support-triage", "service-desk", 4930, 5200, 82160, "0.968", "keep", "0.06", "4.1"),
        ("doc-qa", "service-desk", 3050, 3050, 27720, "0.884", "watch", "0.11", "0.13"),
        ("sql-helper", "analytics", 1210, 1340, 13444, "0.93", "keep", "0.09", "1.4"),
        ("router", "service-desk", 310, 300, 310000, "0.99", "keep", "0.001", "0.01"),
        ("night-batch", "analytics", 180, None, 12, None, "insufficient_data", None, None),
    ]
    made = [
        AgentRow(
            a, flow, D(cost), D(before) if before else None, runs, D(ok) if ok else None,
            D(cost) / (runs * D(ok)) if ok else None, wave(i + 1, cost / 20, rise=0.3), verdict,
            D(per_run) if per_run else None, D(value) if value else None,
        )
        for i, (a, flow, cost, before, runs, ok, verdict, per_run, value) in enumerate(rows)
    ]  # fmt: skip
    left = [("__idle__", 4100), ("__untagged__", 640), ("__unexplained__", 254)]
    return (*made, *(AgentRow(n, n, D(c), D(c), days=wave(3, c / 20), leftover=True) for n, c in left))


def reviews() -> tuple[Review, ...]:
    return (
        Review("summariser", "research-notes", "low_value_high_cost", D("0.97"), D(9840), D(6900), 7500,
               ("41.2% of 7,500 runs were accepted; a run costs $1.31 and is worth $0.42",),
               "try a smaller model on the 60% of runs under 2,000 tokens, or stop runs after the second retry"),
        Review("web-researcher", "research-notes", "low_value_high_cost", D("0.91"), D(6120), D(2790), 6510,
               ("a run costs $0.94 and is worth $0.51",), "cap the search depth"),
        Review("doc-qa", "service-desk", "watch", D("0.64"), D(3050), D(90), 27720, ("cost rose while success stayed",)),
    )  # fmt: skip


def placement() -> PlacementMap:
    regions = ("us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-south-1", "ap-northeast-1")
    instances = ("g6e.12xlarge", "p4d.24xlarge", "p5.48xlarge", "p5en.48xlarge", "p6-b200.48xlarge")
    base = (1.0, 0.87, 0.63, 0.62, 0.71)
    day = date(2026, 11, 18)
    cells = []
    for r, region in enumerate(regions):
        for i, instance in enumerate(instances):
            cost = D(f"{base[i] * (1 + 0.04 * r):.4f}")
            upper = Half("priced", cost, day)
            lower = Half("priced", D(f"{float(cost) * (0.42 + 0.06 * ((r * 3 + i * 5) % 6)):.4f}"), day, derived=True)
            if i == 3 and r >= 4:
                upper = lower = Half("not_offered")
            if i == 0 and r == 5:
                lower = Half("no_price")
            if i == 4 and r == 2:
                upper = Half("priced", cost, date(2026, 5, 1), stale=True)
            if i == 1 and r == 3:
                upper, lower = Half("no_price"), Half("no_price")
            cells.append(Cell(region, instance, upper, lower))
    gcp = tuple(
        Cell(r, "a3-highgpu-8g", Half("priced", D("0.71") + i, day), Half("no_price"))
        for i, r in enumerate(("us-central1", "europe-west4"))
    )
    panels = (
        Panel("aws", regions, instances, tuple(cells)),
        Panel("gcp", ("us-central1", "europe-west4"), ("a3-highgpu-8g",), gcp),
    )
    priced = [(c.spot.unit_cost, c.region, c.instance_type) for c in cells if c.spot.unit_cost]
    cost, region, instance = min(priced)
    return PlacementMap(
        "chat-70b", "llama-3.1-70b", "1M output tokens", "USD", panels, ("aws", region, instance, "spot"),
        ("aws", "us-east-1", "p4d.24xlarge", "on_demand"), cost, D("0.87"), 2, D("2310"),
        ("the benchmark's load is like yours", "spot work is redone when interrupted", "no data is moved"), 212,
    )  # fmt: skip


def bill(period: str, issuer: str, billed: str, invoice: str | None = None) -> ReconcileRow:
    amount = D(billed)
    idle, untagged = amount / 10, amount / 50
    return ReconcileRow(
        period, issuer, "1234", "USD", amount, amount, D(0),
        D(invoice) if invoice else None, D(invoice) - amount if invoice else None,
        amount / 2, amount - amount / 2 - idle - untagged, D(0), idle, D(0), untagged, D(0), D(0),
    )  # fmt: skip


def full() -> Page:
    rows = agents()
    spent = sum((r.spend for r in rows), D(0))
    shown = spend()
    end = shown.fan[-1]
    head = Headline(
        spent=spent, spent_before=spent / D("1.12"), estimated=D(2100), expected=end.expected, low=end.p10, high=end.p90,
        budget=D(55000), over_budget_probability=D("0.98"), spend_days=wave(2, 1900, rise=0.4),
        months=tuple(D(x) for x in (38000, 41000, 47000, 46000, 52100, 61400)),
        cost_per_success=D("0.184"), cost_per_success_before=D("0.196"), cost_per_success_weeks=wave(4, 0.19, 13),
        idle=D(4100), capacity=D(37300), idle_days=wave(5, 200), unallocated=D(894), unallocated_days=wave(6, 44),
        riser="web-researcher", rise=D(2020),
    )  # fmt: skip
    return Page(
        company="acme-prod", currency="USD", first=FIRST, last=LAST, month_end=END, as_of=LAST, headline=head,
        provenance=Provenance(
            "0.1.0", "3f9a2c71d0be", "b83e11c2a90f44d1", prices=(
                PriceDate("aws on-demand", date(2026, 11, 18)), PriceDate("aws spot advisor", date(2026, 11, 18)),
                PriceDate("token prices", date(2026, 11, 12)), PriceDate("gcp", date(2026, 5, 1), stale=True),
            ),
        ),
        spend=shown, agents=rows,
        tenants=tuple(Share(n, D(c)) for n, c in (("growth", 15960), ("platform", 9620), ("support", 8470))) + LEFTOVERS,
        workflows=tuple(Share(n, D(c)) for n, c in (("research-notes", 15960), ("pull-requests", 8410), ("service-desk", 8290),
                                                    ("analytics", 1390))) + LEFTOVERS,
        reviews=reviews(), judged_over="90 days", placement=placement(),
        reconciliation=(bill("2026-11", "AWS", "20311.123456789"), bill("2026-11", "OpenAI", "14500.5"),
                        bill("2026-10", "AWS", "30871.37", "30871.37"), bill("2026-10", "OpenAI", "21100")),
        quality=Quality(
            (SourceRow("focus", 8, 120400, 3), SourceRow("otlp", 20, 904211, 0), SourceRow("outcomes", 1, 40010, 1)),
            (("BilledCost: not a number", 3), ("run_id is missing", 1)), 904211, 412, 455234, 20311,
        ),
        glossary=(Term("effective_cost", "Cost", "money", "sum of EffectiveCost", "amortised, before tax"),
                  Term("cost_per_success", "Cost per successful run", "money per run", "cost of all runs / accepted runs")),
        other_currencies=(("EUR", D("312.40")),),
    )  # fmt: skip


def bare() -> Page:
    """A bill alone, of a month long closed: no runs, no budget, no benchmark, no forecast."""
    head = Headline(spent=D("20.52022672899"), no_success="no runs are known: ingest traces")
    return Page(
        company="finops", currency="USD", first=date(2024, 9, 1), last=date(2024, 9, 30), month_end=date(2024, 9, 30),
        as_of=LAST, headline=head, provenance=Provenance("0.1.0", "none", "0000"), closed=True,
        spend=Spend(tuple((date(2024, 9, d), D("20.52022672899") * d / 30) for d in range(1, 31))),
        agents=(AgentRow("__untagged__", "__untagged__", D("20.52022672899"), leftover=True),),
        tenants=(Share("__untagged__", D("20.52022672899"), True),),
        no_review="no outcomes are known, so no agent can be judged", no_placement="no benchmark has been ingested",
        reconciliation=(bill("2024-09", "AWS", "20.52022672899"),),
        quality=Quality((SourceRow("focus", 1, 1000, 0),)),
    )  # fmt: skip


def empty() -> Page:
    """Nothing in the ledger but its existence."""
    return Page(
        company="acme", currency="USD", first=FIRST, last=LAST, month_end=END, as_of=LAST, headline=Headline(spent=D(0)),
        provenance=Provenance("0.1.0", "none", "0000"), no_review="no runs are known",
    )  # fmt: skip


def hostile(tame: str = "") -> Page:
    """Every name is an attack, or plain."""
    nasty = tuple((f"{i}{tame}" * 9)[: len(name)] for i, name in enumerate(NASTY)) if tame else NASTY
    script = nasty[0]
    page = full()
    names = [nasty[i % len(nasty)] for i in range(len(page.agents))]
    chart = page.placement
    assert chart is not None
    cells = tuple(replace(c, region=nasty[i % len(nasty)], instance_type=script) for i, c in enumerate(chart.panels[0].cells))
    panels = (Panel(script, nasty, (script,), cells),)
    return replace(
        page,
        company=script,
        agents=tuple(replace(a, agent=n, workflow=n) for a, n in zip(page.agents, names, strict=True)),
        tenants=tuple(Share(n, D(10), False) for n in nasty),
        workflows=tuple(Share(n, D(10), False) for n in nasty),
        reviews=tuple(Review(n, n, "low_value_high_cost", D("0.9"), D(10), D(5), 3, (n,), n) for n in nasty),
        placement=replace(chart, workload=script, model=script, panels=panels,
                          assumptions=nasty, unit=script),
        reconciliation=tuple(replace(r, issuer=script, account=script) for r in page.reconciliation),
        quality=Quality((SourceRow(script, 1, 1, 1),), ((script, 1),)),
        glossary=(Term(script, script, script, script, script),),
        headline=replace(page.headline, riser=script),
        provenance=Provenance(script, script, script, prices=(PriceDate(script, LAST, script),)),
    )  # fmt: skip


def large() -> Page:
    """50 agents in 12 months, with bills of three issuers and four accounts in each month."""
    page = full()
    rows = tuple(
        replace(page.agents[i % 7], agent=f"agent-{i:02}", workflow=f"workflow-{i % 12}", spend=cents(5000 - 61 * i + i / 7),
                days=wave(i + 1, 40 + i)) for i in range(50)
    )  # fmt: skip
    bills = tuple(
        replace(bill(f"2026-{m:02}", issuer, "20311.123456789"), account=f"10{a}")
        for m in range(12, 0, -1) for issuer in ("AWS", "GCP", "OpenAI") for a in range(4)
    )  # fmt: skip
    shares = tuple(Share(f"tenant-{i}", D(9000 - i * 100)) for i in range(12))
    terms = glossary()
    chart = placement()
    first = chart.panels[0]
    others = [replace(first, provider=name, regions=first.regions[:3]) for name in ("gcp", "azure")]
    others = [replace(p, cells=tuple(c for c in p.cells if c.region in p.regions)) for p in others]
    page = replace(page, placement=replace(chart, panels=(first, *others)))
    return replace(
        page, agents=(*rows, *page.agents[-3:]), reconciliation=bills, tenants=shares, workflows=shares, glossary=terms
    )
