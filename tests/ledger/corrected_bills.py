"""Bills of September with mistakes in them, and what puts them right, in every style and in the dialects of several issuers."""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from hypothesis import strategies as st

from finops.ledger.deliveries import Delivered, Intake
from finops.ledger.store import open_writer
from finops.sources import source

RIGHT, LATER = 9, 10
"""The month that was billed wrongly, and the month whose bill puts it right."""
Style = Literal["delta", "accounting", "late", "bulk", "memo"]
STYLES: tuple[Style, ...] = ("delta", "accounting", "late", "bulk", "memo")
Kind = Literal["usage", "correction", "credit"]


@dataclass(frozen=True)
class Line:
    """A line of a bill: the month it is billed in and the one it was incurred in."""

    billed: int
    incurred: int
    day: int
    resource: str
    cost: Decimal
    kind: Kind = "usage"


Totals = dict[tuple[int, str], Decimal]


@dataclass(frozen=True)
class Corrected:
    """September as it was billed, as it should have been, and October's bill with what puts September right."""

    wrong: tuple[Line, ...]
    right: tuple[Line, ...]
    october: tuple[Line, ...]
    corrections: tuple[Line, ...]
    style: Style

    @property
    def itemised(self) -> bool:
        """Whether each resource comes out right, not only the whole."""
        return self.style in ("delta", "accounting", "late")

    @property
    def later(self) -> tuple[Line, ...]:
        return (*self.october, *self.corrections)


def totals(lines: Iterable[Line], month: Callable[[Line], int], *, by_resource: bool) -> Totals:
    found: Totals = defaultdict(Decimal)
    for line in lines:
        found[month(line), line.resource if by_resource else ""] += line.cost
    return {key: total for key, total in found.items() if total}


def _corrections(style: Style, wrong: Sequence[Line], right: Sequence[Line]) -> list[Line]:
    late = [replace(line, billed=LATER, kind="correction") for line in right[len(wrong) :]]
    pairs = [(was, is_) for was, is_ in zip(wrong, right, strict=False) if was.cost != is_.cost]
    if style == "accounting":
        taken_back = [replace(was, billed=LATER, cost=-was.cost, kind="correction") for was, _ in pairs]
        return [*taken_back, *(replace(is_, billed=LATER, kind="correction") for _, is_ in pairs), *late]
    deltas = [replace(is_, billed=LATER, cost=is_.cost - was.cost, kind="correction") for was, is_ in pairs]
    if style in ("delta", "late"):
        return [*deltas, *late]
    gap = sum((line.cost for line in right), Decimal(0)) - sum((line.cost for line in wrong), Decimal(0))
    kind: Kind = "credit" if style == "memo" and gap < 0 else "correction"
    return [Line(LATER, RIGHT, 1, "", gap, kind)] if gap else []


@st.composite
def corrected_bills(draw: st.DrawFn, styles: Sequence[Style] = STYLES) -> Corrected:
    style = draw(st.sampled_from(styles))
    cost = st.decimals(0, 999, places=6, allow_nan=False).map(lambda d: d.normalize() + Decimal(0))
    resource, day = st.sampled_from(["r1", "r2", "r3"]), st.integers(1, 30)
    line = st.builds(Line, st.just(RIGHT), st.just(RIGHT), day, resource, cost)
    right = draw(st.lists(line, min_size=1, max_size=5))
    billed = right[: draw(st.integers(0, len(right) - 1))] if style == "late" else right
    wrong = [one if draw(st.booleans()) else replace(one, cost=draw(cost)) for one in billed] if style != "late" else billed
    october = draw(st.lists(st.builds(Line, st.just(LATER), st.just(LATER), day, resource, cost), min_size=1, max_size=3))
    return Corrected(tuple(wrong), tuple(right), tuple(october), tuple(_corrections(style, wrong, right)), style)


def _time(month: int, day: int) -> str:
    return f"2026-{month:02}-{day:02}T00:00:00Z"


