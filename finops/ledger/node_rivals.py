"""Hours of a node that two allocation exports both tell of: read together they would weigh twice, so one of them is refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from finops.errors import DataError
from finops.ledger.catalogue import supersede_delivery

if TYPE_CHECKING:
    from finops.ledger.store import Writer

_TWICE = """
    WITH told AS (
        SELECT b.delivery_id, b.ingest, d.name, d.path, m.*
        FROM meter m JOIN batch b ON b.batch_id = m.batch_id JOIN delivery d ON d.delivery_id = b.delivery_id
        WHERE d.source = 'opencost' AND b.superseded_by IS NULL AND m.resource IS NOT NULL)
    SELECT n.delivery_id AS fresh_id, n.path AS fresh_path, o.delivery_id AS earlier_id, o.name AS earlier_name,
        o.ingest = n.ingest AS is_same_call, count(DISTINCT n.resource) AS nodes, min(n.resource) AS node,
        min(n.hour) AS first, max(n.hour) AS last,
        (SELECT min(e.hour) FROM told e WHERE e.delivery_id = o.delivery_id) >= (SELECT min(e.hour) FROM told e
            WHERE e.delivery_id = n.delivery_id)
            AND (SELECT max(e.hour) FROM told e WHERE e.delivery_id = o.delivery_id) <= (SELECT max(e.hour) FROM told e
            WHERE e.delivery_id = n.delivery_id) AS is_within
    FROM told n JOIN told o ON o.hour = n.hour AND o.resource = n.resource AND o.delivery_id <> n.delivery_id
    WHERE n.ingest = $1 AND (o.ingest < n.ingest OR o.name < n.name)
        AND (n.capacity IS NOT NULL AND o.capacity IS NOT NULL
            OR (n.tenant, n.agent, n.workflow) IS NOT DISTINCT FROM (o.tenant, o.agent, o.workflow)
                AND (n.cpu_seconds, n.gpu_seconds, n.memory_gib_seconds) IS NOT DISTINCT FROM
                    (o.cpu_seconds, o.gpu_seconds, o.memory_gib_seconds))
    GROUP BY ALL
    ORDER BY fresh_path, earlier_name, earlier_id
"""
"""Two exports tell of the same use where both know the whole node, its idle share included, or a workload's use is the same in
both. Exports of several namespaces, each without the idle share, are parts of one node."""


@dataclass(frozen=True)
class NodeRival:
    """An earlier export, or one of the same call, that has hours of the same nodes."""

    fresh_id: int
    fresh_path: str
    earlier_id: int
    earlier_name: str
    is_same_call: bool
    nodes: int
    node: str
    first: datetime
    last: datetime
    is_within: bool


def settle_nodes(writer: Writer, ingest: int, *, replacing: bool) -> None:
    """Refuses allocation exports of an ingest call that tell again of a node's hours; with `replacing` they take the place of
    the earlier ones that lie within their time."""
    fresh = "SELECT 1 AS one FROM batch JOIN delivery USING (delivery_id) WHERE batch.ingest = $1 AND source = 'opencost' LIMIT 1"
    if not writer.query(fresh, [ingest]):
        return
    writer.refresh_views()
    for one in [NodeRival(**row) for row in writer.query(_TWICE, [ingest])]:
        if not replacing or one.is_same_call or not one.is_within:
            raise _error(one, replacing=replacing)
        supersede_delivery(writer, one.earlier_id, one.fresh_id)


def _error(one: NodeRival, *, replacing: bool) -> DataError:
    more = f" and {one.nodes - 1:,} more nodes" if one.nodes > 1 else ""
    hours = f"{one.first:%Y-%m-%d %H:%M} to {one.last:%Y-%m-%d %H:%M}"
    if replacing and not one.is_same_call:
        hint = f"it does not hold all hours of `{one.earlier_name}`: export the whole time of that file"
    else:
        hint = (
            "leave one of the files out; `--as part` if they hold other workloads, `--as replacement` if this one takes the"
            " place of one that is loaded"
        )
    return DataError(
        f"hours of {one.node}{more} ({hours}) are in `{one.earlier_name}` too: their use would count twice",
        where=one.fresh_path,
        hint=hint,
    )
