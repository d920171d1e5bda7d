"""`finops bench cost`: tokens of every kind, limits, repeats, how busy machines are, and machines for the calls of a month."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.conftest import Ran
from tests.steps.benchmarks import AS_OF, benched

Finops = Callable[..., Ran]
D = Decimal


def priced(finops: Finops, *more: object) -> dict[str, Any]:
    ran = finops("bench", "cost", *more, "-f", "json", *AS_OF)
    assert ran.code == 0, ran.err
    found: dict[str, Any] = next(row for row in ran.json["rows"] if row["purchase_option"] == "on_demand")
    return found


def test_a_published_example_of_a_million_tokens(finops: Finops, tmp_path: Any) -> None:
    """legitlads: 3.07 $/h, 2,500 tokens a second, 80 % busy are 0.43 $; the others are with the arithmetic of unit cost."""
    benched(tmp_path, {"duration_s": 3_600.0, "units": None, "output_tokens": 9_000_000.0})
    own = tmp_path / "own"
    own.mkdir()
    head = "# provider: aws\n# as_of: 2026-11-01\n# source: legitlads\n# unit: hour\n# currency: USD\n"
    row = "instance_type,region,purchase_option,price\ng6.2xlarge,us-east-1,on_demand,3.07\n"
    (own / "price.csv").write_text(head + row, encoding="utf-8")
    found = priced(finops, "--prices", own, "--utilisation", "0.8")
    assert round(D(found["per_1m_output_tokens"]), 2) == D("0.43")
    assert D(found["hourly_price"]) == D("3.07"), "utilisation divides throughput and never the bill"


def test_tokens_of_every_kind_add_up_to_the_cost(finops: Finops, tmp_path: Any) -> None:
    benched(tmp_path, {"input_tokens": 2_700_000.0, "ttft_p50_ms": 200.0, "tpot_p50_ms": 3.0})
    found = priced(finops)
    hour = D("0.9776") / 2
    assert D(found["per_1m_total_tokens"]) == pytest.approx(hour / D("3.6"), rel=D("1e-9"))
    parts = D(found["per_1m_prefill_tokens"]) * D("2.7") + D(found["per_1m_decode_tokens"]) * D("0.9")
    assert parts == pytest.approx(hour, rel=D("1e-9"))
    assert D(found["per_1m_prefill_tokens"]) * D("2.7") == pytest.approx(hour * 200 / (200 + 3 * 179), rel=D("1e-9"))


def test_only_what_keeps_the_limits_has_a_cost_and_the_narrow_table_says_why_not(finops: Finops, tmp_path: Any) -> None:
    benched(tmp_path, {}, {"workload": "slow", "e2e_p95_ms": 3_000.0}, {"workload": "bare", "provider": None})
    assert D(priced(finops, "tagging", "--slo", "e2e=1000")["unit_cost"]) == D("0.00009776")
    ran = finops("bench", "cost", "--slo", "e2e=1000", *AS_OF)
    assert "No cost: p95 3,000 ms is above the limit of 1,000 ms (slow g6.2xlarge)." in ran.out
    assert "add a hardware sidecar (bare g6.2xlarge)." in ran.out
    assert max(len(line) for line in ran.out.splitlines() if line.startswith("─")) <= 115


def test_goodput_is_the_share_within_the_benchmark_s_own_limits(finops: Finops, tmp_path: Any) -> None:
    benched(tmp_path, {"goodput_per_s": 2.0})  # 2 of 5,000 / 1,800 s a second
    whole, good = priced(finops), priced(finops, "--slo", "stated")
    assert good["goodput_share"] == pytest.approx(0.72)
    assert D(good["unit_cost"]) == pytest.approx(D(whole["unit_cost"]) / D("0.72"), rel=D("1e-9"))


def test_repeats_give_an_interval_and_one_run_says_that_it_has_none(finops: Finops, tmp_path: Any) -> None:
    benched(tmp_path, {"duration_s": 1_700.0}, {"duration_s": 1_900.0, "repeat": 2}, {"workload": "once"})
    ran = finops("bench", "cost", "-f", "json", *AS_OF)
    spreads = {row["workload"]: row["spread"] for row in ran.json["rows"]}
    assert spreads["tagging"] == pytest.approx(12.7062 * 100 / 1_800, rel=1e-3), "t(1) s / sqrt(2) / mean, s = 100 sqrt(2)"
    assert spreads["once"] is None
    assert "1 of 2 measurements were not repeated: nothing is known of their error." in ran.json["meta"]["notes"]


def test_own_machines_cost_less_than_an_api_only_from_some_tokens_a_month(finops: Finops, tmp_path: Any) -> None:
    """2.7 M tokens of input and 0.9 M of output in half an hour: gpt-4o-mini asks .75 x .15 + .25 x .60 = .2625 $ a million, and
    0.9776 x 730 hours are paid by 2,718.7 M tokens a month, of the 5,256 M that the machine does."""
    benched(tmp_path, {"input_tokens": 2_700_000.0})
    found = priced(finops, "--against", "gpt-4o-mini")
    assert D(found["api_per_1m_tokens"]) == D("0.2625")
    assert found["cheaper_from_tokens"] == pytest.approx(0.9776 * 730 / 0.2625e-6, rel=1e-9)
    assert priced(finops, "--against", "gpt-4o-mini", "--utilisation", "0.5")["cheaper_from_tokens"] is None
    ran = finops("bench", "cost", "--against", "gpt-nope", *AS_OF)
    assert (ran.code, "no price of input and output is known" in ran.err) == (2, True)


def test_the_sample_s_busiest_hour_fits_one_machine_and_its_month_is_paid_whole(sample: Finops) -> None:
    ran = sample("bench", "cost", "--month", "2026-10", "-f", "json")
    row = next(row for row in ran.json["rows"] if (row["instance_type"], row["purchase_option"]) == ("g6.xlarge", "on_demand"))
    assert (row["machines"], D(row["monthly_cost"])) == (1, D("0.8048") * 730)
    assert 0 < row["busy"] < 0.7
    assert D(row["unit_cost"]) > 100 * D("0.107")


def test_mistakes_are_told(finops: Finops, tmp_path: Any) -> None:
    benched(tmp_path, {})
    for arguments, said in (
        (("--slo", "p95=3"), "is no limit"),
        (("--slo", "e2e=fast"), "will not do"),
        (("--utilisation", "0.5", "--last", "30d"), "can't stand beside a demand"),
        (("--month", "2026-10"), "nothing has been built yet"),
    ):
        ran = finops("bench", "cost", *arguments, *AS_OF)
        assert ran.code in (1, 2)
        assert said in ran.err, ran.err
