"""Calls down to rows of input files: which file and row the ledger has each counted call from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from finops.ledger.charge_views import TempOnly
from finops.ledger.engine.compiling import Allocation, expressions
from finops.ledger.engine.macros import define_macros
from finops.ledger.engine.model import all_models
from finops.ledger.engine.runner import compiled
from finops.ledger.engine.slices import Dirty, write_dirty_calls
from finops.ledger.store import Reader

_ROWS = 1 << 40
"""`row_key` of stg_span is the batch times this, plus the row."""


def call_lines(reader: Reader, allocation: Allocation, conditions: str, parameters: Sequence[Any]) -> list[dict[str, Any]]:
    """One row per call (alias `c` of fct_call) that fits, with its file and row: of a call that several rows record, the row that
    the ledger took."""
    database = TempOnly(reader)
    define_macros(database, allocation.zone)
    found = reader.query(f"SELECT DISTINCT c.call_day AS d FROM fct_call c WHERE {conditions}", list(parameters))
    if not found:
        return []
    days = frozenset(row["d"] + timedelta(days=distance) for row in found for distance in (-1, 0, 1))
    write_dirty_calls(database, Dirty(frozenset(), days, days))
    (spans,) = [model for model in all_models() if model.name == "stg_span"]
    database.execute(f"CREATE OR REPLACE TEMP TABLE stg_span AS\n{compiled(spans, expressions(allocation))}")
    return reader.query(
        f"""
        SELECT d.path AS file, s.row_key % {_ROWS} AS line, c.call_key, c.call_day AS day, c.run_id AS run, c.operation, c.tenant,
            c.agent, c.workflow, c.model, c.provider, c.currency, CAST(c.sampling_weight AS DECIMAL(18, 6)) AS weight,
            CASE WHEN c.counted THEN coalesce(c.input_tokens, 0) + coalesce(c.output, 0) + coalesce(c.audio_output, 0)
                + coalesce(c.image_output, 0) END AS tokens,
            CASE WHEN c.counted THEN c.list_cost END AS list_cost
        FROM fct_call c
        JOIN stg_span s ON s.call_key = c.call_key
        JOIN batch b ON b.batch_id = s.row_key // {_ROWS}
        JOIN delivery d ON d.delivery_id = b.delivery_id
        WHERE {conditions}
        ORDER BY d.path, s.row_key % {_ROWS}, c.call_key
        """,
        list(parameters),
    )
