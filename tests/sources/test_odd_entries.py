"""Whatever stands in an export's fields, each reader answers with rows and rejects, and forgets no entry."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finops.errors import DataError
from finops.sources import source
from tests.kits.source_kit import loads

SAMPLES = Path(__file__).parent / "samples"
ODD_TEXTS = ("", "NULL", "9999-12-31T23:59:59Z", "0001-01-01", "1e99", "-1", "NaN", "{", "[1]", '{"a":1}', "\ud800", "\0", "١")
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(ODD_TEXTS)
    | st.integers(0, 10**12).map(str)
)
ODD = st.recursive(
    SCALARS, lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=6), inside, max_size=3)
)
SHAPES = ("litellm_logs", "langfuse", "openrouter_activity", "helicone", "portkey")
REPORTS = (
    "openai_reports/costs.json",
    "openai_reports/usage.json",
    "anthropic_reports/cost_report.json",
    "anthropic_reports/usage.json",
)


def records() -> list[tuple[str, dict[str, Any]]]:
    """The first entry of every sample, with the source that reads it."""
    found = []
    for name in SHAPES:
        for path in sorted((SAMPLES / name).iterdir()):
            with path.open(newline="", encoding="utf-8") as stream:
                found.append((name, dict(next(csv.DictReader(stream))) if path.suffix == ".csv" else _first(stream.read())))
    return found


def _first(text: str) -> dict[str, Any]:
    """The first entry of JSON lines, of an array or of a page."""
    try:
        whole = json.loads(text)
    except json.JSONDecodeError:
        whole = [json.loads(text.splitlines()[0])]
    entries: list[dict[str, Any]] = whole["data"] if isinstance(whole, dict) else whole
    return entries[0]


RECORDS = records()


def read(name: str, path: Path) -> int:
    """How many rows and rejects the first load of a file gives."""
    try:
        found = loads(source(name), path)
    except DataError:
        return -1
    load, rows = found[0]
    return len(rows or ()) + len(load.rejects)


@given(st.data())
@settings(max_examples=300)
def test_odd_fields_cost_their_entry_only(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    name, record = data.draw(st.sampled_from(RECORDS))
    changed = dict(record)
    for key in data.draw(st.lists(st.sampled_from(sorted(record)), min_size=1, max_size=4, unique=True)):
        changed[key] = data.draw(ODD)
    path = tmp_path_factory.mktemp("odd") / "odd.jsonl"
    path.write_text(json.dumps(record) + "\n" + json.dumps(changed) + "\n", encoding="utf-8")
    assert read(name, path) == 2


@given(st.data())
@settings(max_examples=200)
def test_odd_results_of_reports_break_nothing(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    where = data.draw(st.sampled_from(REPORTS))
    page = json.loads((SAMPLES / where).read_text(encoding="utf-8"))
    bucket = page["data"][0]
    target = data.draw(st.sampled_from((page, bucket, bucket["results"][0])))
    target[data.draw(st.sampled_from(sorted(target)))] = data.draw(ODD)
    path = tmp_path_factory.mktemp("odd") / "odd.json"
    path.write_text(json.dumps(page), encoding="utf-8")
    read(where.split("/")[0], path)
