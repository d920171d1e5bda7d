"""Properties of whole ledgers: whatever bill, traces, meters and rules there are, the parts add up and order does not matter."""

from __future__ import annotations

import json
import random
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from finops.cli.app import run
from finops.config import Overrides, load_settings
from finops.ledger.canonical import canonical_rows
from finops.ledger.store import open_reader
from finops.ledger.tracing import Wanted, trace_rows
from finops.steps.build import allocation_of
from tests.conftest import LONG, whole_ledger_cases
from tests.ledger import ledger_properties as properties
from tests.ledger.companies import METRICS, Company, companies, rules, stored

RESTATED = ("--restate", "2026-09", "--restate", "2026-10")
FILES = ("bill.csv", "traces.json", "meters.csv")
NAMES = {"BilledCost": "billed", "EffectiveCost": "effective", "ListCost": "list", "ContractedCost": "contracted"}
SPLITS = ("proportional", "even", "fixed", "left")
THEN = ("another split", "without the shared rule", "without the metered rule", "one tenant shared on", "there and back")
"""What happens to a ledger at last. All of it in long runs, else one of it for every other ledger."""
OWNER = ("tenant", "agent", "workflow", "currency", "method", "rule")
PHASES = [Phase.explicit, Phase.reuse, Phase.generate]
"""A whole ledger takes a second: a failing case is shown as it was found, not made smaller."""
CASES = settings(max_examples=whole_ledger_cases(), suppress_health_check=list(HealthCheck), deadline=None, phases=PHASES)


Canonical = list[Any]


class Ledger:
    """One ledger in a folder of its own, driven by the command line."""

    def __init__(self, home: Path) -> None:
        self.home = home
        home.mkdir(parents=True, exist_ok=True)

    def finops(self, *arguments: object) -> None:
        common = [
            "--ledger",
            self.home / "l.duckdb",
            "--config",
            self.home / "finops.toml",
            "-q",
            "-o",
            self.home / "out.json",
            "-f",
            "json",
        ]
        assert run([str(a) for a in (*arguments, *common, "--as-of", "2026-11-20")]) == 0

    def rows(self, sql: str) -> list[dict[str, Any]]:
        self.finops("query", sql)
        return list(json.loads((self.home / "out.json").read_text())["rows"])

    def told_by_rules(self) -> list[dict[str, Any]]:
        """What `reconcile --rules` says."""
        self.finops("reconcile", "--rules")
        return list(json.loads((self.home / "out.json").read_text())["rows"])

    def traced(self) -> list[dict[str, Any]]:
        """Every owner's rows, as `explain --trace` follows one owner's."""
        settings = load_settings(Overrides(config=self.home / "finops.toml", ledger=self.home / "l.duckdb"))
        with open_reader(settings.ledger) as reader:
            return trace_rows(reader, allocation_of(settings), Wanted())

    def canonical(self) -> Canonical:
        """What `query --canonical` says of charges and costs."""
        with open_reader(self.home / "l.duckdb") as reader:
            return [canonical_rows(reader, name) for name in ("charge", "fct_cost")]


@contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def ingested(company: Company, home: Path) -> Ledger:
    ledger = Ledger(home)
    company.write(home)
    ledger.finops("ingest", *(home / name for name in FILES if (home / name).exists()))
    return ledger


