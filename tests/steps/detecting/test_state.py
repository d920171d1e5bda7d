"""What is kept between runs: an incident is new once, grows, ends, and is told where it is none any more."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finops.errors import DataError
from finops.steps.detecting.state import compared, gone, read_state, write_state

DAY = date(2026, 10, 12)


def incident(excess: str | None, status: str = "open", kind: str = "spike") -> dict[str, Any]:
    money = None if excess is None else Decimal(excess)
    return {"opened": DAY, "path": "agent=writer", "class": kind, "currency": "USD", "status": status, "excess": money}


def test_the_life_of_an_incident(tmp_path: Path) -> None:
    path = tmp_path / "state.json"

    def run(*rows: dict[str, Any]) -> list[str]:
        found = compared(rows, read_state(path))
        write_state(path, found, DAY)
        return [row["since_last"] for row in found]

    assert run(incident("10")) == ["new"]
    assert run(incident("10")) == ["same"]
    assert run(incident("30", "grown", "burst")) == ["grown"], "it is the same one, whatever it is called now"
    assert run(incident("30.1", "grown")) == ["same"]
    assert run(incident("31", "resolved")) == ["resolved"]
    assert run(incident("31", "resolved")) == ["same"]
    assert run(incident(None), {**incident("5"), "path": "agent=reader"}) == ["same", "new"]
    assert [file.name for file in tmp_path.iterdir()] == ["state.json"]
    assert gone([], read_state(path), DAY) == [
        "no incident any more: agent=reader, 2026-10-12",
        "no incident any more: agent=writer, 2026-10-12",
    ]
    assert gone([], read_state(path), date(2026, 10, 13)) == [], "what began before the period is not asked for"


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"version": 9, "as_of": "2026-01-01", "incidents": []}', '{"version": 1}'])
def test_a_state_that_cannot_be_read_is_one_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(text)
    with pytest.raises(DataError) as error:
        read_state(path)
    assert error.value.where == str(path)
    assert "remove this one" in str(error.value.hint)
