"""Questions about names and prices read what is new, or everything where rows were taken back."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from finops.ledger.engine.unbuilt import Unbuilt

BATCHES = [
    (1, "call", None, True),
    (2, "call", None, False),
    (3, "charge", 9, False),
    (4, "charge", None, False),
    (5, "call", None, False),
]


class Batches:
    """A catalogue of batches with a row of each."""

    def __init__(self, batches: list[tuple[int, str, int | None, bool]]) -> None:
        self._connection = duckdb.connect()
        self._connection.execute("CREATE TABLE batch (batch_id BIGINT, contract VARCHAR, superseded_by BIGINT, built BOOLEAN)")
        self._connection.executemany("INSERT INTO batch VALUES (?, ?, ?, ?)", batches)

    def query(self, sql: str) -> list[dict[str, Any]]:
        answer = self._connection.execute(sql)
        names = [column[0] for column in answer.description]
        return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


@pytest.mark.parametrize(
    ("contract", "everything", "read"),
    [
        ("call", False, [2, 5]),
        ("call", True, [1, 2, 3, 4, 5]),
        ("charge", False, [1, 2, 3, 4, 5]),
        ("meter", False, []),
    ],
)
def test_what_is_new_is_read_unless_something_was_taken_back(contract: str, everything: bool, read: list[int]) -> None:
    batches = Batches(BATCHES)
    unbuilt = Unbuilt(batches, everything=everything)
    found = batches.query(f"SELECT batch_id FROM batch WHERE {unbuilt.rows(contract)} ORDER BY batch_id")
    assert [row["batch_id"] for row in found] == read
    assert unbuilt.is_all(contract) == (len(read) == len(BATCHES))
