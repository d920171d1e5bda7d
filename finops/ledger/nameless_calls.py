"""Calls without a tenant, agent or workflow down to rows of input files, each under the cause that `fct_unattributed` counts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from finops.ledger.charge_views import TempOnly
from finops.ledger.engine.compiling import Allocation, expressions
from finops.ledger.engine.macros import define_macros
from finops.ledger.engine.model import all_models, selected
from finops.ledger.engine.runner import compiled
from finops.ledger.engine.slices import call_chunks, write_dirty_calls
from finops.ledger.store import Reader

_MODEL = "fct_unattributed"
_ROWS = 1 << 40
"""`row_key` of stg_span is the batch times this, plus the row."""
_LINES = f"""
SELECT
    d.path AS file, s.row_key % {_ROWS} AS line, e.call_day AS day, e.dimension, e.cause, e.detail, e.source,
    k.run_id AS run, k.tenant, k.agent, k.workflow, k.model, k.currency, CAST(k.sampling_weight AS DECIMAL(18, 6)) AS weight,
    CAST(e.input_tokens + e.output_tokens AS BIGINT) AS tokens,
    CAST(k.list_cost * CAST(e.sampling_weight AS DECIMAL(18, 6)) AS DECIMAL(38, 12)) AS list_cost
FROM explained e
JOIN fct_call k ON k.call_key = e.call_key
JOIN stg_span s ON s.call_key = e.call_key
JOIN batch b ON b.batch_id = s.row_key // {_ROWS}
JOIN delivery d ON d.delivery_id = b.delivery_id
WHERE e.call_day IN (SELECT q.call_day FROM dirty_call_day q) AND e.dimension = $dimension
    AND ($first IS NULL OR business_day(e.start_time) >= CAST($first AS DATE))
    AND ($end IS NULL OR business_day(e.start_time) < CAST($end AS DATE))
ORDER BY d.path, s.row_key % {_ROWS}
"""


def nameless_call_lines(
    reader: Reader, allocation: Allocation, dimension: str, first: date | None, end: date | None
) -> list[dict[str, Any]]:
    """The rows of the files behind the calls that lack `dimension`, of the business days from `first` up to `end`."""
    database = TempOnly(reader)
    define_macros(database, allocation.zone)
    names, models = expressions(allocation), all_models()
    known = reader.query(
        f"SELECT DISTINCT u.call_day AS day FROM {_MODEL} u WHERE u.dimension = $dimension"
        " AND ($first IS NULL OR u.business_day >= CAST($first AS DATE))"
        " AND ($end IS NULL OR u.business_day < CAST($end AS DATE))",
        {"dimension": dimension, "first": first, "end": end},
    )
    (last,) = [model for model in models if model.name == _MODEL]
    whole = compiled(last, names)
    explained = whole[: whole.rindex("\nSELECT\n    e.call_day")]
    found: list[dict[str, Any]] = []
    for chunk in call_chunks(database, _days(known)) if known else ():
        write_dirty_calls(database, chunk)
        for model in selected(models, [_MODEL]):
            if model.layer == "staging" and "price" not in model.name:
                database.execute(f"CREATE OR REPLACE TEMP TABLE {model.name} AS\n{compiled(model, names)}")
        found += reader.query(explained + _LINES, {"dimension": dimension, "first": first, "end": end})
    return found


def _days(rows: Iterable[dict[str, Any]]) -> list[date]:
    return [row["day"] for row in rows]
