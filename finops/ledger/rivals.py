"""Charges of one issuer and day that two kinds of files both bring, under accounts that can't be compared: a bill, and beside it
the provider's own cost report."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from finops.errors import DataError
from finops.ledger.overlaps import Overlap

if TYPE_CHECKING:
    from finops.ledger.store import Reader

_ISSUER = "regexp_extract(lower(c.issuer), '[a-z0-9]+')"
"""OpenAI and OpenAI, LLC are one issuer: the first word tells."""

_FORM = """CASE WHEN c.account IS NULL THEN 'none' WHEN regexp_full_match(c.account, '[0-9-]+') THEN 'digits'
    WHEN regexp_full_match(lower(c.account), '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}') THEN 'uuid'
    ELSE coalesce(nullif(regexp_extract(lower(c.account), '^[a-z]+[-_]'), ''), 'text') END"""
"""Accounts of one form are told apart by their names. Whether `org-1` and 4711 are the same, no name can say."""

_RIVALS = f"""
    WITH present AS (
        SELECT DISTINCT b.batch_id, b.delivery_id, b.ingest, d.source, d.name, d.path, s.account, s.billing_period, s.day,
            c.issuer AS issuer_name, {_ISSUER} AS issuer, {_FORM} AS form,
            date_trunc('month', s.billing_period + INTERVAL 12 HOUR) AS billing_month
        FROM slice s
        JOIN batch b ON b.batch_id = s.batch_id AND b.contract = 'charge' AND b.superseded_by IS NULL
        JOIN delivery d ON d.delivery_id = b.delivery_id
        JOIN control c ON c.batch_id = s.batch_id AND c.billing_period = s.billing_period
            AND coalesce(c.account, '(' || c.issuer || ')', '') = s.account
        WHERE c.issuer IS NOT NULL)
    SELECT n.delivery_id AS fresh_id, n.name AS fresh_name, n.path AS fresh_path, o.ingest = n.ingest AS is_same_call, o.source,
        o.issuer_name, o.batch_id, o.delivery_id, o.name, o.account, o.billing_period, min(o.day) AS first, max(o.day) AS last
    FROM present n
    JOIN present o ON o.issuer = n.issuer AND o.billing_month = n.billing_month AND o.day = n.day
    WHERE n.ingest = $1 AND o.source <> n.source AND o.form <> n.form
        AND (o.ingest < n.ingest OR (o.ingest = n.ingest AND o.name < n.name))
        AND (NOT EXISTS (SELECT 1 FROM delivery p
                WHERE p.superseded_by = n.delivery_id AND p.name = n.name AND p.source = n.source)
            OR EXISTS (SELECT 1 FROM batch p JOIN delivery q ON q.delivery_id = p.delivery_id
                WHERE p.superseded_by = o.delivery_id AND q.name = n.name AND q.source = n.source))
    GROUP BY ALL
    ORDER BY n.name, n.delivery_id, o.batch_id, o.account, o.billing_period
"""


@dataclass(frozen=True)
class Rival:
    """What a delivery of this call brings a second time, in the eyes of its issuer."""

    fresh_id: int
    fresh_name: str
    fresh_path: str
    issuer: str
    source: str
    is_same_call: bool
    earlier: Overlap


def rivals(reader: Reader, ingest: int) -> list[Rival]:
    """Where files of an ingest call bring what files of another kind have brought, in this call or before. A file that is
    delivered again may stay beside what its last version stood beside, but not beside what took that version's place."""
    found = []
    for row in reader.query(_RIVALS, [ingest]):
        names = ("batch_id", "delivery_id", "name", "account", "billing_period", "first", "last")
        earlier = Overlap(**{name: row[name] for name in names})
        about = (row["fresh_id"], row["fresh_name"], row["fresh_path"], row["issuer_name"], row["source"], row["is_same_call"])
        found.append(Rival(*about, earlier))
    return found


def rivals_error(found: list[Rival], *, replacing: bool) -> DataError:
    """Why such a file is refused, and what to do."""
    one = next((rival for rival in found if rival.is_same_call), found[0]) if replacing else found[0]
    days = _days(one.earlier.first, one.earlier.last)
    if replacing and one.is_same_call:
        hint = "load them in two calls, the one that takes the other's place last"
    else:
        hint = (
            "`--as part` if these are other charges, `--as replacement` if they take their place, else leave one of the files out"
        )
    return DataError(
        f"charges of {one.issuer} ({days}) come from `{one.earlier.name}` ({one.source}) too: both would count,"
        " and their accounts can't be compared",
        where=one.fresh_path,
        hint=hint,
    )


def _days(first: date, last: date) -> str:
    return f"{first}" if first == last else f"{first} to {last}"
