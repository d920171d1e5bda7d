"""Golden bytes of every command in every format, on the sample company. `FINOPS_WRITE_GOLDEN=1 pytest tests/golden` writes."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from finops.cli import output
from finops.cli.options import Globals
from finops.cli.output import emit
from finops.core.result import Result
from tests.conftest import Ran

HERE = Path(__file__).resolve().parent / "answers"
WRITE = os.environ.get("FINOPS_WRITE_GOLDEN") == "1"
FORMATS = ("table", "json", "jsonl", "csv", "md")
COMMANDS: dict[str, tuple[str, ...]] = {
    "cost-by-tenant": ("cost", "--by", "tenant"),
    "cost-by-agent-model": ("cost", "--by", "agent,model", "--month", "2026-10", "--top", "6"),
    "cost-per-accepted": ("cost", "--unit", "accepted", "--by", "workflow", "--month", "2026-10"),
    "cost-per-hosted-tokens": ("cost", "--unit", "hosted_1m_tokens", "--by", "model,month"),
    "cost-trend": ("cost", "--trend", "month", "--where", "agent=price-checker"),
    "reconcile": ("reconcile", "--month", "2026-10"),
    "reconcile-sources": ("reconcile", "--sources", "--month", "2026-08"),
    "reconcile-expect": ("reconcile", "--expect", "spot", "--expected", "2000", "--month", "2026-10"),
    "reconcile-rules": ("reconcile", "--rules", "--month", "2026-10"),
    "forecast": ("forecast",),
    "forecast-by-workflow": ("forecast", "--by", "workflow"),
    "bridge": ("bridge", "--from", "2026-08", "--to", "2026-09"),
    "bridge-by-agent": ("bridge", "--by", "agent", "--top", "6"),
    "anomalies": ("anomalies", "--last", "90d"),
    "burn": ("burn", "--last", "60d"),
    "drift": ("drift", "--last", "120d"),
    "drift-by-tenant": ("drift", "--by", "tenant", "--last", "120d"),
    "volatility": ("volatility",),
    "flag": ("flag",),
    "models": ("models",),
    "place": ("place", "product-image-tagging", "--provider", "aws"),
    "place-replay": ("place", "contract-review", "--replay", "2026-10"),
    "spot": (
        "spot",
        "g6.xlarge",
        "--region",
        "us-east-1",
        "--work",
        "48h",
        "--deadline",
        "60h",
        "--hazard",
        "history",
        "--sweep",
    ),
    "mix": ("mix", str(HERE.parent / "mix.toml")),
    "mix-shared": ("mix", str(HERE.parent / "mix-shared.toml")),
    "commitments": ("commitments",),
    "commitments-assumed": ("commitments", "--assume", "reserved_1y=37%,reserved_3y=60%,savings_plan_1y=28%"),
    "bench-list": ("bench", "list"),
    "bench-cost": ("bench", "cost"),
    "bench-cost-sized": ("bench", "cost", "--month", "2026-10", "--slo", "e2e=8000"),
    "prices-list": ("prices", "list", "--provider", "gcp", "--region", "us-east4", "--instance-type", "g2-standard-4"),
    "prices-show": ("prices", "show", "p5.48xlarge"),
    "prices-stale": ("prices", "stale"),
    "prices-tiers": ("prices", "list", "--provider", "aws", "--region", "us-east-1", "--sku", "*"),
    "prices-diff": ("prices", "diff", str(Path(__file__).resolve().parent / "contract.csv")),
    "traces": ("traces", "--month", "2026-10", "--top", "4"),
    "waste": ("waste", "--month", "2026-10"),
    "explain-metric": ("explain", "cost_per_success"),
    "explain-agent": ("explain", "price-checker"),
    "explain-trace": (
        *("explain", "prices", "--trace", "--where", "purchase_option=spot", "--"),
        *("list", "--provider", "aws", "--region", "us-east-1", "--instance-type", "g6.xlarge"),
    ),
    "policy-list": ("policy", "list"),
    "query": ("query", "SELECT agent, count(*) AS runs FROM fct_run GROUP BY agent ORDER BY agent"),
}


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_golden_bytes(
    name: str, sample: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command answers once; its answer is then written in every other format, as the command writes it."""
    written: list[tuple[Result, Globals]] = []
    monkeypatch.setattr(output, "emit", lambda result, g: (written.append((result, g)), emit(result, g)))
    ran = sample("-f", FORMATS[0], "-q", *COMMANDS[name])  # before the words that a traced command was asked with
    assert (ran.code, ran.err) == (0, "")
    ((result, g),) = [one for one in written if one[1].taken is None]  # a trace asks another command first
    same(name, FORMATS[0], ran.out)
    for form in FORMATS[1:]:
        emit(result, replace(g, format=form))
        out, err = capsys.readouterr()
        assert err == ""
        same(name, form, out)


def same(name: str, form: str, out: str) -> None:
    path = HERE / f"{name}.{form}"
    if WRITE:
        path.parent.mkdir(exist_ok=True)
        path.write_text(out, encoding="utf-8")
    assert out == path.read_text(encoding="utf-8"), f"{path.name}: FINOPS_WRITE_GOLDEN=1 writes it anew"


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_tables_fit_a_terminal(name: str) -> None:
    """Tables stay within 115 columns; sentences and totals may wrap."""
    lines = (HERE / f"{name}.table").read_text(encoding="utf-8").splitlines()
    rule = next((line for line in lines if line.startswith("─")), "")
    assert len(rule) <= 115, f"{len(rule)} columns"
