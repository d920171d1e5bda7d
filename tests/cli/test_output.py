"""The five formats of one answer: exact for machines, readable for people, the same bytes every time."""

from __future__ import annotations

import csv
import io
import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from finops.cli.formats import rendered
from finops.cli.options import Globals
from finops.cli.output import emit
from finops.config import Overrides
from finops.core.result import Column, Result
from finops.errors import OutsideError

COLUMNS = (
    Column("agent", "Agent"),
    Column("cost", "Cost", "money"),
    Column("share", "Share", "ratio"),
    Column("runs", "Runs", "count"),
    Column("at", "At", "time", wide_only=True),
    Column("reasons", "Why", "list", wide_only=True),
)
ROWS = (
    {
        "agent": "a|b <i>",
        "cost": Decimal("1E+3"),
        "share": Decimal("0.5"),
        "runs": 3,
        "at": datetime(2026, 11, 20, 1, 2, 3),
        "reasons": ["x", "y"],
        "currency": "USD",
    },
    {"agent": "=1+1", "cost": Decimal("-0.000000000001"), "share": None, "runs": 0, "at": None, "reasons": [], "currency": "USD"},
    {"agent": "日本", "cost": None, "share": 0.25, "runs": None, "at": None, "reasons": [], "currency": "USD"},
)
RESULT = Result(
    COLUMNS,
    ROWS,
    totals=({"currency": "USD", "cost": Decimal("999.999999999999")},),
    meta={"as_of": date(2026, 11, 20)},
    notes=("A note.",),
)


def test_json_is_exact_and_whole() -> None:
    document = json.loads(rendered(RESULT, "json"))
    assert document["schema_version"] == 1
    assert document["meta"] == {"as_of": "2026-11-20", "notes": ["A note."]}
    assert document["rows"][0] == {
        "agent": "a|b <i>",
        "cost": "1000",
        "share": 0.5,
        "runs": 3,
        "at": "2026-11-20T01:02:03Z",
        "reasons": ["x", "y"],
    }
    assert document["rows"][1]["cost"] == "-0.000000000001"
    assert document["rows"][2]["cost"] is None
    assert document["totals"] == [{"currency": "USD", "cost": "999.999999999999"}]


def test_json_lines_are_the_rows() -> None:
    lines = rendered(RESULT, "jsonl").splitlines()
    assert [json.loads(line) for line in lines] == json.loads(rendered(RESULT, "json"))["rows"]


def test_csv_guards_a_spreadsheet() -> None:
    rows = list(csv.reader(io.StringIO(rendered(RESULT, "csv"))))
    assert rows[0] == ["agent", "cost", "share", "runs", "at", "reasons"]
    assert rows[2][0] == "'=1+1"
    assert rows[2][1] == "-0.000000000001"
    assert rows[3][1] == ""


def test_table_aligns_wide_characters_and_hides_wide_columns() -> None:
    lines = rendered(RESULT, "table").splitlines()
    assert "Why" not in lines[0]
    assert "Why" in rendered(RESULT, "table", wide=True).splitlines()[0]
    assert "n/a" in lines[4]
    assert "−$0.00" not in lines[3]
    assert lines[-1] == "A note."


def test_markdown_escapes_names() -> None:
    assert "a\\|b &lt;i&gt;" in rendered(RESULT, "md")


def test_nothing_to_show_is_said() -> None:
    assert rendered(Result(COLUMNS, ()), "table") == "nothing to show\n"


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv", "md"])
def test_same_bytes_twice(form: str) -> None:
    assert rendered(RESULT, form) == rendered(RESULT, form)


def test_a_device_is_written_to_and_never_replaced(tmp_path: Path) -> None:
    emit(RESULT, Globals(Overrides(), out=Path("/dev/null"), quiet=True))
    assert not Path("/dev/null").is_file()
    target = tmp_path / "answer.json"
    emit(RESULT, Globals(Overrides(), format="json", out=target, quiet=True))
    assert json.loads(target.read_text())["schema_version"] == 1
    assert list(tmp_path.iterdir()) == [target]


def test_a_file_that_can_not_be_written_is_named_as_it_was_asked_for(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    for out in (tmp_path / "no" / "x.json", tmp_path / "taken"):
        with pytest.raises(OutsideError) as caught:
            emit(RESULT, Globals(Overrides(), format="json", out=out))
        assert caught.value.where == str(out)
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


@pytest.mark.parametrize("width", [40, 60, 80, 115, 160])
def test_a_table_fits_the_terminal_and_loses_no_figure(width: int) -> None:
    """Texts are cut, figures never: what does not fit stands in a further block under the same first column."""
    wide = (*COLUMNS[:4], *(Column(f"m{i}", f"Amount {i}", "money") for i in range(9)), Column("path", "File"))
    rows = [{**row, **{f"m{i}": Decimal(10) ** i for i in range(9)}, "path": f"exports/{'x' * 60}/bill.csv"} for row in ROWS]
    notes = ("A note of many words that says why the figures above are not what somebody would expect of them at first sight.",)
    lines = rendered(Result(wide, rows, notes=notes), "table", width=width).splitlines()
    assert max(map(len, lines)) <= width
    heads = [part.strip() for line in lines for part in line.split("  ")]
    assert {column.label for column in wide} <= set(heads)
    assert sum(line.count("/bill.csv") for line in lines) == len(rows), "the end of a path is kept"
    assert " ".join(" ".join(lines).split()).endswith(notes[0])


def test_piped_answers_do_not_depend_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    emit(RESULT, Globals(Overrides()))
    assert capsys.readouterr().out == rendered(RESULT, "table")