@CASES
@given(
    companies(),
    st.sampled_from((*THEN, *[None] * len(THEN))),
    companies(),
    st.integers(1, 4),
    st.randoms(use_true_random=False),
)
def test_every_ledger_adds_up(company: Company, then: str | None, earlier: Company, pieces: int, shuffle: random.Random) -> None:
    """Every property but P16 and P18 asks the same ledger, which takes a second to make."""
    with folder() as home:
        ledger = ingested(company, home)
        p1_p11_p14_every_amount_lands_once(company, ledger)
        p2_p12_shares_are_bounded_and_fill_their_pool(company, ledger)
        p2_rows_of_the_bill_and_costs_of_owners_are_the_same_shares(company, ledger)
        p13_reconcile_balances(company, ledger)
        p14_every_margin_of_the_cube(company, ledger)
        properties.cost_told_in_one_currency(ledger.home / "l.duckdb", len(company.charges))
        canonical = p4_twice_is_once(company, ledger)
        p5_the_later_version_of_a_file_stands(earlier, company, home / "later", canonical)
        cut = p3_p6_pieces_in_any_order_are_the_whole(company, home / "pieces", canonical, pieces, shuffle)
        p10_a_shared_charge_of_nothing_changes_nobody(company, ledger, cut)
        properties.tokens_at_their_price(ledger.rows)
        properties.sides_of_every_rule_add_up(ledger.told_by_rules())
        for change in THEN if LONG else (then,) if then else ():
            if change == "one tenant shared on":
                p1_cost_that_is_shared_on(company, ledger)
            elif change == "there and back":
                p19_a_round_trip_keeps_every_amount(ledger)
            else:
                p11_rules_that_change(company, ledger, change)


def p14_every_margin_of_the_cube(company: Company, ledger: Ledger) -> None:
    billed: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    for charge in company.charges:
        month = f"2026-{charge.month:02}"
        key = (charge.issuer, f"{charge.issuer}-{charge.month}", charge.account, month, charge.currency)
        billed[key] += stored(charge.costs[0])
    properties.every_margin_of_the_cube(ledger.home / "l.duckdb", billed)


def p11_rules_that_change(company: Company, ledger: Ledger, change: str) -> None:
    """Another way to share moves no total; a rule that is gone moves cost only to what it names."""
    told, before = ledger.told_by_rules(), properties.owners(ledger.rows)
    gone = {"without the shared rule": "shared", "without the metered rule": "gpu"}.get(change)
    split = SPLITS[SPLITS.index(company.split) - 1]
    text = rules(company.split if gone else split)
    kept = [part for part in text.split("[[rule]]")[1:] if gone is None or f'id = "{gone}"' not in part]
    (ledger.home / "finops.toml").write_text("".join(f"[[rule]]{part}" for part in kept), encoding="utf-8")
    ledger.finops("build", "--restate", "all")
    after = properties.owners(ledger.rows)
    if gone:
        properties.a_rule_gone_moves_only_between_named_places(gone, told, before, after)
    else:
        properties.other_options_move_no_total(before, after)
    (ledger.home / "finops.toml").write_text(rules(company.split), encoding="utf-8")
    if LONG:
        ledger.finops("build", "--restate", "all")


def p1_cost_that_is_shared_on(company: Company, ledger: Ledger) -> None:
    """Everything of a tenant goes on to the others, exactly, and is still followed down to rows."""
    before = properties.owners(ledger.rows)
    own = '\n[[rule]]\nid = "on"\nmethod = "shared"\nof = {tenant = "t1"}\nsplit = "proportional"\n'
    (ledger.home / "finops.toml").write_text(rules(company.split) + own, encoding="utf-8")
    ledger.finops("build", "--restate", "all")
    properties.cost_shared_on("t1", before, properties.owners(ledger.rows))
    p2_p12_shares_are_bounded_and_fill_their_pool(company, ledger)
    p2_rows_of_the_bill_and_costs_of_owners_are_the_same_shares(company, ledger)
    (ledger.home / "finops.toml").write_text(rules(company.split), encoding="utf-8")
    if LONG:
        ledger.finops("build", "--restate", "all")


def p19_a_round_trip_keeps_every_amount(ledger: Ledger) -> None:
    """What `query` gives of the charges is a FOCUS file that loads to the same cost."""
    again = Ledger(ledger.home / "again")
    properties.written_as_focus(ledger.rows, again.home / "focus.csv")
    for name in ("finops.toml", "rates.csv", "traces.json", "meters.csv"):
        if (ledger.home / name).exists():
            shutil.copy(ledger.home / name, again.home / name)
    files = [again.home / name for name in ("focus.csv", "traces.json", "meters.csv")]
    again.finops("ingest", *(file for file in files if file.exists()))
    again.finops("query", "--canonical", "fct_cost")
    ledger.finops("query", "--canonical", "fct_cost")
    assert (again.home / "out.json").read_text() == (ledger.home / "out.json").read_text()


