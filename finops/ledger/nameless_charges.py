"""Charges that name nobody and that no rule places: how many, how much, and whether a tag would have said whose they are."""

from __future__ import annotations

from typing import Any

from finops.core.attribution import DIMENSIONS
from finops.ledger.charge_views import charge_views
from finops.ledger.engine.compiling import Allocation
from finops.ledger.store import Reader

_TAG = """list_min(list_transform(list_filter(
    map_entries(map_concat(coalesce(c."Tags", MAP {{}}), coalesce(c."AllocatedTags", MAP {{}}))),
    lambda e: coalesce(e.value, '') <> '' AND names_owner('{0}', e.key)), lambda e: e.key))"""
"""The first tag of a charge, by its name, that looks as if it named the dimension. Those that [identity] reads are empty here, or
the charge would have an owner."""


def nameless_charges(reader: Reader, allocation: Allocation, month: str | None, currency: str | None) -> list[dict[str, Any]]:
    """Per dimension, tag (null: none that looks so), service and currency: charges and what was billed for them. `month` is a
    billing month."""
    months = reader.query(
        "SELECT DISTINCT month_start AS m FROM (SELECT CAST(date_trunc('month', p.charge_day) AS DATE) AS month_start"
        " FROM fct_pool p WHERE p.method = 'untagged' AND ($1 IS NULL OR strftime(p.billing_month, '%Y-%m') = $1))",
        [month],
    )
    found: list[dict[str, Any]] = []
    for _, own in charge_views(reader, allocation, {row["m"] for row in months}) if months else ():
        within = ", ".join(f"DATE '{day}'" for day in sorted(own))
        for dimension in DIMENSIONS:
            found += reader.query(
                f"SELECT '{dimension}' AS dimension, {_TAG.format(dimension)} AS tag, coalesce(s.service, s.issuer) AS service,"
                " s.currency, count(*) AS charges, CAST(sum(s.billed) AS DECIMAL(38, 12)) AS amount"
                " FROM stg_charge s JOIN charge c ON c.batch_id = s.batch_id AND c.part_row = s.part_row"
                f" WHERE s.method = 'untagged' AND month_of(s.charge_day) IN ({within})"
                " AND ($1 IS NULL OR strftime(s.billing_month, '%Y-%m') = $1) AND ($2 IS NULL OR s.currency = $2)"
                " GROUP BY ALL ORDER BY ALL",
                [month, currency],
            )
    return found
