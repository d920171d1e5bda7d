"""`reconcile --sources` on a company whose every gap was planted, and on small bills that lack one thing or another."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finops.core.explaining.gap import CAUSES
from finops.core.explaining.gap_forms import SIDES
from finops.core.numbers import plain_decimal
from tests.company import planted, truth
from tests.company.planted import TIMES
from tests.conftest import LONG, ROOT, Ran

Finops = Callable[..., Ran]
Row = dict[str, Any]
FIGURES = ("traces_list", "gateway", "usage_report", "invoice", "gap", *CAUSES, "unexplained")


def test_the_restated_month_says_what_it_was_and_what_it_is(home: Path) -> None:
    def billed(path: Path) -> Decimal:
        return sum(
            (Decimal(row["BilledCost"]) for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines())), Decimal(0)
        )

    was, now = billed(home / "before/bills/openai-2026-08.csv"), billed(home / "bills/openai-2026-08.csv")
    notes = json.loads((home / "restated.json").read_text(encoding="utf-8"))["meta"]["notes"]
    change = f"2026-08 __untagged__: {plain_decimal(was)} -> {plain_decimal(now)} EUR ({plain_decimal(now - was)})"
    assert any(change in note for note in notes), notes


ANSWERS: dict[tuple[str, ...], Any] = {}
"""What the command said of the company, by its options: the same every time."""


def answer(finops: Finops, home: Path, *more: str) -> Any:
    if more not in ANSWERS:
        arguments = ("reconcile", "--sources", "--config", home / "finops.toml", "--ledger", home / "l.duckdb", "-f", "json")
        ran = finops(*arguments, *more)
        assert ran.code == 0, ran.err
        ANSWERS[more] = ran.json
    return ANSWERS[more]


def rows_of(finops: Finops, home: Path, *more: str) -> list[Row]:
    return list(answer(finops, home, *more)["rows"])


def amounts(row: Row) -> dict[str, Decimal]:
    found = {name: Decimal(row[name]) for name in FIGURES if row[name] is not None}
    return {name: amount for name, amount in found.items() if amount}


@pytest.mark.parametrize("view", ["billed", "incurred"])
def test_every_planted_gap_is_found_and_named_to_the_last_digit(
    finops: Finops, home: Path, view: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = rows_of(finops, home, "--view", view)
    known = truth.truth(planted.company(), TIMES, view)
    exact = {(row["period"], row["provider"], row["model"]): amounts(row) for row in rows if row["provider"] != "mistral"}
    assert exact.keys() == known.keys()
    for key, own in known.items():
        assert exact[key] == own, key
    assert {row["currency"] for row in rows if row["provider"] == "anthropic"} == {"GBP"}
    if LONG:
        with capsys.disabled():
            print_figures(exact, known, view)


def print_figures(found: dict[Any, dict[str, Decimal]], known: dict[Any, dict[str, Decimal]], view: str) -> None:
    """What was planted and what was found, summed over models and months of a provider: for whoever runs the long tests."""
    made = planted.company()
    print(f"\n{TIMES} x {len(made.calls):,} calls on {len(planted.DAYS)} days, {view}: planted, found")
    for provider in sorted({key[1] for key in known}):
        for name in FIGURES:
            sums = [
                sum((o.get(name, Decimal(0)) for k, o in side.items() if k[1] == provider), Decimal(0)) for side in (known, found)
            ]
            if any(sums):
                print(f"  {provider:<10} {name:<16} {sums[0]:>22.6f} {sums[1]:>22.6f}")


def test_what_only_samples_tell_is_found_within_its_interval(finops: Finops, home: Path) -> None:
    rows = [row for row in rows_of(finops, home, "--view", "billed") if row["provider"] == "mistral"]
    for month in ("2026-08", "2026-11"):
        known = truth.mistral(planted.company(), TIMES, month)
        row = next(row for row in rows if row["period"] == month and row["model"])
        found = {name: Decimal(row[name] or 0) for name in (*FIGURES, "sampling_within")}
        assert (found["traces_list"], found["unexplained"]) == (known["traces_list"], 0)
        absent = found["sampling"] + found["missing_spans"] + found["beyond_use"] + found["not_billed_yet"]
        assert absent == known["not_in_traces"]  # nothing was lost here: all of it is sampling, and what no bill covers yet
        as_one = Decimal(TIMES).sqrt()  # copies of a run are kept or left out together: runs of the interval are single
        assert abs(found["missing_spans"] + found["beyond_use"]) <= found["sampling_within"] * as_one
        assert found["commitments"] == -known["prepaid"] * (month == "2026-11")
        bought = [Decimal(r["commitments"]) for r in rows if r["period"] == month and not r["model"]]
        assert sum(bought) == known["purchase"]


@pytest.mark.parametrize("view", ["billed", "incurred"])
def test_rows_and_totals_add_up_exactly(finops: Finops, home: Path, view: str) -> None:
    found = answer(finops, home, "--view", view)
    for row in [*found["rows"], *found["totals"]]:
        causes = sum((Decimal(row[name]) for name in (*CAUSES, "unexplained") if row[name] is not None), Decimal(0))
        assert Decimal(row["traces_list"] or 0) + causes == Decimal(row["invoice"] or 0)
    billed = sum(Decimal(row["invoice"] or 0) for row in found["rows"] if row["currency"] == "GBP")
    assert billed == sum(Decimal(t["invoice"]) for t in found["totals"] if t["currency"] == "GBP")


def test_a_month_alone_says_the_same_of_it(finops: Finops, home: Path) -> None:
    whole = [row for row in rows_of(finops, home, "--view", "billed") if row["period"] == "2026-11"]
    assert rows_of(finops, home, "--month", "2026-11") == whole
    assert [row for row in whole if row["currency"] == "EUR"] == rows_of(finops, home, "--month", "2026-11", "--currency", "EUR")


def test_without_rates_what_needs_one_is_unknown_and_said(finops: Finops, home: Path) -> None:
    Path("none.toml").write_text("[ledger]\nas_of = 2026-12-05\n", encoding="utf-8")
    ran = finops(
        "reconcile", "--sources", "--month", "2026-11", "--config", "none.toml", "--ledger", home / "l.duckdb", "-f", "json"
    )
    row = next(row for row in ran.json["rows"] if row["model"] == planted.CLAUDE)
    assert (row["traces_list"], row["exchange_rate"], row["unexplained"]) == (None, None, None)
    assert any("no rate from USD to GBP" in note for note in ran.json["meta"]["notes"])


def litellm(number: int, cost: str, **more: Any) -> str:
    usage = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
    times = {"startTime": f"2026-11-03T08:{number:02}:00Z", "endTime": f"2026-11-03T08:{number:02}:09Z"}
    names = {"request_id": f"answer-{number:04}", "call_type": "acompletion", "model": "gpt-4o", "custom_llm_provider": "openai"}
    return json.dumps({**names, **usage, **times, "spend": cost, "status": "success", **more})


def span(number: int, **more: str) -> dict[str, Any]:
    attributes = {
        **{"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.response.model": "gpt-4o"},
        **{"gen_ai.response.id": f"answer-{number:04}", "sampling.weight": "2"},
        **more,
    }
    texts = [{"key": key, "value": {"stringValue": value}} for key, value in attributes.items()]
    counts = (("gen_ai.usage.input_tokens", 1000), ("gen_ai.usage.output_tokens", 100))
    start = 1793692800 + 60 * number  # 2026-11-03 08:00
    return {
        **{"traceId": f"{number + 1:032x}", "spanId": f"{number + 1:016x}", "name": "chat", "kind": 3},
        **{"startTimeUnixNano": f"{start}000000000", "endTimeUnixNano": f"{start + 9}000000000"},
        "attributes": texts + [{"key": key, "value": {"intValue": str(count)}} for key, count in counts],
    }


BILLED = (
    "BillingAccountId,BillingCurrency,BillingPeriodStart,ChargePeriodStart,ChargePeriodEnd,InvoiceIssuerName,ProviderName,"
    "ChargeCategory,ServiceName,x_Model,BilledCost\n"
    "{account},USD,2026-11-01T00:00:00Z,2026-11-03T00:00:00Z,2026-11-04T00:00:00Z,OpenAI,OpenAI,Usage,API,gpt-4o,{cost}\n"
)
EACH = Decimal("0.0035")
"""USD of a call: 1,000 tokens in at 2.50 and 100 out at 10 a million."""


def loaded(finops: Finops, bills: dict[str, str], logs: list[str], spans: list[dict[str, Any]], *more: str) -> Ran:
    for account, cost in bills.items():
        Path(f"bill-{account}.csv").write_text(BILLED.format(account=account, cost=cost), encoding="utf-8")
    Path("litellm.jsonl").write_text("\n".join(logs) + "\n", encoding="utf-8")
    document = {"resourceSpans": [{"resource": {}, "scopeSpans": [{"spans": spans}]}]}
    Path("spans.json").write_text(json.dumps(document), encoding="utf-8")
    files_of_it = [
        *(f"bill-{account}.csv" for account in bills),
        *(["litellm.jsonl"] if logs else []),
        *(["spans.json"] if spans else []),
    ]
    ran = finops("ingest", *files_of_it, *more, "--as-of", "2026-12-05")
    assert ran.code == 0, ran.err
    return finops("reconcile", "--sources", "--as-of", "2026-12-05", "-f", "json")


def test_calls_that_name_no_run_share_sampling_and_missing_spans_within_an_interval(finops: Finops) -> None:
    ran = loaded(finops, {"a": "0.05"}, [litellm(n, "0.004") for n in range(10)], [span(n) for n in range(4)])
    (row,) = ran.json["rows"]
    found = {name: Decimal(row[name]) for name in ("traces_list", "gateway", "sampling", "missing_spans", "unexplained")}
    assert found["traces_list"] == 4 * EACH
    assert found["gateway"] == Decimal("0.04")
    assert (found["sampling"], found["missing_spans"]) == (4 * EACH, 2 * EACH)
    assert found["unexplained"] == Decimal("0.05") - 10 * EACH
    width = Decimal("1.96") * (4 * 2 * EACH * EACH).sqrt()
    assert Decimal(row["sampling_within"]) == Decimal(row["missing_spans_within"]) == width.quantize(Decimal("1e-12"))
    notes = " ".join(ran.json["meta"]["notes"])
    assert "says no list cost: discount and currency are unknown" in notes
    assert (row["discount"], row["exchange_rate"], row["use_by"]) == (None, None, "calls")
    costs = finops("query", "SELECT CAST(sum(list_cost) AS VARCHAR) AS cost FROM fct_usage", "-f", "json").json["rows"]
    assert Decimal(costs[0]["cost"]) == 10 * EACH  # what the gateway tells of once is not multiplied by the sample's weight


def test_accounts_that_no_call_names_stand_together_and_it_is_said(finops: Finops) -> None:
    ran = loaded(finops, {"a": "0.05", "b": "0.02"}, [litellm(n, "0.004") for n in range(10)], [])
    (row,) = ran.json["rows"]
    assert (row["account"], row["invoice"], row["traces_list"]) == (None, "0.07", None)
    assert Decimal(row["missing_spans"]) == 10 * EACH
    notes = " ".join(ran.json["meta"]["notes"])
    assert "calls name no account of the bill's several" in notes
    assert "no trace is loaded of openai in 2026-11: the bridge begins at nothing" in notes


def test_without_a_bill_or_any_model_nothing_is_made_up(finops: Finops) -> None:
    ran = loaded(finops, {}, [], [span(0), span(1)])
    (row,) = ran.json["rows"]
    assert (row["traces_list"], row["invoice"], row["gap"], row["unexplained"]) == ("0.007", None, None, None)
    assert row["sampling"] == "0.007"
    ran = finops("reconcile", "--sources", "--month", "2026-03", "--as-of", "2026-12-05", "-f", "json")
    assert (ran.code, ran.json["rows"]) == (0, [])


def test_openais_own_report_prices_batches_as_batches(finops: Finops) -> None:
    usage = {
        **{
            "object": "organization.usage.completions.result",
            "input_tokens": 3000,
            "output_tokens": 300,
            "num_model_requests": 3,
        },
        **{"model": "gpt-4o", "input_cached_tokens": 0, "batch": True, "service_tier": "default"},
    }
    page = {
        "data": [{"object": "bucket", "start_time": 1793664000, "end_time": 1793750400, "results": [usage]}],
        "has_more": False,
    }
    Path("usage.json").write_text(json.dumps(page), encoding="utf-8")
    ran = loaded(finops, {"a": "0.0175"}, [litellm(0, "0.0035")], [span(0, **{"sampling.weight": "1"})], "usage.json")
    (row,) = ran.json["rows"]
    assert Decimal(row["usage_report"]) == 3 * EACH / 2
    assert (Decimal(row["missing_spans"]), row["use_by"]) == (3 * EACH / 2 - EACH, "usage report")


def test_a_bill_that_names_no_model_is_compared_with_all_of_them(finops: Finops) -> None:
    other = {"gen_ai.response.model": "gpt-4.1", "sampling.weight": "1"}
    Path("bill.csv").write_text(BILLED.format(account="a", cost="0.006").replace(",gpt-4o,", ",,"), encoding="utf-8")
    ran = loaded(finops, {}, [], [span(0, **{"sampling.weight": "1"}), span(1, **other)], "bill.csv")
    (row,) = ran.json["rows"]
    assert (row["account"], row["model"], row["traces_list"], row["invoice"]) == ("a", None, "0.0063", "0.006")
    assert row["unexplained"] == "-0.0003"
    assert any("names no model, so that all models stand together" in note for note in ran.json["meta"]["notes"])


def test_calls_without_a_price_are_unknown_and_what_they_cost_is_unexplained(finops: Finops) -> None:
    own = {"gen_ai.response.model": "our-own-tune", "sampling.weight": "1"}
    bill = BILLED.format(account="a", cost="0.9").replace("gpt-4o", "our-own-tune").replace("BilledCost", "BilledCost,ListCost")
    Path("bill.csv").write_text(bill.replace(",0.9", ",0.9,1.0"), encoding="utf-8")
    ran = loaded(finops, {}, [], [span(0, **own)], "bill.csv")
    (row,) = ran.json["rows"]
    assert (row["traces_list"], row["discount"], row["missing_spans"], row["unexplained"]) == (None, "-0.1", "0", "1")
    assert any(note.startswith("1 calls of our-own-tune have no list price") for note in ran.json["meta"]["notes"])


def test_a_gateways_cost_counts_once_and_its_roll_ups_where_no_call_says_any(finops: Finops) -> None:
    header = "id,date,custom_llm_provider,model,spend,api_requests,prompt_tokens,completion_tokens"
    users = "user_id,api_key\n1,2026-11-03,openai,gpt-4o,0.5,2,10,5,u,k\n2,2026-11-04,openai,gpt-4o,0.25,2,10,5,u,k\n"
    Path("users.csv").write_text(f"{header},{users}", encoding="utf-8")
    Path("tags.csv").write_text(f"{header},tag,api_key\n1,2026-11-04,openai,gpt-4o,9,2,10,5,t,k\n", encoding="utf-8")
    told = {"llm.cost.total": "7"}
    ran = loaded(finops, {"a": "0.05"}, [litellm(0, "0.004")], [span(0, **told), span(1)], "users.csv", "tags.csv")
    (row,) = ran.json["rows"]
    assert (row["gateway"], row["gateways"]) == ("0.254", ["litellm_logs", "litellm_rollups"])


def test_reads_know_every_gateway() -> None:
    """A source that reads the log of a gateway says so by the module that all gateways share."""
    logs = {
        p.stem for p in (ROOT / "finops/sources").glob("*.py") if "import Names, Row, call_row" in p.read_text(encoding="utf-8")
    }
    assert logs
    for name in ("calls", "gateways", "sampling"):
        text = (ROOT / f"finops/ledger/sql/reads/sources_{name}.sql").read_text(encoding="utf-8")
        known = set(re.findall(r"'(\w+)'", re.findall(r"c\.source, ''\) IN \(([^)]*)\)", text)[0]))
        assert logs <= known, name


def traced(finops: Finops, home: Path, *more: str) -> list[Row]:
    given = ("--config", home / "finops.toml", "--ledger", home / "l.duckdb", "-f", "json")
    ran = finops("explain", "sources", "--trace", *given, *more)
    assert ran.code == 0, ran.err
    for total in ran.json["totals"]:
        own = [row for row in ran.json["rows"] if row["currency"] == total["currency"]]
        assert sum((Decimal(row["amount"]) for row in own), Decimal(0)) == Decimal(total["amount"])
        assert {row["cause"] for row in own} == total.keys() - {"currency", "amount"}
    return list(ran.json["rows"])


@pytest.mark.parametrize("month", ["2026-11"] if LONG else ["2026-08", "2026-11"])
def test_every_figure_is_followed_down_to_rows_that_add_up_to_it(finops: Finops, home: Path, month: str) -> None:
    lines = traced(finops, home, "--month", month)
    sides = SIDES if month == "2026-11" else ()
    for side in sides:
        lines += traced(finops, home, "--month", month, "--where", f"cause={side}")
    sums: dict[tuple[str, ...], Decimal] = {}
    for line in lines:
        key = (line["provider"], line["account"], line["currency"], line["cause"])
        sums[key] = sums.get(key, Decimal(0)) + Decimal(line["amount"])
        assert line["file"] or line["provider"] == "mistral", line  # only samples of spans leave something to estimate
    told: dict[tuple[str, ...], Decimal] = {}
    for row in rows_of(finops, home, "--month", month):
        for name in (*sides, *CAUSES, "unexplained"):
            if row[name] is not None and Decimal(row[name]):
                key = (row["provider"], row["account"], row["currency"], name)
                told[key] = told.get(key, Decimal(0)) + Decimal(row[name])
    assert {key: amount for key, amount in sums.items() if amount} == {key: amount for key, amount in told.items() if amount}


def test_calls_that_name_nobody_are_followed_by_what_they_lack(finops: Finops, home: Path) -> None:
    given = ("--config", home / "finops.toml", "--ledger", home / "l.duckdb", "-f", "json", "--month", "2026-11")
    rows = [row for row in finops("reconcile", "--unattributed", *given).json["rows"] if row["dimension"] == "agent"]
    calls = [row for row in rows if row["what"] == "calls"]
    assert calls
    for row in calls[:2]:
        only = ("--where", "dimension=agent", "--where", "what=calls", "--where", f"cause={row['cause']}")
        ran = finops("explain", "unattributed", "--trace", *only, "--where", f"source={row['source']}", *given)
        assert ran.code == 0, ran.err
        same = [one for one in calls if (one["cause"], one["source"]) == (row["cause"], row["source"])]
        assert len(ran.json["rows"]) == sum(one["calls"] for one in same)
        cost = sum((Decimal(line["list_cost"]) for line in ran.json["rows"] if line["list_cost"]), Decimal(0))
        assert cost == sum(Decimal(one["amount"] or 0) for one in same)


def test_the_rows_of_a_cause_are_the_calls_that_were_planted_for_it(finops: Finops, home: Path) -> None:
    lost = traced(finops, home, "--month", "2026-11", "--where", "cause=missing_spans", "--where", f"model={planted.CLAUDE}")
    logs = (home / "gateways/helicone.jsonl").read_text(encoding="utf-8").splitlines()
    told = [json.loads(logs[line["line"] - 1]) for line in lost if line["what"] == "call without its span"]
    known = [c for c in planted.company().calls if c.lost and c.model == planted.CLAUDE and f"{c.day:%Y-%m}" == "2026-11"]
    assert {one["response_body"]["id"] for one in told} == {call.response for call in known}
    ran = finops(
        "explain", "sources", "--trace", "--where", "cause=luck", "--config", home / "finops.toml", "--ledger", home / "l.duckdb"
    )
    assert ran.code == 2
    assert "`sources` has no figure `luck`" in ran.err
