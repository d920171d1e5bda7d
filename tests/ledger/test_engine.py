"""The model runner: heads, order, promises that are kept, the lint of portable SQL, and slices that equal a full build."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finops.core.settings import AccountMap, Rule, Workflow
from finops.core.talk import Silence
from finops.errors import DataError, OutOfMemory
from finops.ledger.engine import line_runs, pieces, runner, slices
from finops.ledger.engine.compiling import Allocation, account_owners
from finops.ledger.engine.model import Model, all_models, ordered, parsed_model, selected
from finops.ledger.engine.runner import run_models, trace_models
from finops.ledger.engine.slices import dirty_slices, within_days
from tests.conftest import LONG
from tests.ledger.tables import Tables

PORTABLE = [model for model in all_models() if model.layer in ("facts", "marts")]


def model(name: str, body: str, *head: str) -> Model:
    return parsed_model(name, "marts", "\n".join([f"-- {name}: a test.", *head, body]))


def test_every_model_has_a_head_and_comes_after_what_it_reads() -> None:
    seen: set[str] = set()
    names = {m.name for m in all_models()}
    for one in all_models():
        assert one.meaning, one.name
        assert (one.reads & names) <= seen, one.name
        seen.add(one.name)


def test_what_is_built_by_runs_of_days_is_not_read_in_passing() -> None:
    """Staging of the trace models holds only the last run of days when the other models are built."""
    trace = trace_models(all_models())
    passing = {m.name for m in trace if m.layer == "staging"}
    assert "stg_call" in passing
    assert [m.name for m in all_models() if m not in trace and m.reads & passing] == []


def test_facts_and_marts_have_a_grain() -> None:
    assert [m.name for m in PORTABLE if not m.grain] == []


def test_order_follows_reads_and_a_circle_is_refused() -> None:
    a, b = model("a", "SELECT 1 AS x FROM b"), model("b", "SELECT 1 AS x")
    assert [m.name for m in ordered([a, b])] == ["b", "a"]
    assert [m.name for m in selected(ordered([a, b]), ["b"])] == ["b"]
    with pytest.raises(DataError, match="circle"):
        ordered([a, model("b", "SELECT 1 AS x FROM a")])
    with pytest.raises(DataError, match="no model"):
        selected([a, b], ["c"])


FORBIDDEN = {
    r"\b(first|last|any_value|mode|arbitrary)\s*\(": "takes any row",
    r"\bavg\s*\(|\bstddev|\bmedian\s*\(|\bquantile": "is DOUBLE",
    r"\b(now|today|current_date|current_timestamp|random|uuid)\b(?!')": "is not the same twice",
    r"\bqualify\b|\bgroup by all\b|\border by all\b|\bpivot\b|\basof\b|\bexclude\b|\breplace\s*\(\s*\*": "is not portable",
    r"select\s+(distinct\s+)?\*|\b[a-z]\.\*": "names no columns",
    r"\blimit\b": "needs a unique order",
    r"\bdouble\b|\bfloat\b|\breal\b": "is not exact",
    r"\b(list|array_agg|string_agg)\s*\((?![^)]*order by)": "has no order",
    r"\['": "reads a map",
    r"\brecursive\b": "belongs to staging",
}


def code_of(text: str) -> str:
    return re.sub(r"--[^\n]*", "", text).lower()


@pytest.mark.parametrize("one", PORTABLE, ids=lambda m: m.name)
def test_lint_of_facts_and_marts(one: Model) -> None:
    code = code_of(one.sql)
    for pattern, why in FORBIDDEN.items():
        found = re.search(pattern, code)
        assert not found, f"{one.name}: `{found and found[0]}` {why}"
    for match in re.finditer(r"over\s*\(", code):
        window = code[match.start() : code.index(")", match.start())]
        assert "order by" in window or "partition by" in window, f"{one.name}: a window without order"


@pytest.mark.parametrize(
    "bad", ["SELECT * FROM x", "SELECT avg(a) AS a FROM x", "SELECT first(a) AS a FROM x", "SELECT now() AS a"]
)
def test_the_lint_can_fail(bad: str) -> None:
    assert any(re.search(pattern, code_of(bad)) for pattern in FORBIDDEN)


@pytest.mark.parametrize("one", [m for m in all_models() if m.layer != "staging"], ids=lambda m: m.name)
def test_every_computed_column_is_named(one: Model) -> None:
    """No alias without AS: DuckDB 1.5 refuses some, and others read differently elsewhere."""
    bare = re.findall(r"\)\s+([a-z_]+)\s*,", code_of(one.sql))
    assert [name for name in bare if name not in ("end",)] == []


def test_a_grain_that_does_not_hold_fails_the_build() -> None:
    twice = model("m", "SELECT 1 AS a UNION ALL SELECT 1 AS a", "-- grain: (a)")
    with pytest.raises(DataError, match="grain"):
        run_models(Tables(), Allocation(), Silence(), models=[twice])


def test_a_sum_that_is_not_kept_fails_the_build() -> None:
    whole = model("whole", "SELECT 'k' AS k, 1.5 AS a UNION ALL SELECT 'l' AS k, 2 AS a", "-- grain: (k)")
    part = model("part", "SELECT k AS k, a AS a FROM whole WHERE k = 'k'", "-- keeps: sum(a) = sum(whole.a) by (k)")
    with pytest.raises(DataError, match="does not keep"):
        run_models(Tables(), Allocation(), Silence(), models=[whole, part])
    swapped = model("part", "SELECT k AS k, 3.5 - a AS a FROM whole", "-- keeps: sum(a) = sum(whole.a)")
    run_models(Tables(), Allocation(), Silence(), models=[whole, swapped])


def test_a_head_that_can_not_be_read_is_refused() -> None:
    with pytest.raises(DataError):
        parsed_model("m", "marts", "SELECT 1")
    with pytest.raises(DataError, match="keeps"):
        model("m", "SELECT 1", "-- keeps: everything")


def test_dirty_days_reach_over_traces_and_months() -> None:
    dirty = dirty_slices({"call": [date(2026, 10, 31)], "charge": [date(2026, 2, 3)]})
    assert dirty.call_days == {date(2026, 10, 29) + timedelta(days=n) for n in range(5)}
    assert {(d.year, d.month) for d in dirty.charge_days} == {(2026, 2), (2026, 10), (2026, 11)}
    assert len([d for d in dirty.charge_days if d.month == 2]) == 28
    assert not dirty_slices({"outcome": []})


def test_account_maps_become_spans_that_do_not_overlap() -> None:
    maps = (
        AccountMap("1", tenant="a", to=date(2026, 6, 1)),
        AccountMap("1", tenant="b", agent="x", from_=date(2026, 1, 1)),
    )
    assert account_owners(maps) == [
        ("1", date.min, date(2026, 1, 1), "a", None, None),
        ("1", date(2026, 1, 1), date(2026, 6, 1), "a", "x", None),
        ("1", date(2026, 6, 1), date.max, "b", "x", None),
    ]


# Slices: whatever arrives in whatever order, building by slice gives what building everything gives.

FIRST = datetime(2026, 9, 28)
RULES = (
    Rule(
        "gpu",
        "metered",
        match={"ResourceId": ["g1", "g2"]},
        driver="gpu_seconds",
        join=("resource",),
        reference="capacity",
        window="day",
        widen="month",
    ),
    Rule("shared", "shared", match={"ServiceName": "support"}, split="proportional"),
)
ALLOCATION = Allocation(rules=RULES, workflows=(Workflow("w1", run="session"),))


def any_rows(seed: int) -> dict[str, list[dict[str, Any]]]:
    """Charges, spans and meters over six days around a month's end; spans have parents, copies and times near midnight."""
    rng = random.Random(seed)
    charges, calls, meters = [], [], []
    for _ in range(rng.randint(1, 12)):
        start = FIRST + timedelta(days=rng.randint(0, 5))
        amount = Decimal(rng.choice(["1", "-0.3", "0.000000000007", "17.123456789012", "0"]))
        charges.append(
            {
                "BillingCurrency": rng.choice(["USD", "USD", "EUR"]),
                "BillingPeriodStart": start.replace(day=1),
                "ChargePeriodStart": start,
                "ChargePeriodEnd": start + timedelta(days=rng.choice([1, 1, 30])),
                "ChargeCategory": rng.choice(["Usage", "Usage", "Credit"]),
                "ServiceProviderName": "openai",
                "InvoiceIssuerName": "OpenAI",
                "BillingAccountId": "o",
                "ServiceName": rng.choice(["api", "support"]),
                "x_Model": rng.choice([None, "m1"]),
                "x_TokenClass": rng.choice([None, "output"]),
                "ResourceId": rng.choice([None, "g1", "g2"]),
                "x_TenantId": rng.choice([None, None, "t1"]),
                "x_AgentId": rng.choice([None, None, None, "a1"]),
                "BilledCost": amount,
                "EffectiveCost": amount * 2,
                "ListCost": rng.choice([None, amount]),
            }
        )
    for n in range(rng.randint(0, 14)):
        trace = f"trace{rng.randint(1, 4)}"
        start = FIRST + timedelta(hours=rng.choice([0, 1, 23, 24, 25, 47, 48, 70, 100, 130]))
        span = {
            "trace": trace,
            "span": f"s{n}",
            "parent": f"s{rng.randint(0, 14)}" if rng.random() < 0.7 else None,
            "start_time": start,
            "end_time": start + timedelta(seconds=5),
            "operation": rng.choice(["inference", "inference", "agent", "workflow", "tool"]),
            "provider": "openai",
            "model": rng.choice(["m1", "m1", "m2"]),
            "response": rng.choice([None, "resp-1234", f"resp-{n:04}x"]),
            "output": rng.choice([None, 10, 20]),
            "input_uncached": rng.choice([None, 5]),
            "agent": rng.choice([None, "a1", "a2"]),
            "tenant": rng.choice([None, "t1", "t2"]),
            "workflow": rng.choice([None, "w1"]),
            "session": rng.choice([None, "se1"]),
        }
        calls += [span] if rng.random() < 0.8 else [span, {**span, "tenant": "t2"}]
    for _ in range(rng.randint(0, 6)):
        hour = FIRST + timedelta(hours=rng.randint(0, 140))
        meters.append(
            {
                "hour": hour,
                "provider": "aws",
                "resource": rng.choice(["g1", "g2"]),
                "capacity": 1,
                "tenant": rng.choice(["t1", None]),
                "agent": "a1",
                "workflow": "w1",
                "gpu_seconds": rng.choice([0, 100, 3600, 9999]),
            }
        )
    return {"charge": charges, "call": calls, "meter": meters}


