"""Outcomes of runs down to rows of input files: the one that decided of each, by evaluator order, then the latest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from finops.ledger.store import Reader

_DECIDED = """
WITH said AS (
    SELECT o.run, d.path AS file, o.part_row AS line, CAST(o.time AS DATE) AS day, o.accepted, o.evaluator,
        row_number() OVER (
            PARTITION BY o.run
            ORDER BY e.place NULLS LAST, o.time DESC, o.id NULLS LAST, o.evaluator NULLS LAST, o.accepted NULLS LAST, d.path,
                o.part_row
        ) AS place
    FROM outcome o
    JOIN fct_run r ON r.run_id = o.run
    JOIN batch b ON b.batch_id = o.batch_id
    JOIN delivery d ON d.delivery_id = b.delivery_id
    LEFT JOIN run_rule w ON w.workflow = r.workflow
    LEFT JOIN evaluator_order e ON e.workflow = r.workflow AND e.evaluator = o.evaluator
    WHERE o.accepted IS NOT NULL AND o.run IN (SELECT unnest($1))
        AND o.time < r.start_time + to_days(CAST(coalesce(w.settle_days, 7) + 1 AS INTEGER))
)
SELECT s.run, s.file, s.line, s.day, s.accepted, s.evaluator
FROM said s
WHERE s.place = 1
ORDER BY s.file, s.line
"""


def outcome_lines(reader: Reader, runs: Sequence[str]) -> list[dict[str, Any]]:
    """The row of a file that says of each run whether it was accepted; of runs that only a span's end state tells of, none."""
    return reader.query(_DECIDED, [list(runs)])
