"""What every source must do. A new source adds a line to SAMPLES and goes through the kit."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from finops.core.contracts import CONTRACTS
from finops.errors import FinopsError
from finops.sources import MODULES, source
from finops.sources.arrow_schema import arrow_schema
from finops.sources.base import Load, Source, TableScan
from finops.sources.detect import matches, recognise
from finops.sources.glimpse import glimpse

ROOT = Path(__file__).resolve().parent.parent.parent

FOCUS = """BillingAccountId,BillingCurrency,BillingPeriodStart,ChargePeriodStart,ChargeCategory,BilledCost,EffectiveCost,Tags
1,USD,2026-10-01T00:00:00Z,2026-10-02T00:00:00Z,Usage,1.5,1.5,"{""team"":""a""}"
1,USD,2026-10-01T00:00:00Z,2026-10-03T00:00:00Z,Usage,-0.25,-0.25,NULL
"""
OUTCOMES = """run_id,agent,time,accepted,value,currency,evaluator
r1,triage,2026-10-02T08:00:00Z,true,4.10,USD,reviewer
r2,triage,2026-10-02T09:30:00+02:00,no,,,reviewer
"""
METERS = """hour,provider,resource,capacity,tenant,gpu_seconds
2026-10-02T08:00:00Z,aws,i-1,8,acme,7200
"""
SAMPLES_OF_SIGNALS = """{"time":"2026-10-02T08:00:00Z","signal":"queue_depth","labels":{"queue":"gpu"},"value":3}
{"time":"2026-10-02T08:01:00Z","signal":"queue_depth","labels":{"queue":"gpu"},"value":4.5}
"""

FILES = ROOT / "tests/sources/samples"

SAMPLES: dict[str, tuple[str, str | Path]] = {
    "focus": ("bill.csv", FOCUS),
    "focus_invoices": ("invoices.csv", FILES / "focus_invoices/invoices.csv"),
    "aws_cur": ("cur.csv", FILES / "aws_cur/legacy.csv"),
    "aws_cost_explorer": ("cost.json", FILES / "aws_cost_explorer/cost.json"),
    "azure_costs": ("azure.csv", FILES / "azure_costs/actual.csv"),
    "gcp_billing": ("gcp.jsonl", FILES / "gcp_billing/export.jsonl"),
    "oci_costs": ("oci.csv", FILES / "oci_costs/report.csv"),
    "otlp": ("traces.jsonl", ROOT / "sample_data/traces/agents-2026-07.jsonl.gz"),
    "vllm_bench": ("bench.json", ROOT / "sample_data/bench/tagging-g6-xlarge-1.json"),
    "sglang_bench": ("bench.jsonl", FILES / "sglang_bench/bench.jsonl"),
    "guidellm": ("benchmarks.json", FILES / "guidellm/benchmarks.json"),
    "aiperf": ("profile_export_aiperf.json", FILES / "aiperf/profile_export_aiperf.json"),
    "llmperf": ("summary.json", FILES / "llmperf/summary.json"),
    "mlperf": ("mlperf_log_summary.txt", FILES / "mlperf/mlperf_log_summary.txt"),
    "k6": ("summary.json", FILES / "k6/summary.json"),
    "locust": ("run_stats.csv", FILES / "locust/run_stats.csv"),
    "work_table": ("work.csv", FILES / "work_table/work.csv"),
    "claude_code": ("session.jsonl", FILES / "claude_code/session.jsonl"),
    "codex": ("rollout.jsonl", FILES / "codex/rollout.jsonl"),
    "litellm_logs": ("spend-logs.jsonl", ROOT / "tests/sources/samples/litellm_logs/spend-logs.jsonl"),
    "litellm_rollups": ("daily-team-spend.csv", FILES / "litellm_rollups/daily-team-spend.csv"),
    "langfuse": ("observations.json", ROOT / "tests/sources/samples/langfuse/observations.json"),
    "openai_reports": ("costs.json", ROOT / "tests/sources/samples/openai_reports/costs.json"),
    "anthropic_reports": ("cost_report.json", ROOT / "tests/sources/samples/anthropic_reports/cost_report.json"),
    "openrouter_activity": ("activity.csv", ROOT / "tests/sources/samples/openrouter_activity/activity.csv"),
    "helicone": ("requests.jsonl", ROOT / "tests/sources/samples/helicone/requests.jsonl"),
    "portkey": ("logs.jsonl", ROOT / "tests/sources/samples/portkey/logs.jsonl"),
    "agentops": ("sessions.json", FILES / "agentops/sessions.json"),
    "outcomes": ("outcomes.csv", OUTCOMES),
    "meters": ("meters.csv", METERS),
    "opencost": ("allocation.json", FILES / "opencost/allocation.json"),
    "samples": ("signals.jsonl", SAMPLES_OF_SIGNALS),
    "prometheus": ("waiting.json", FILES / "prometheus/waiting.json"),
    "otlp_metrics": ("metrics.jsonl", FILES / "otlp_metrics/metrics.jsonl"),
    "otlp_logs": ("logs.jsonl", FILES / "otlp_logs/logs.jsonl"),
    "otlp_proto": ("traces.pb", FILES / "otlp_proto/traces.pb"),
}
"""Per source: a file name and its content, or a file whose first lines are the content."""

GARBAGE: dict[str, bytes] = {
    "nothing": b"",
    "blanks": b" \n\n",
    "zeros": b"\0" * 4096,
    "noise": bytes(range(256)) * 16,
    "utf16": "a,b\n1,2\n".encode("utf-16"),
    "latin1": "name,city\nx,Zürich\n".encode("latin-1"),
    "no gzip": b"\x1f\x8bno gzip after all",
    "deep": b"[" * 300_000,
    "an open quote": b'a,"b\n' + b"c" * 200_000,
    "a wide header": b"," * 1_000_000 + b"\n",
    "an endless line": b"x" * (3 << 20),
    "no parquet": b"PAR1 but not really",
    "text": b"Dear finance team,\nplease find attached\n",
}


def write_sample(name: str, folder: Path) -> Path:
    """The sample of a source as a file."""
    file_name, content = SAMPLES[name]
    path = folder / file_name
    if isinstance(content, str):
        path.write_text(content, encoding="utf-8")
    elif content.suffix == ".gz":
        with gzip.open(content, "rb") as stream:
            path.write_bytes(b"".join(line for line, _ in zip(stream, range(200), strict=False)))
    else:
        path.write_bytes(content.read_bytes())
        sidecar = content.with_name(f"{content.stem}.hardware.json")
        if sidecar.exists():
            (folder / f"{path.stem}.hardware.json").write_bytes(sidecar.read_bytes())
    return path


def loads(one: Source, path: Path, options: dict[str, Any] | None = None) -> list[tuple[Load, list[dict[str, Any]] | None]]:
    """Every load of a file with its rows; None for the rows where the ledger reads them itself."""
    found = []
    for part in one.parts(path, path.parent):
        for load in one.open(part, options or {}):
            if isinstance(load.data, TableScan):
                found.append((load, None))
            else:
                found.append((load, [row for batch in load.data for row in batch.to_pylist()]))
    return found


class SourceKit:
    """The tests of one source; `one` is given by the test module."""

    def test_it_says_who_it_is(self, one: Source) -> None:
        assert one.name.isidentifier()
        assert one.title
        assert set(one.contracts) <= set(CONTRACTS)
        assert all("." in suffix and suffix == suffix.lower() for pattern in one.patterns for suffix in pattern.suffixes)

    def test_it_alone_recognises_its_sample(self, one: Source, tmp_path: Path) -> None:
        path = write_sample(one.name, tmp_path)
        assert recognise(path, None).name == one.name
        assert recognise(path, one.name).name == one.name

    def test_no_other_source_claims_its_sample(self, one: Source, tmp_path: Path) -> None:
        seen = glimpse(write_sample(one.name, tmp_path))
        claims = {name for name in MODULES for pattern in source(name).patterns if matches(pattern, seen, any_name=True)}
        assert claims == {one.name}

    def test_its_parts_are_named_below_the_root(self, one: Source, tmp_path: Path) -> None:
        (tmp_path / "in").mkdir()
        path = write_sample(one.name, tmp_path / "in")
        parts = list(one.parts(path, tmp_path))
        assert any(part.name == f"in/{path.name}" for part in parts)
        assert all(len(part.content_hash) == 64 and part.size > 0 for part in parts)
        assert parts == list(one.parts(path, tmp_path))

    def test_packing_does_not_change_the_hash(self, one: Source, tmp_path: Path) -> None:
        path = write_sample(one.name, tmp_path)
        packed = path.with_name(f"{path.name}.gz")
        packed.write_bytes(gzip.compress(path.read_bytes()))
        assert recognise(packed, None).name == one.name
        assert [p.content_hash for p in one.parts(packed, tmp_path)] == [p.content_hash for p in one.parts(path, tmp_path)]

    def test_its_rows_have_the_shape_of_the_contract(self, one: Source, tmp_path: Path) -> None:
        path = write_sample(one.name, tmp_path)
        count = 0
        for part in one.parts(path, tmp_path):
            for load in one.open(part, {}):
                assert load.contract in one.contracts
                if isinstance(load.data, TableScan):
                    assert set(load.data.columns) <= set(CONTRACTS[load.contract].names)
                    count += 1
                    continue
                for batch in load.data:
                    assert batch.schema.equals(arrow_schema(load.contract))
                    batch.validate(full=True)
                    count += batch.num_rows
                assert load.rejects == []
        assert count > 0

    def test_required_columns_are_never_null(self, one: Source, tmp_path: Path) -> None:
        for load, rows in loads(one, write_sample(one.name, tmp_path)):
            required = [field.name for field in CONTRACTS[load.contract].fields if field.required]
            for row in rows or []:
                assert all(row[name] is not None for name in required)
            if rows is None:
                assert isinstance(load.data, TableScan)
                assert set(required) <= set(load.data.columns)

    def test_it_reads_the_same_twice(self, one: Source, tmp_path: Path) -> None:
        """The same rows; what was learnt by the first reading may hand them over in another order."""
        path = write_sample(one.name, tmp_path)
        first, second = ([sorted(map(repr, rows or ())) for _, rows in loads(one, path)] for _ in range(2))
        assert first == second

    @pytest.mark.parametrize("kind", sorted(GARBAGE))
    def test_garbage_is_refused_with_one_clear_error(self, one: Source, tmp_path: Path, kind: str) -> None:
        path = tmp_path / SAMPLES[one.name][0]
        path.write_bytes(GARBAGE[kind])
        with pytest.raises(FinopsError) as error:
            recognise(path, None)
        assert path.name in (error.value.where or "")
        assert error.value.hint
        with pytest.raises(FinopsError):
            recognise(path, one.name)

    @pytest.mark.parametrize("kind", sorted(GARBAGE))
    def test_garbage_does_not_break_it_when_opened(self, one: Source, tmp_path: Path, kind: str) -> None:
        path = tmp_path / SAMPLES[one.name][0]
        path.write_bytes(GARBAGE[kind])
        try:
            found = loads(one, path)
        except FinopsError:
            return
        assert all(not rows for _, rows in found), "garbage became rows"

    def test_a_file_cut_short_gives_an_error_or_rejects(self, one: Source, tmp_path: Path) -> None:
        path = write_sample(one.name, tmp_path)
        packed = path.with_name(f"{path.name}.gz")
        packed.write_bytes(gzip.compress(path.read_bytes())[:-9])
        with pytest.raises(FinopsError, match=r"cut short|end-of-stream|damaged"):
            loads(one, packed)