def p1_p11_p14_every_amount_lands_once(company: Company, ledger: Ledger) -> None:
    """Σ allocated = Σ stored per issuer, invoice, account, currency, month and metric, however it is shared and grouped."""
    expected: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    for charge in company.charges:
        for metric, text in zip(METRICS, charge.costs, strict=True):
            key = (charge.issuer, f"{charge.issuer}-{charge.month}", charge.account, charge.currency, str(charge.month), metric)
            expected[key] += stored(text)
    rows = ledger.rows(
        "SELECT issuer, invoice, account, currency, month(billing_month) AS m, tenant, agent, workflow,"
        " sum(billed) AS billed, sum(effective) AS effective, sum(list) AS list, sum(contracted) AS contracted"
        " FROM fct_cost WHERE basis = 'billed'"
        " GROUP BY issuer, invoice, account, currency, m, tenant, agent, workflow"
    )
    found: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    for row in rows:
        assert row["tenant"]
        assert row["agent"]
        assert row["workflow"]
        for metric in METRICS:
            key = (row["issuer"], row["invoice"], row["account"], row["currency"], str(row["m"]), metric)
            found[key] += Decimal(row[NAMES[metric]] or 0)
    assert {k: v for k, v in found.items() if v} == {k: v for k, v in expected.items() if v}


def p13_reconcile_balances(company: Company, ledger: Ledger) -> None:
    """source_total + rounding = billed = allocated, and the waterfall adds up to it."""
    ledger.finops("reconcile")
    rows = json.loads((ledger.home / "out.json").read_text())["rows"]
    raw = sum(Decimal(charge.costs[0]) for charge in company.charges)
    assert sum(Decimal(row["source_total"]) for row in rows if row["source_total"] is not None) == raw
    for row in rows:
        if row["billed"] is None:
            continue
        assert Decimal(row["source_total"]) + Decimal(row["rounding"]) == Decimal(row["billed"])
        assert Decimal(row["difference"]) == 0
        steps = ("direct", "metered", "shared", "idle", "left", "untagged", "unexplained")
        assert sum(Decimal(row[step] or 0) for step in steps) == Decimal(row["allocated"]) == Decimal(row["billed"])


def p2_p12_shares_are_bounded_and_fill_their_pool(company: Company, ledger: Ledger) -> None:
    """Each pool's shares add up to it in all four amounts, and each is within one stored unit of its part by weight."""
    amounts = tuple(NAMES.values())
    columns = ", ".join(f"a.{name} AS {name}, p.{name} AS pool_{name}" for name in amounts)
    rows = ledger.rows(
        f"SELECT a.pool_id, a.weight, a.weight_total, {columns} FROM fct_allocation a JOIN fct_pool p ON p.pool_id = a.pool_id"
    )
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    pools: dict[tuple[str, str], Decimal] = {}
    for row in rows:
        for name in amounts:
            share, pool = Decimal(row[name] or 0), Decimal(row[f"pool_{name}"] or 0)
            sums[row["pool_id"], name] += share
            pools[row["pool_id"], name] = pool
            assert share * pool >= 0
            assert abs(share) <= abs(pool)
            if row["weight_total"]:
                ideal = Fraction(pool) * int(row["weight"]) / int(row["weight_total"])
                assert abs(Fraction(share) - ideal) < Fraction(1, 10**12)
    assert sums == pools


