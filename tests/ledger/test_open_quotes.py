"""A quote that is never closed swallows the rows behind it: the file is refused, and the line named."""

from __future__ import annotations

from pathlib import Path

import pytest

from finops.errors import DataError
from finops.sources.focus import SOURCE
from tests.kits.source_kit import FOCUS
from tests.sources.bill_reading import read_bill

HEADER, FIRST, SECOND, *_ = FOCUS.split("\n")


def bill(folder: Path, *lines: str) -> Path:
    path = folder / "bill.csv"
    path.write_text("".join(f"{line}\n" for line in (HEADER, *lines)), encoding="utf-8")
    return path


@pytest.mark.parametrize("behind", [3, 3000])
def test_an_open_quote_is_an_error(tmp_path: Path, behind: int) -> None:
    path = bill(tmp_path, FIRST, SECOND.replace("Usage", '"Usage'), *[SECOND] * behind)
    with pytest.raises(DataError, match="a quote opens a cell here") as error:
        read_bill(SOURCE, path, tmp_path)
    assert (error.value.where or "").endswith("line 3")
    assert error.value.hint


def test_what_stands_behind_a_closed_quote_costs_one_row(tmp_path: Path) -> None:
    found = read_bill(SOURCE, bill(tmp_path, FIRST, FIRST.replace("Usage", '"Us"age'), SECOND), tmp_path)
    assert (len(found.rows), len(found.rejects)) == (2, 1)


def test_a_line_break_within_quotes_is_fine(tmp_path: Path) -> None:
    found = read_bill(SOURCE, bill(tmp_path, FIRST.replace("1,USD", '"1\n2",USD'), SECOND), tmp_path)
    assert (len(found.rows), found.rejects) == (2, [])
