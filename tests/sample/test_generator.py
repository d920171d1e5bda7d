"""The sample company comes from its seed: generated again it is the same, and a multiple of it holds everything that often."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"
GENERATOR = {"generate.py", "generator"}


def generate(out: Path, *options: str) -> Path:
    subprocess.run([sys.executable, "-B", SAMPLE / "generate.py", out, *options], check=True, capture_output=True)
    return out


@pytest.fixture(scope="module")
def again(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(tmp_path_factory.mktemp("again"))


def names(folder: Path) -> set[str]:
    files = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {path.as_posix() for path in files if path.parts[0] not in GENERATOR and "__pycache__" not in path.parts}


def test_the_same_files_come_out(again: Path) -> None:
    assert names(again) == names(SAMPLE)


def test_the_same_content_comes_out(again: Path) -> None:
    """Compared unpacked: the compressor's own bytes differ between builds of zlib, and Parquet names its writer's version."""
    for name in sorted(names(SAMPLE)):
        if name.endswith(".gz"):
            assert gzip.decompress((again / name).read_bytes()) == gzip.decompress((SAMPLE / name).read_bytes()), name
        elif name.endswith(".parquet"):
            assert pq.read_table(again / name).equals(pq.read_table(SAMPLE / name)), name
        else:
            assert (again / name).read_bytes() == (SAMPLE / name).read_bytes(), name


def test_packed_files_hold_no_time() -> None:
    for path in SAMPLE.rglob("*.gz"):
        assert path.read_bytes()[4:8] == b"\0\0\0\0", path


def test_a_multiple_holds_everything_that_often(again: Path, tmp_path: Path) -> None:
    double = generate(tmp_path, "--times", "2", "--plain")
    name = "traces/agents-2026-07"
    one = gzip.decompress((again / f"{name}.jsonl.gz").read_bytes())
    assert (double / f"{name}.jsonl").read_bytes() == one
    copy = (double / f"{name}-0001.jsonl").read_bytes()
    assert len(copy) == len(one)
    traces = [{s["traceId"] for s in spans(text)} for text in (one, copy)]
    assert len(traces[0]) == len(traces[1])
    assert not traces[0] & traces[1]
    for table in ("bills/aws/focus-2026-07.csv", "meters/gpu-hours.csv", "outcomes/outcomes.csv"):
        once = gzip.decompress((again / f"{table}.gz").read_bytes()).splitlines()
        assert len((double / table).read_bytes().splitlines()) - 1 == 2 * (len(once) - 1), table
    bill = "bills/gcp/focus-2026-07.parquet"
    assert pq.read_table(double / bill).num_rows == 2 * pq.read_table(again / bill).num_rows


def spans(text: bytes) -> list[dict[str, str]]:
    lines = (json.loads(line) for line in text.splitlines())
    return [s for line in lines for one in line["resourceSpans"] for scope in one["scopeSpans"] for s in scope["spans"]]


def test_finops_never_imports_it() -> None:
    for path in (SAMPLE.parent / "finops").rglob("*.py"):
        assert "import generate" not in path.read_text(encoding="utf-8"), path
