"""OTLP files that are torn, odd, hostile, big or growing: what can be read is read, the rest is named, nothing crashes."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finops.errors import DataError, FinopsError
from finops.sources import otlp
from finops.sources.base import Reject
from finops.sources.otlp import SOURCE
from finops.sources.otlp_reading import chunks as otlp_chunks
from finops.sources.otlp_reading import lines as otlp_lines

TRACE = "5b8efff798038103d269b633813fc60c"
START = 1_790_000_000_000_000_000


def span(index: int, **fields: Any) -> dict[str, Any]:
    attributes = [
        {"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}},
        {"key": "gen_ai.usage.input_tokens", "value": {"intValue": str(index)}},
    ]
    return {
        **{"traceId": TRACE, "spanId": f"{index + 1:016x}", "parentSpanId": "", "name": "chat", "kind": 3},
        **{"startTimeUnixNano": str(START + index), "endTimeUnixNano": str(START + index + 10**9)},
        **{"attributes": attributes, "status": {}, **fields},
    }


def line(*spans: dict[str, Any]) -> bytes:
    return json.dumps({"resourceSpans": [{"resource": {}, "scopeSpans": [{"spans": list(spans)}]}]}).encode() + b"\n"


def read(path: Path, **options: Any) -> tuple[list[dict[str, Any]], list[Reject], list[str]]:
    (part,) = SOURCE.parts(path, path.parent)
    (load,) = SOURCE.open(part, options)
    rows = [row for batch in load.data for row in batch.to_pylist()]  # type: ignore[union-attr]
    return rows, load.rejects, load.notes


def read_bytes(tmp_path: Path, content: bytes, **options: Any) -> tuple[list[dict[str, Any]], list[Reject], list[str]]:
    path = tmp_path / "traces.jsonl"
    path.write_bytes(content)
    return read(path, **options)


def inputs(rows: list[dict[str, Any]]) -> list[Any]:
    return [row["input_uncached"] for row in rows]


def test_a_torn_last_line_is_named_and_the_others_load(tmp_path: Path) -> None:
    first = line(span(1), span(2))
    rows, rejects, _ = read_bytes(tmp_path, first + line(span(3))[:-40])
    assert inputs(rows) == [1, 2]
    assert [(r.row, f"(byte {len(first):,})" in r.reason, "cut short" in r.reason) for r in rejects] == [(2, True, True)]


def test_a_torn_first_line_is_named_and_the_others_load(tmp_path: Path) -> None:
    rows, rejects, _ = read_bytes(tmp_path, line(span(1))[40:] + line(span(2)) + line(span(3)))
    assert (inputs(rows), [r.row for r in rejects]) == ([2, 3], [1])


@pytest.mark.parametrize("content", [line(span(1))[:-30], json.dumps(json.loads(line(span(1))), indent=1).encode()[:-30]])
def test_a_file_of_which_nothing_can_be_read_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(DataError) as raised:
        read_bytes(tmp_path, content)
    assert "cut short" in raised.value.what
    assert "line 1" in (raised.value.where or "")


def test_empty_documents_and_blank_lines_are_fine(tmp_path: Path) -> None:
    rows, rejects, notes = read_bytes(
        tmp_path, b"{}\n\n  \n" + line(span(1)) + b'{"resourceSpans":[]}\n{"resourceSpans":[{}]}\n{}'
    )
    assert (inputs(rows), rejects, notes) == ([1], [], [])
    assert read_bytes(tmp_path, b"{}\n")[:2] == ([], [])
    assert read_bytes(tmp_path, b"")[:2] == ([], [])


def test_metrics_are_left_out_and_counted(tmp_path: Path) -> None:
    rows, rejects, notes = read_bytes(tmp_path, b'{"resourceMetrics":[]}\n' + line(span(1)) + b'{"resourceLogs":[{}]}\n')
    assert (inputs(rows), rejects) == ([1], [])
    assert notes == ["2 lines hold metrics or logs: left out, only traces are read here"]


def test_a_line_of_something_else_is_a_reject(tmp_path: Path) -> None:
    rows, rejects, _ = read_bytes(tmp_path, line(span(1)) + b'{"hello":1}\n[1]\n"x"\nnull\n' + line(span(2)))
    assert (inputs(rows), [r.row for r in rejects]) == ([1, 2], [2, 3, 4, 5])


def test_repeated_names_unknown_fields_and_missing_values(tmp_path: Path) -> None:
    twice = [{"key": "gen_ai.usage.input_tokens", "value": {"intValue": n}} for n in (5, "6")]
    odd = [{"key": "gen_ai.request.model"}, {"value": {"stringValue": "no key"}}, {"key": "x", "value": None}, {}]
    deep = {"key": "y", "value": {"arrayValue": {"values": [{"kvlistValue": {"values": []}}]}}}
    rows, rejects, _ = read_bytes(tmp_path, line(span(1, attributes=[*twice, *odd, deep], unknown={"a": [1, {}]}, links=None)))
    assert (inputs(rows), rows[0]["model"], rejects) == ([6], None, [])
    assert inputs(read_bytes(tmp_path, line(span(1, attributes=None)))[0]) == [None]


@pytest.mark.parametrize("depth", [2_000, 2_000_000])
@pytest.mark.parametrize("place", ["unknown", "attributes", "line"])
def test_a_bomb_of_brackets_is_refused_and_the_rest_loads(tmp_path: Path, depth: int, place: str) -> None:
    bomb = b"[" * depth + b"]" * depth
    hostile = bomb + b"\n" if place == "line" else line(span(2, **{place: "BOMB"})).replace(b'"BOMB"', bomb)
    rows, rejects, _ = read_bytes(tmp_path, line(span(1)) + hostile + line(span(3)))
    assert (inputs(rows), [r.row for r in rejects]) == ([1, 3], [2])
    if depth > 10_000 and place == "unknown":
        assert "nested too deeply" in rejects[0].reason


def test_a_bomb_as_the_whole_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        read_bytes(tmp_path, b"[" * 3_000_000)
    with pytest.raises(DataError):
        read_bytes(tmp_path, b'{"resource_spans":' * 100_000)


@pytest.mark.parametrize("number", [b"1e400", b"-1e400", b"9" * 5000, b"NaN", b"1e-400"])
def test_numbers_beyond_reason_cost_one_span(tmp_path: Path, number: bytes) -> None:
    mad = line(span(1), span(2, attributes=[{"key": "gen_ai.usage.cost", "value": {"doubleValue": "MAD"}}]), span(3))
    rows, rejects, _ = read_bytes(tmp_path, mad.replace(b'"MAD"', number) + line(span(4)))
    if number == b"NaN":
        assert (inputs(rows), [r.row for r in rejects]) == ([4], [1])
    elif number == b"1e-400":
        assert (sorted(inputs(rows), key=str), rejects) == ([1, 3, 4, None], [])
    else:
        assert (inputs(rows), [r.row for r in rejects]) == ([1, 3, 4], [1])


def test_an_unreadable_resource_costs_its_spans_only(tmp_path: Path) -> None:
    made = json.loads(line(span(1), span(2)))
    made["resourceSpans"].append({"resource": {"attributes": 5}, "scopeSpans": [{"spans": [span(3), span(4)]}]})
    rows, rejects, _ = read_bytes(tmp_path, json.dumps(made).encode() + b"\n")
    assert inputs(rows) == [1, 2]
    assert [(r.row, r.column) for r in rejects] == [(1, "attributes")] * 2


def test_a_line_that_is_too_long_is_refused_without_being_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp_lines, "LONGEST_LINE", 2000)
    long = line(*(span(i) for i in range(50)))
    rows, rejects, _ = read_bytes(tmp_path, line(span(1)) + long + line(span(2)) + long)
    assert (inputs(rows), [r.row for r in rejects]) == ([1, 2], [2, 4])


def test_text_that_is_not_utf8_costs_one_span(tmp_path: Path) -> None:
    rows, rejects, _ = read_bytes(tmp_path, line(span(1), span(2, name="caf?")).replace(b"?", b"\xe9") + line(span(3)))
    assert inputs(rows) == [1, 3]
    assert [(r.row, "not UTF-8" in r.reason) for r in rejects] == [(1, True)]


def test_frames_of_the_collector_are_refused_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="compression: zstd") as raised:
        read_bytes(tmp_path, b"\x00\x00\x01\x00\x28\xb5\x2f\xfd" + bytes(100))
    assert "gzip" in (raised.value.hint or "")


def test_halves_of_surrogates_and_markup_survive(tmp_path: Path) -> None:
    broken = line(span(2, name="S")).replace(b'"S"', b'"\\ud800"')
    rows, rejects, _ = read_bytes(tmp_path, line(span(1, name="<script>alert(1)</script>\u0000\u2028")) + broken)
    assert [row["name"] for row in rows] == ["<script>alert(1)</script>\u0000\u2028", "\ufffd"]
    assert rejects == []


@pytest.fixture
def many(tmp_path: Path) -> Path:
    path = tmp_path / "many.jsonl"
    torn = line(span(9))[:-9] + b"\n"
    path.write_bytes(b"".join(line(*(span(i * 10 + j) for j in range(10))) + (torn if i % 97 == 0 else b"") for i in range(2000)))
    return path


@pytest.mark.parametrize("packed", [False, True])
def test_several_processes_give_what_one_gives(many: Path, packed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = read(many, processes=1)
    if packed:
        content = many.read_bytes()
        many = many.with_name("many.jsonl.gz")
        many.write_bytes(gzip.compress(content))
    monkeypatch.setattr(otlp, "PARALLEL_BYTES", 1)
    monkeypatch.setattr(otlp, "PARALLEL_PACKED_BYTES", 1)
    monkeypatch.setattr(otlp_chunks, "CHUNK_BYTES", 300_000)
    assert read(many, processes=2) == expected
    assert len(expected[0]) == 20_000
    assert [r.row for r in expected[1]] == [98 * k + 2 for k in range(21)]


def test_a_reader_that_stops_early_leaves_no_process(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import multiprocessing

    monkeypatch.setattr(otlp, "PARALLEL_BYTES", 1)
    monkeypatch.setattr(otlp_chunks, "CHUNK_BYTES", 300_000)
    (part,) = SOURCE.parts(many, many.parent)
    (load,) = SOURCE.open(part, {"processes": 2})
    assert next(load.data).num_rows  # type: ignore[arg-type]
    load.data.close()  # type: ignore[union-attr]
    assert not multiprocessing.active_children()


@pytest.mark.parametrize("packed", [False, True])
@given(cut=st.integers(0, 1200))
@settings(max_examples=60)
def test_the_tail_of_a_grown_file_holds_what_was_not_read_before(
    tmp_path_factory: pytest.TempPathFactory, packed: bool, cut: int
) -> None:
    content = line(span(1), span(2)) + b"{}\n" + line(span(3)) + line(span(4))[:-1] + b"\n" + line(span(5))
    cut = min(cut, len(content))
    folder = tmp_path_factory.mktemp("grown")
    path = folder / ("t.jsonl.gz" if packed else "t.jsonl")
    path.write_bytes(gzip.compress(content) if packed else content)
    tail, rejects, _ = read(path, offset=cut)
    old = folder / "old.jsonl"
    old.write_bytes(content[:cut])
    try:
        before, torn, _ = read(old)
    except DataError:
        before, torn = [], []
    assert inputs(before) + inputs(tail) == [1, 2, 3, 4, 5]
    assert not rejects
    assert len(torn) <= 1


def test_rejects_of_a_tail_count_lines_from_the_start_of_the_file(tmp_path: Path) -> None:
    old = line(span(1)) + line(span(2))
    rows, rejects, _ = read_bytes(tmp_path, old + line(span(3)) + b"oops\n", offset=len(old))
    assert (inputs(rows), [r.row for r in rejects]) == ([3], [4])


def _jsonish() -> st.SearchStrategy[Any]:
    names = st.sampled_from(
        ["resourceSpans", "scopeSpans", "spans", "attributes", "key", "value", "intValue", "stringValue", "arrayValue", "values"]
    )
    leaves = st.one_of(st.none(), st.booleans(), st.integers(-(10**25), 10**25), st.floats(), st.text(max_size=20))
    return st.recursive(
        leaves, lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(names, inner, max_size=4)), max_leaves=20
    )


def _survives(folder: Path, content: bytes) -> None:
    try:
        rows, rejects, _ = read_bytes(folder, content)
    except FinopsError:
        return
    assert all(row["start_time"] is not None and row["operation"] for row in rows)
    assert all(reject.row >= 1 and reject.reason for reject in rejects)


@given(st.binary(max_size=400))
def test_arbitrary_bytes_never_crash(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    _survives(tmp_path_factory.mktemp("fuzz"), content)


@given(st.lists(_jsonish(), min_size=1, max_size=3))
def test_arbitrary_documents_never_crash(tmp_path_factory: pytest.TempPathFactory, documents: list[Any]) -> None:
    _survives(tmp_path_factory.mktemp("fuzz"), b"\n".join(json.dumps(d).encode() for d in documents))


@given(st.data())
@settings(max_examples=200)
def test_mutated_documents_never_crash(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    made = json.loads(line(span(1), span(2)))
    for _ in range(data.draw(st.integers(1, 3))):
        _mutate(made, data)
    _survives(tmp_path_factory.mktemp("fuzz"), json.dumps(made).encode() + b"\n" + line(span(3)))


@given(st.data())
@settings(max_examples=200)
def test_damaged_bytes_never_crash(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    content = bytearray(line(span(1), span(2)) + line(span(3)))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 5))] = data.draw(st.binary(max_size=5))
    _survives(tmp_path_factory.mktemp("fuzz"), bytes(content))


def _mutate(made: Any, data: st.DataObject) -> None:
    """Replaces one node somewhere in the document."""
    node = made
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            return
        key = data.draw(st.sampled_from(keys))
        if not isinstance(node[key], dict | list) or data.draw(st.integers(0, 4)) == 0:
            node[key] = data.draw(_jsonish())
            return
        node = node[key]


def test_ctrl_c_is_the_parents_to_answer() -> None:
    import signal

    before = signal.pthread_sigmask(signal.SIG_BLOCK, set())
    with otlp_chunks._deaf_children():
        assert signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, set())
    assert signal.pthread_sigmask(signal.SIG_BLOCK, set()) == before