def p2_rows_of_the_bill_and_costs_of_owners_are_the_same_shares(company: Company, ledger: Ledger) -> None:
    """Every owner's shares of rows add up to the owner's cost, every row's shares over all owners to the row, and no share is
    two stored units away from its part by weight."""
    by_owner: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    by_row: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
    weights: dict[int, int] = defaultdict(int)
    totals: dict[int, int] = {}
    traced = ledger.traced()
    costs = ledger.rows(f"SELECT {', '.join((*OWNER, *NAMES.values()))} FROM fct_cost WHERE basis = 'billed'")
    expected = {
        (number, name): stored(text)
        for number, charge in enumerate(company.charges, 1)
        for name, text in zip(NAMES.values(), charge.costs, strict=True)
    }
    for row in traced:
        line = row["line"]
        weights[line] += row["weight"]
        totals[line] = row["weight_total"]
        for name in NAMES.values():
            share, whole = row[name], row[f"line_{name}"]
            assert whole == expected[line, name]
            assert abs(Fraction(share) - Fraction(whole) * row["weight"] / row["weight_total"]) < Fraction(2, 10**12)
            by_row[line, name] += share
            by_owner[(*(row[key] for key in OWNER), name)] += share
    assert by_row == expected
    assert weights == totals
    for cost in costs:
        for name in NAMES.values():
            by_owner[(*(cost[key] for key in OWNER), name)] -= Decimal(cost[name])
    assert not any(by_owner.values())


def p4_twice_is_once(company: Company, ledger: Ledger) -> Canonical:
    """Answers with what the ledger holds."""
    once = ledger.canonical()
    ingested(company, ledger.home)
    assert ledger.canonical() == once
    return once


def p3_p6_pieces_in_any_order_are_the_whole(
    company: Company, home: Path, canonical: Canonical, pieces: int, shuffle: random.Random
) -> Ledger:
    """Neither the order of rows matters, nor how many files they come in, nor the order of these. Of pieces that are the same to
    the last byte one counts, as for any two files: such pieces are none of a whole."""
    lines = list(company.charges)
    shuffle.shuffle(lines)
    parts = [tuple(lines)]
    for count in range(2, pieces + 1):
        cut = [part for at in range(count) if (part := tuple(lines[at::count]))]
        parts = cut if len(set(cut)) == len(cut) else parts
    for number, part in enumerate(parts):
        company.write(home, list(part), f"bill-{number}.csv")
    ledger = Ledger(home)
    bills = sorted(home.glob("bill-*.csv"), reverse=True)
    ledger.finops("ingest", *bills, *home.glob("traces.json"), *home.glob("meters.csv"))
    assert ledger.canonical() == canonical
    return ledger


def p5_the_later_version_of_a_file_stands(earlier: Company, company: Company, home: Path, canonical: Canonical) -> None:
    """A bill of some of the company's months comes first, and then the bill that there is."""
    months = {(c.account, c.month) for c in company.charges}
    charges = [c for c in earlier.charges if (c.account, c.month) in months]
    if not charges:
        first = company.charges[0]
        charges = [replace(c, account=first.account, month=first.month) for c in earlier.charges]
    company.write(home, charges)
    ledger = Ledger(home)
    ledger.finops("ingest", *(home / name for name in FILES if (home / name).exists()))
    company.write(home)
    ledger.finops("ingest", home / "bill.csv", *RESTATED)
    assert ledger.canonical() == canonical


def p10_a_shared_charge_of_nothing_changes_nobody(company: Company, ledger: Ledger, again: Ledger) -> None:
    """It comes as a part of what the company's other ledger holds."""
    first = replace(company.charges[0], tags=(), model=None, token_class=None, resource=None)
    nothing = replace(first, service="Observability", costs=("0", "0", "0", "0"))
    company.write(again.home, [nothing], "nothing.csv")
    again.finops("ingest", again.home / "nothing.csv", "--as", "part", *RESTATED)
    sql = (
        "SELECT tenant, agent, workflow, currency, sum(billed) AS billed, sum(effective) AS effective"
        " FROM fct_cost GROUP BY ALL ORDER BY ALL"
    )
    found = [made.rows(sql) for made in (ledger, again)]
    spent = [[row for row in rows if Decimal(row["billed"]) or Decimal(row["effective"])] for rows in found]
    assert spent[0] == spent[1]
    is_new = all(piece.read_bytes() != (again.home / "nothing.csv").read_bytes() for piece in again.home.glob("bill-*.csv"))
    assert again.rows("SELECT count(*) AS n FROM charge") == [{"n": len(company.charges) + is_new}]
