"""P3-P6 for every kind of file at once: in one call or one by one, in any order, in pieces, twice: the same ledger."""

from __future__ import annotations

import random
import shutil
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from finops.config import Overrides
from finops.core.result import Result
from finops.core.talk import Silence
from finops.errors import DataError
from finops.ledger.canonical import canonical_rows, relations
from finops.ledger.store import open_reader
from finops.steps.build import build
from finops.steps.ingesting.ingest import Options, ingest
from tests.conftest import LONG
from tests.kits.source_kit import FILES, SAMPLES, write_sample

CATALOGUE = {"delivery", "batch", "part", "slice", "control", "reject", "stated_total", "meta", "remote_object"}
"""What speaks of files and calls, which do differ."""
WHOLE_ONLY = {"claude_code", "codex", "locust"}
"""Sources whose lines do not stand for themselves: what goes on from the line before, and statistics of a whole run."""
PAIRED = "amortised.csv"
"""The other half of an Azure bill, which is refused once the first half is loaded alone."""
SEEDS = range(10 if LONG else 1)

State = dict[str, list[dict[str, Any]]]


def overrides(ledger: Path) -> Overrides:
    config = ledger.parent / "finops.toml"
    config.touch()
    return Overrides(config=config, ledger=ledger, as_of=date(2026, 11, 20))


def load(ledger: Path, files: Sequence[Path], *, built: bool = True) -> Result:
    return ingest(overrides(ledger), files, Options(build=built), talk=Silence())


def state(ledger: Path) -> State:
    """Every contract, fact and mart in its canonical form."""
    with open_reader(ledger) as reader:
        assert reader.unbuilt() == 0
        return {name: canonical_rows(reader, name)[1] for name in relations(reader) if name not in CATALOGUE}


def assert_same(found: State, wanted: State) -> None:
    assert found.keys() == wanted.keys()
    for name, rows in wanted.items():
        for mine, theirs in zip(found[name], rows, strict=True):
            assert mine == theirs, name


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """One file of every kind and every further sample, each with its sidecar, in a folder per source."""
    home = tmp_path_factory.mktemp("exports")
    for name in SAMPLES:
        (home / name).mkdir()
        write_sample(name, home / name)
    known = {path.read_bytes() for path in home.rglob("*.*")}
    for path in sorted(FILES.rglob("*.*")):
        if path.read_bytes() not in known:
            shutil.copy(path, home / path.parent.name / path.name)
    return sorted(path for path in home.rglob("*.*") if not path.name.endswith(".hardware.json"))


@pytest.fixture(scope="module")
def whole(exports: list[Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, State]:
    """The ledger of one call, and what it holds."""
    ledger = tmp_path_factory.mktemp("whole") / "l.duckdb"
    result = load(ledger, exports)
    assert {row["source"] for row in result.rows} == set(SAMPLES)
    assert {row["status"] for row in result.rows} <= {"loaded", "left out"}
    found = state(ledger)
    assert all(found[name] for name in ("charge", "call", "outcome", "meter", "sample", "benchmark", "invoice", "fct_cost"))
    return ledger, found


def test_twice_is_once(exports: list[Path], whole: tuple[Path, State]) -> None:
    ledger, before = whole
    again = load(ledger, exports[::-1])
    assert {row["status"] for row in again.rows} <= {"unchanged", "left out"}
    assert_same(state(ledger), before)


@pytest.mark.parametrize("seed", SEEDS)
def test_one_by_one_in_any_order(exports: list[Path], whole: tuple[Path, State], tmp_path: Path, seed: int) -> None:
    ledger = tmp_path / "l.duckdb"
    shuffled = [path for path in exports if path.name != PAIRED]
    random.Random(seed).shuffle(shuffled)
    for path in shuffled:
        load(ledger, [path], built=False)
    half, other = (next(path for path in exports if path.name == name) for name in ("azure.csv", PAIRED))
    with pytest.raises(DataError, match="are loaded already") as error:
        load(ledger, [other])
    assert "give both in one call" in (error.value.hint or "")
    load(ledger, [half, other], built=False)
    build(overrides(ledger), talk=Silence())
    assert_same(state(ledger), whole[1])


def pieces(path: Path, home: Path, chance: random.Random) -> list[Path]:
    """The file in two, where its lines stand for themselves; each piece with the header and the sidecar."""
    table = path.suffix == ".csv"
    lines = path.read_bytes().splitlines(keepends=True) if table or path.suffix == ".jsonl" else []
    head, body = lines[:table], lines[table:]
    cut = chance.randint(1, len(body) - 1) if len(body) > 1 and path.parent.name not in WHOLE_ONLY else 0
    folder = home / path.parent.name
    folder.mkdir(exist_ok=True)
    contents = [b"".join(head + half) for half in (body[cut:], body[:cut])] if cut else [path.read_bytes()]
    made = []
    for number, content in enumerate(contents):
        made.append(folder / (f"{path.stem}-{number}{path.suffix}" if cut else path.name))
        made[-1].write_bytes(content)
        sidecar = path.with_name(f"{path.stem}.hardware.json")
        if sidecar.exists():
            shutil.copy(sidecar, made[-1].with_name(f"{made[-1].stem}.hardware.json"))
    return made


@pytest.mark.parametrize("seed", SEEDS)
def test_in_pieces_of_one_call(exports: list[Path], whole: tuple[Path, State], tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    cut = [piece for path in exports for piece in pieces(path, tmp_path, chance)]
    assert len(cut) > len(exports) + 10
    load(tmp_path / "l.duckdb", cut)
    assert_same(state(tmp_path / "l.duckdb"), whole[1])