TIMES = {"charge": "ChargePeriodStart", "call": "start_time", "meter": "hour"}


def priced(database: Tables) -> Tables:
    database.insert("model_alias", [{"provider_raw": "openai", "model_raw": "m1", "provider": "openai", "model": "m1"}])
    for token_class, price in (("output", "0.3"), ("input_uncached", "0.1")):
        database.insert(
            "price_token",
            [
                {
                    "batch": "b",
                    "provider": "openai",
                    "model": "m1",
                    "token_class": token_class,
                    "service_tier": "standard",
                    "variant": "",
                    "min_input_tokens": 0,
                    "price": Decimal(price),
                    "currency": "USD",
                }
            ],
        )
    database.insert("price_month", [{"call_month": date(2026, m, 1), "batch": "b"} for m in (9, 10)])
    return database


def facts_of(database: Tables) -> dict[str, list[tuple[Any, ...]]]:
    return {
        m.name: [tuple(row.values()) for row in database.query(f"SELECT * FROM {m.name} ORDER BY ALL")]
        for m in all_models()
        if m.layer != "staging"
    }


def touched(rows: Mapping[str, Iterable[Mapping[str, Any]]]) -> dict[str, list[date]]:
    return {name: sorted({row[TIMES[name]].date() for row in found}) for name, found in rows.items() if found}


