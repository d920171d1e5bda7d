"""Tiny bills for tests of the ledger: CSV text, and the part and load that a source would make of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from finops.core.contracts import CHARGE
from finops.ledger.deliveries import Delivered, Intake
from finops.ledger.store import Reader, Writer, open_reader, open_writer
from finops.sources.base import Load, Part, TableScan

HEADER = (
    "BillingAccountId",
    "BillingCurrency",
    "BillingPeriodStart",
    "InvoiceId",
    "InvoiceIssuerName",
    "ChargePeriodStart",
    "BilledCost",
    "ServiceName",
    "Tags",
)


def line(
    cost: str = "1",
    *,
    account: str = "a",
    currency: str = "USD",
    month: str = "2026-10",
    day: int = 1,
    invoice: str = "",
    service: str = "S",
    tags: str = "",
) -> tuple[str, ...]:
    """One charge as the cells of its line."""
    start = f"{month}-{day:02}T00:00:00Z"
    return (account, currency, f"{month}-01T00:00:00Z", invoice, "Issuer", start, cost, service, tags)


def write_bill(path: Path, rows: Iterable[Sequence[str]]) -> Path:
    """A CSV file of charges."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = [HEADER, *rows]
    path.write_text("".join(",".join('"' + c.replace('"', '""') + '"' if c else "" for c in row) + "\n" for row in cells))
    return path


def part_of(path: Path) -> Part:
    """The file as a source would name it."""
    return Part(path, path.name, hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_size)


def charge_load(path: Path, **changes: Any) -> Load:
    """The file as rows that the ledger reads itself."""
    columns = {name: f'"{name}"' for name in HEADER}
    return Load("charge", TableScan(path, **{"format": "csv", "header": HEADER, "columns": columns, **changes}))


def take(intake: Intake, path: Path) -> Delivered:
    """Loads a file of charges as the step does."""
    part = part_of(path)
    return intake.known("bills", part) or intake.take("bills", part, [charge_load(path)])


def deliver(ledger: Path, *paths: Path, **how: Any) -> list[Delivered]:
    """One ingest call of some files."""
    with open_writer(ledger, wait_s=5, command="test") as writer:
        intake = Intake(writer, **how)
        done = [take(intake, path) for path in paths]
        intake.finish()
    return done


def charges(ledger: Path) -> list[dict[str, Any]]:
    """The canonical charges of a ledger."""
    from finops.ledger.canonical import canonical_rows

    with open_reader(ledger) as reader:
        return canonical_rows(reader, "charge")[1]


__all__ = ["CHARGE", "HEADER", "Reader", "Writer", "charge_load", "charges", "deliver", "line", "part_of", "take", "write_bill"]