def _table(rows: Sequence[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _focus(line: Line, invoice: str) -> dict[str, Any]:
    return {
        "BillingAccountId": "a",
        "BillingCurrency": "USD",
        "BillingPeriodStart": _time(line.billed, 1),
        "InvoiceId": invoice,
        "InvoiceIssuerName": "I",
        "ChargePeriodStart": _time(line.incurred, line.day),
        "ChargeCategory": {"credit": "Credit"}.get(line.kind, "Usage"),
        "ChargeClass": "Correction" if line.incurred != line.billed else "",
        "ResourceId": line.resource,
        "BilledCost": f"{line.cost:f}",
        "EffectiveCost": f"{line.cost:f}",
    }


def _cur(line: Line, invoice: str) -> dict[str, Any]:
    refund = line.kind == "correction" and line.cost < 0
    return {
        "bill/PayerAccountId": "a",
        "bill/InvoiceId": invoice,
        "bill/BillType": "Refund" if refund else "Anniversary",
        "bill/BillingPeriodStartDate": _time(line.billed, 1),
        "lineItem/LineItemType": "Refund" if refund else {"credit": "Credit"}.get(line.kind, "Usage"),
        "lineItem/UsageStartDate": _time(line.incurred, line.day),
        "lineItem/ResourceId": line.resource,
        "lineItem/CurrencyCode": "USD",
        "lineItem/UnblendedCost": f"{line.cost:f}",
    }


def _azure(line: Line, invoice: str) -> dict[str, Any]:
    last = 30 if line.billed == RIGHT else 31
    return {
        "BillingAccountId": "a",
        "BillingPeriodStartDate": f"{line.billed:02}/01/2026",
        "BillingPeriodEndDate": f"{line.billed:02}/{last}/2026",
        "Date": f"{line.incurred:02}/{line.day:02}/2026",
        "MeterId": "m",
        "ChargeType": "Refund" if line.kind == "correction" and line.cost < 0 else {"credit": "Credit"}.get(line.kind, "Usage"),
        "ResourceId": line.resource,
        "InvoiceId": invoice,
        "Cost": f"{line.cost:f}",
        "BillingCurrency": "USD",
    }


def _gcp(line: Line, _invoice: str) -> dict[str, Any]:
    credit = line.kind == "credit"
    given = {
        "billing_account_id": "a",
        "currency": "USD",
        "invoice": {"month": f"2026{line.billed:02}"},
        "usage_start_time": f"2026-{line.incurred:02}-{line.day:02} 12:00:00 UTC",
        "cost_type": "regular",
        "cost": 0 if credit else float(line.cost),
        "credits": [{"name": "goodwill", "amount": float(line.cost)}] if credit else [],
        "sku": {"id": "s", "description": "d"},
        "resource": {"name": line.resource},
    }
    if line.kind == "correction":
        given["adjustment_info"] = {"type": "PRICE_CORRECTION", "mode": "PARTIAL_CORRECTION"}
    return given


Row = Callable[[Line, str], dict[str, Any]]
DIALECTS: dict[str, Row] = {"focus": _focus, "aws_cur": _cur, "azure_costs": _azure, "gcp_billing": _gcp}


def write(dialect: str, folder: Path, name: str, lines: Sequence[Line], *, final: bool = True) -> Path:
    """A bill as one issuer exports it. An invoice is named only once it is final."""
    rows = [DIALECTS[dialect](line, f"I-{line.billed}" if final else "") for line in lines]
    jsonl = dialect == "gcp_billing"
    path = folder / f"{name}.{'jsonl' if jsonl else 'csv'}"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) if jsonl else _table(rows), encoding="utf-8")
    return path


def deliver(dialect: str, ledger: Path, *paths: Path, **how: Any) -> list[Delivered]:
    """One ingest call of some files of one dialect."""
    one, done = source(dialect), []
    with open_writer(ledger, wait_s=5, command="test") as writer:
        intake = Intake(writer, **how)
        for path in paths:
            for part in one.parts(path, path.parent):
                done.append(intake.known(dialect, part) or intake.take(dialect, part, one.open(part, {})))
        intake.finish()
    return done


def stored(ledger: Path, column: str, *, by_resource: bool) -> Totals:
    """What is billed in, or was incurred in, each month; by resource where that is wanted."""
    from finops.ledger.store import open_reader

    resource = "coalesce(ResourceId, '')" if by_resource else "''"
    with open_reader(ledger) as reader:
        rows = reader.query(
            f"SELECT month({column}) AS month, {resource} AS resource, sum(BilledCost) AS cost FROM charge"
            " GROUP BY month, resource"
        )
    return {(row["month"], row["resource"]): row["cost"] for row in rows if row["cost"]}