@settings(max_examples=200 if LONG else 10, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 10**6), st.integers(2, 3), st.booleans())
def test_slices_equal_a_full_build(seed: int, deliveries: int, begins_empty: bool) -> None:
    rows = any_rows(seed)
    rng = random.Random(seed + 1)
    whole, sliced = priced(Tables()), priced(Tables())
    lot = {name: [rng.randrange(deliveries) for _ in found] for name, found in rows.items()}
    if begins_empty:
        run_models(sliced, ALLOCATION, Silence())
    for delivery in range(deliveries):
        new = {name: [r for r, at in zip(found, lot[name], strict=True) if at == delivery] for name, found in rows.items()}
        for name, found in new.items():
            sliced.insert(name, found, batch=delivery + 1)
        run_models(sliced, ALLOCATION, Silence(), touched=touched(new) if delivery or begins_empty else None)
    for name, found in rows.items():
        rng.shuffle(found)
        whole.insert(name, found, batch=9)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(slices, "CHUNK_SPANS", deliveries)
        patch.setattr(slices, "CHUNK_DAYS", deliveries - 1)
        patch.setattr(slices, "CHUNK_LINES", deliveries)
        patch.setattr(line_runs, "RUN_LINES", deliveries)
        run_models(whole, ALLOCATION, Silence())
    assert facts_of(sliced) == facts_of(whole)


def test_an_outcome_that_comes_later_reaches_its_run_and_the_days_of_it() -> None:
    first, second = any_rows(3), any_rows(4)
    said: dict[str, Any] = {"time": FIRST + timedelta(days=6), "currency": "USD", "evaluator": "e"}
    outcomes = [{"run": f"trace{n}", "accepted": n != 2, "value": Decimal(n), **said} for n in range(1, 5)]
    told = [{"run": "trace1", "start_time": FIRST, "agent": "told", "status": "error"}]
    sliced, whole = priced(Tables()), priced(Tables())
    for database in (sliced, whole):
        for name, found in first.items():
            database.insert(name, found, batch=1)
    run_models(sliced, ALLOCATION, Silence())
    later = {"outcome": outcomes, "run": told, "call": second["call"]}
    for database in (sliced, whole):
        for name, found in later.items():
            database.insert(name, found, batch=2)
    days = {"outcome": [said["time"].date()], "run": [FIRST.date()]}
    run_models(sliced, ALLOCATION, Silence(), touched={**touched({"call": second["call"]}), **days})
    run_models(whole, ALLOCATION, Silence())
    assert facts_of(sliced) == facts_of(whole)
    assert {row["accepted"] for row in whole.query("SELECT accepted FROM fct_run")} >= {True, False}


