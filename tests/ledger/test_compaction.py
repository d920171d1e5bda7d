"""Many small segments become one part: the same ledger before and after, whatever stops it on the way."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from finops.ledger import compaction
from finops.ledger.compaction import compact
from finops.ledger.store import open_reader, open_writer
from tests.conftest import Ran
from tests.steps.costs.test_unattributed import USED, document, one

Finops = Callable[..., Ran]
LEDGER = Path("finops.duckdb")
COUNTED = "SELECT call_key, source, counted, list_cost FROM fct_call ORDER BY call_key"


@pytest.fixture
def segments(finops: Finops, tmp_path: Path) -> list[str]:
    """Six closed segments of the spool, ingested and built; the last one holds a span that can't be read."""
    folder = tmp_path / "finops.duckdb.spool"
    folder.mkdir()
    files = []
    for number in range(6):
        spans = [one(number * 10 + i, USED, number, number * 10 if i else None) for i in range(1, 4)]
        spans += [{**one(99, USED, 9), "startTimeUnixNano": "never"}] if number == 5 else []
        path = folder / f"{number:08}-traces.jsonl"
        path.write_text(json.dumps(document(*spans)) + "\n")
        files.append(str(path))
    assert finops("ingest", *files, "--as-of", "2026-11-20").code == 1, "a span is rejected"
    return files


def state(finops: Finops) -> tuple[str, str, str, int]:
    """The canonical rows, what models make of them, the rejects, and how many parts are read."""
    with open_reader(LEDGER) as reader:
        parts = reader.query("SELECT count(*) AS n FROM part JOIN batch USING (batch_id) WHERE superseded_by IS NULL")[0]["n"]
    rejects = finops("query", "SELECT reason FROM reject", "-f", "json").out
    return finops("query", "--canonical", "-f", "jsonl").out, finops("query", COUNTED, "-f", "json").out, rejects, parts


def test_the_ledger_is_the_same_and_segments_stay_known(finops: Finops, segments: list[str]) -> None:
    before = state(finops)
    assert before[3] == 6
    with open_writer(LEDGER) as writer:
        assert compact(writer, many=7) == 0
        assert compact(writer, many=6) == 6
    assert finops("build", "--full").code == 0, "models are made of the joined rows alike"
    after = state(finops)
    assert (after[:3], after[3]) == (before[:3], 1)
    again = finops("ingest", *segments, "-f", "json").json
    assert {row["status"] for row in again["rows"]} == {"unchanged"}
    assert finops("doctor").code == 0


def test_what_stops_it_on_the_way_leaves_the_ledger_as_it_was(
    finops: Finops, segments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = state(finops)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(compaction, "add_batch", killed)
        with pytest.raises(KeyboardInterrupt), open_writer(LEDGER) as writer:
            compact(writer, many=2)
    assert state(finops) == before
    assert finops("doctor").code == 0


def test_joined_parts_go_once_earlier_readers_have_gone(
    finops: Finops, segments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_reader(LEDGER) as earlier:
        with open_writer(LEDGER) as writer:
            compact(writer, many=2)
        with open_writer(LEDGER) as writer:
            compact(writer, many=2)
        assert earlier.query("SELECT count(*) AS n FROM call")[0]["n"] == 18
    folder = LEDGER.with_name("finops.duckdb.d")
    assert len(list(folder.glob("call-*.parquet"))) == 7
    monkeypatch.setattr(compaction, "KEPT_S", 0)
    with open_writer(LEDGER) as writer:
        compact(writer, many=2)
    with open_writer(LEDGER):
        pass
    assert len(list(folder.glob("call-*.parquet"))) == 1
    assert finops("doctor").code == 0


def test_ingest_joins_what_the_collector_leaves(finops: Finops, segments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "MANY", 7)
    seventh = Path(segments[0]).with_name("00000006-traces.jsonl")
    seventh.write_text(json.dumps(document(one(77, USED, 77))) + "\n")
    assert finops("ingest", seventh, "--as-of", "2026-11-20").code == 0
    with open_reader(LEDGER) as reader:
        found = reader.query("SELECT count(*) AS n FROM part JOIN batch USING (batch_id) WHERE superseded_by IS NULL")
        assert (found[0]["n"], reader.query("SELECT count(*) AS n FROM call")[0]["n"], reader.unbuilt()) == (1, 19, 0)
