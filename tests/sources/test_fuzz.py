"""Every parser on damaged samples: nothing but clear errors and rejects, and no row that vanishes."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from finops.errors import FinopsError
from finops.ledger.loading import Batch, load_batch
from finops.ledger.store import Writer, open_writer
from finops.sources import source
from finops.sources.detect import recognise
from tests.conftest import LONG
from tests.kits.source_kit import FILES, FOCUS, SAMPLES, write_sample
from tests.sources.mutations import damaged_bytes, damaged_leaves, damaged_table, damaged_text

fuzzed = settings(max_examples=1000 if LONG else 3, deadline=None, suppress_health_check=list(HealthCheck))
SEEDS = st.integers(0, 2**32)

MORE = {
    "otlp_metrics": FILES / "otlp_metrics/metrics.pb",
    "otlp_logs": FILES / "otlp_logs/logs.pb",
    "langfuse": FILES / "langfuse/scores.jsonl",
    "openai_reports": FILES / "openai_reports/usage.json",
    "anthropic_reports": FILES / "anthropic_reports/usage.json",
    "openrouter_activity": FILES / "openrouter_activity/days.json",
    "azure_costs": FILES / "azure_costs/amortised.csv",
    "guidellm": FILES / "guidellm/older.json",
    "k6": FILES / "k6/export.json",
    "llmperf": FILES / "llmperf/responses.json",
    "locust": FILES / "locust/run_stats_history.csv",
    "mlperf": FILES / "mlperf/offline.txt",
}
"""Second samples of sources that read more than one form."""

ROW_BY_ROW = ("focus", "oci_costs", "meters", "outcomes", "openrouter_activity", "work_table")
"""Tables each of whose rows becomes one row of the ledger, or a reject."""

LINE_BY_LINE = ("samples", "litellm_logs", "helicone", "portkey")
"""The same for JSON lines."""


class Ledger:
    """A ledger that is thrown away: each file is loaded into it as `finops ingest` would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._open: AbstractContextManager[Writer] | None = None
        self._writer: Writer | None = None
        self._files = 0

    def load(self, name: str, path: Path) -> list[Batch] | FinopsError:
        with suppress(FinopsError):
            recognise(path, None)
        self._files += 1
        if self._writer is None or self._files % 100 == 0:
            self.close()
            self._open = open_writer(self.folder / "fuzz.duckdb", wait_s=0, command="test")
            self._writer = self._open.__enter__()
        try:
            return list(self._batches(self._writer, name, path))
        except FinopsError as error:
            self.close()
            return error

    def close(self) -> None:
        if self._open is not None and self._writer is not None:
            self._writer.discard()
            self._open.__exit__(None, None, None)
        self._open = self._writer = None

    def _batches(self, writer: Writer, name: str, path: Path) -> Iterator[Batch]:
        one = source(name)
        for part in one.parts(path, path.parent):
            for load in one.open(part, {"processes": 1}):
                yield load_batch(writer, load, delivery_id=1, ingest=1, where=str(path))


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    found = Ledger(tmp_path_factory.mktemp("fuzz"))
    yield found
    found.close()


def sample(name: str, folder: Path) -> tuple[Path, bytes]:
    path = write_sample(name, folder)
    content = path.read_bytes()
    return path, b"".join(content.splitlines(keepends=True)[:3]) if name == "otlp" else content


def accounted(found: list[Batch] | FinopsError) -> int | None:
    """Rows and rejects together; None where the file was refused."""
    return None if isinstance(found, FinopsError) else sum(batch.rows + batch.rejected for batch in found)


@pytest.mark.parametrize("name", sorted(SAMPLES))
@fuzzed
@given(seed=SEEDS)
def test_flipped_bytes(ledger: Ledger, name: str, seed: int) -> None:
    path, content = sample(name, ledger.folder)
    path.write_bytes(damaged_bytes(content, Random(seed)))
    ledger.load(name, path)


@pytest.mark.parametrize("name", sorted(set(SAMPLES) - {"otlp_proto", "mlperf"}))
@fuzzed
@given(seed=SEEDS)
def test_changed_structure(ledger: Ledger, name: str, seed: int) -> None:
    path, content = sample(name, ledger.folder)
    path.write_bytes(damaged_text(content, Random(seed)))
    ledger.load(name, path)


@pytest.mark.parametrize("name", sorted(MORE))
@fuzzed
@given(seed=SEEDS)
def test_second_forms(ledger: Ledger, name: str, seed: int) -> None:
    random, content, path = Random(seed), MORE[name].read_bytes(), ledger.folder / MORE[name].name
    by_structure = path.suffix not in (".pb", ".txt") and random.random() < 0.6
    path.write_bytes((damaged_text if by_structure else damaged_bytes)(content, random))
    ledger.load(name, path)


@pytest.mark.parametrize("name", ROW_BY_ROW)
@fuzzed
@given(seed=SEEDS)
def test_no_row_of_a_table_vanishes(ledger: Ledger, name: str, seed: int) -> None:
    path, content = sample(name, ledger.folder)
    text, count = damaged_table(content.decode("utf-8-sig"), Random(seed))
    path.write_text(text, encoding="utf-8", newline="")
    assert accounted(ledger.load(name, path)) in (None, count)


@pytest.mark.parametrize("name", LINE_BY_LINE)
@fuzzed
@given(seed=SEEDS)
def test_no_line_vanishes(ledger: Ledger, name: str, seed: int) -> None:
    path, content = sample(name, ledger.folder)
    damaged = damaged_text(content, Random(seed))
    path.write_bytes(damaged)
    count = sum(bool(line.strip()) for line in damaged.split(b"\n"))
    assert accounted(ledger.load(name, path)) in (None, count)


@fuzzed
@given(seed=SEEDS)
@example(seed=1)
def test_no_span_vanishes(ledger: Ledger, seed: int) -> None:
    path, content = sample("otlp", ledger.folder)
    documents = [damaged_leaves(json.loads(line), "spans", Random(seed + at)) for at, line in enumerate(content.splitlines())]
    path.write_text("".join(json.dumps(one) + "\n" for one in documents), encoding="utf-8")
    count = 0
    for one in documents:  # a line that is no JSON is one reject
        spans = sum(len(scope["spans"]) for resource in one["resourceSpans"] for scope in resource["scopeSpans"])
        count += 1 if "NaN" in json.dumps(one).replace('"NaN"', "") or " Infinity" in json.dumps(one) else spans
    assert accounted(ledger.load("otlp", path)) in (None, count)


@pytest.mark.parametrize("packing", ["gzip", "zstd", "snappy", "plain"])
@fuzzed
@given(seed=SEEDS)
def test_packed_files(ledger: Ledger, packing: str, seed: int) -> None:
    random = Random(seed)
    if packing in ("gzip", "zstd"):
        path, content = sample("litellm_logs", ledger.folder)
        path = path.with_name(f"{path.name}.{'gz' if packing == 'gzip' else 'zst'}")
        path.write_bytes(
            damaged_bytes(gzip.compress(content) if packing == "gzip" else pa.compress(content, "zstd", asbytes=True), random)
        )
        ledger.load("litellm_logs", path)
        return
    path = ledger.folder / "bill.parquet"
    header, row = FOCUS.split("\n", 2)[:2]
    table = pa.table({name: [value] * 50 for name, value in zip(header.split(","), row.split(",", 7), strict=True)})
    pq.write_table(table, path, compression=None if packing == "plain" else packing)
    path.write_bytes(damaged_bytes(path.read_bytes(), random))
    ledger.load("focus", path)