class Tight(Tables):
    """Memory that does for a day of the cube, and of tokens, but not for two."""

    failures = 0

    def execute(self, sql: str) -> int:
        for name, days in (("fct_cost", "charge"), ("fct_usage", "call")):
            if re.match(rf"(CREATE OR REPLACE TABLE|INSERT INTO) {name} (?!.*LIMIT 0$)", sql, re.DOTALL):
                held = self.query(f"SELECT count(DISTINCT {days}_day) AS n FROM dirty_{days}_day")[0]["n"]
                if held > 1:
                    self.failures += 1
                    raise OutOfMemory("too much")
        return super().execute(sql)


def test_what_does_not_fit_into_memory_is_built_in_halves() -> None:
    rows = any_rows(7)
    ample, tight = priced(Tables()), priced(Tight())
    for database in (ample, tight):
        for name, found in rows.items():
            database.insert(name, found)
        run_models(database, ALLOCATION, Silence())
    assert facts_of(tight) == facts_of(ample)
    assert tight.failures > 2


class Tighter(Tables):
    """Memory that does not do for a piece of the calls until the third time."""

    failures, table = 0, "stg_call"

    def execute(self, sql: str) -> int:
        if sql.startswith(f"INSERT INTO {self.table} BY NAME") and self.failures < 2:
            self.failures += 1
            raise OutOfMemory("too much")
        return super().execute(sql)


class TighterFact(Tighter):
    """The same of a fact, whose days must not be halved while its calls are."""

    table = "fct_call"


class TighterLines(Tighter):
    """The same of billing lines."""

    table = "stg_alike"


@pytest.mark.parametrize("kind", [Tables, Tighter, TighterFact, TighterLines])
def test_many_calls_and_lines_are_built_in_pieces_and_not_sorted(kind: type[Tables], monkeypatch: pytest.MonkeyPatch) -> None:
    rows = any_rows(7)
    whole, parts = priced(Tables()), priced(kind())
    for database in (whole, parts):
        for name, found in rows.items():
            database.insert(name, found)
    built = run_models(whole, ALLOCATION, Silence())
    monkeypatch.setattr(pieces, "PIECE_SPANS", 5)
    monkeypatch.setattr(pieces, "LEAST_SPANS", 1)
    monkeypatch.setattr(line_runs, "RUN_LINES", 2)
    monkeypatch.setattr(runner, "SORTED_LINES", 0)
    again = run_models(parts, ALLOCATION, Silence())
    assert facts_of(parts) == facts_of(whole)
    assert again.rows == built.rows
    assert getattr(parts, "failures", 2) == 2


def test_what_no_piece_is_small_enough_for_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    database = priced(Tighter())
    database.failures = -(10**6)
    for name, found in any_rows(7).items():
        database.insert(name, found)
    monkeypatch.setattr(pieces, "PIECE_SPANS", 5)
    with pytest.raises(OutOfMemory):
        run_models(database, ALLOCATION, Silence())


def test_days_become_ranges_that_files_can_be_skipped_by() -> None:
    days = [date(2026, 9, 30), date(2026, 10, 1), date(2026, 10, 5)]
    database = Tables()
    values = ", ".join(
        f"(TIMESTAMP '2026-{day} 23:59:59.999999')" for day in ("09-29", "09-30", "10-01", "10-02", "10-05", "10-06")
    )
    found = database.query(f"SELECT t FROM (VALUES {values}) v(t) WHERE {within_days('t', days)} ORDER BY t")
    assert [row["t"].date() for row in found] == days
    assert within_days("t", days).startswith("t >= TIMESTAMP '2026-09-30 00:00:00' AND t <= TIMESTAMP '2026-10-05")
    assert within_days("t", ()) == "FALSE"


@settings(max_examples=50 if LONG else 5, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 10**6))
def test_threads_and_order_do_not_matter(seed: int) -> None:
    rows = any_rows(seed)
    answers = []
    for threads in (1, 8):
        database = priced(Tables(threads))
        for name, found in rows.items():
            random.Random(threads).shuffle(found)
            database.insert(name, found)
        run_models(database, ALLOCATION, Silence())
        answers.append({m.name: database.query(f"SELECT * FROM {m.name}") for m in PORTABLE if m.grain})
    assert answers[0] == answers[1]
