"""The figures of `reconcile --sources` down to rows of files: the calls, reports, charges and invoices behind a cause."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from finops.config import CONFIG_NAME, Settings
from finops.core.explaining.gap import EXACT, Bridge
from finops.core.explaining.gap_forms import FIGURES, SIDES, forms
from finops.core.periods import Period
from finops.core.result import Column, Result, Table
from finops.errors import UsageError
from finops.ledger.call_lines import call_lines
from finops.ledger.store import Reader
from finops.steps.reconciling.evidence import Key, Part, Side
from finops.steps.reconciling.sources import bridges_of, gather
from finops.steps.tracing.cost import require_same_rules

Row = dict[str, Any]
_ZERO, _STORED = Decimal(0), Decimal("1e-12")
SOURCE_NAMES = ("cause", "provider", "account", "model")
KINDS = {
    **{
        "traced": "traced call",
        "retried": "attempt at a gateway",
        "lost": "call without its span",
        "unseen": "call at a gateway",
    },
    **{"unsampled": "call left out by sampling", "unknown": "call at a gateway", "usage": "charge for usage"},
}
ESTIMATE = "estimate, by what sampling leads to expect: it has no rows"
COLUMNS = (
    *(Column("file", "File"), Column("line", "Row", "count"), Column("day", "Day", "date", wide_only=True)),
    *(Column("cause", "Cause"), Column("what", "What it is")),
    *(Column("period", "Month", wide_only=True), Column("provider", "Provider", wide_only=True)),
    *(Column("account", "Account", wide_only=True), Column("model", "Model")),
    *(Column("currency", "Currency", wide_only=True), Column("amount", "Amount", "money", "gap_cause")),
)
BY_CAUSE = (Column("cause", "Cause"), Column("amount", "Amount", "money", "gap_cause"))


def source_lines(reader: Reader, settings: Settings, where: Mapping[str, str | None], period: Period | None, meta: Row) -> Result:
    """The rows behind a figure (`cause`, one of FIGURES), else behind all causes, which add up to the gap."""
    allocation = require_same_rules(reader, settings)
    cause = where.get("cause")
    if "cause" in where and cause not in FIGURES:
        hint = "one of: " + ", ".join(FIGURES)
        raise UsageError(f"`sources` has no figure `{cause}`", where="--where cause", hint=hint)
    names = (cause,) if cause else tuple(name for name in FIGURES if name not in SIDES)
    gathered, _ = gather(reader, settings, period, by_row=True)
    rows: list[Row] = []
    for key, side, found in bridges_of(gathered, settings, period.label if period else None):
        told = key._asdict()
        if all(told[name] == value for name, value in where.items() if name != "cause"):
            for name in names:
                rows += _figure_rows(reader, settings, key, side, found, name)
    places = _places(reader, allocation, rows)
    lines = [_line(row, places) for row in rows]
    lines.sort(key=lambda row: (FIGURES.index(row["cause"]), row["file"] is None, row["file"] or "", row["line"] or 0))
    notes = [
        "a cause is the difference of two figures: rows of one stand in it with a plus, those of the other with a minus, and a "
        "row that is in both with what changes"
    ]
    if any(row["what"] == ESTIMATE for row in lines):
        notes.append("rows without a file are estimates of what sampling left out, or what their interval cuts off")
    totals = _totals(lines)
    return Result(COLUMNS, lines, totals, meta, notes, below=[_by_cause(total) for total in totals] if len(names) > 1 else ())


def _figure_rows(reader: Reader, settings: Settings, key: Key, side: Side, found: Bridge, name: str) -> Iterator[Row]:
    """The rows of one figure, adding up to it to the last digit."""
    figure = _figure(side, found, name)
    if figure is None:
        return
    parts = list(_all_parts(reader, settings, side))
    amounts: dict[tuple[Any, ...], Decimal] = {}
    whats: dict[tuple[Any, ...], Row] = {}
    for number, form in enumerate(forms(side.evidence).get(name, ())):
        sums: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
        for base, row, amount in parts:
            if form.get(base):
                origin = (number, row.get("call_key"), row.get("batch_id"), row.get("line"), row.get("file"))
                sums[origin] += EXACT.multiply(amount, form[base])
                whats[origin] = {**row, "what": _what(row)}
        stored = {origin: amount.quantize(_STORED, context=EXACT) for origin, amount in sums.items()}
        if abs(sum(stored.values(), _ZERO)) > _STORED * len(stored):  # else the calls that are known are all that was used
            amounts |= {origin: amount for origin, amount in stored.items() if amount}
    rest = figure - sum(amounts.values(), _ZERO)
    if amounts and abs(rest) <= _STORED * len(whats):  # what rounding each to the stored digit leaves
        largest = max(amounts, key=lambda origin: (abs(amounts[origin]), [str(part) for part in origin]))
        amounts[largest] += rest
        rest = _ZERO
    told = {"cause": name, **key._asdict()}
    for origin, amount in amounts.items():
        row = whats[origin]
        yield {
            **told,
            **{part: row.get(part) for part in ("call_key", "batch_id", "line", "file", "day")},
            "what": f"counted already: {row['what']}" if origin[0] and amount < 0 else row["what"],
            "model": row.get("model") or key.model,
            "amount": amount,
        }
    if rest:
        yield {**told, "what": ESTIMATE, "amount": rest}


def _figure(side: Side, found: Bridge, name: str) -> Decimal | None:
    sides = {"traces_list": found.start, "gateway": side.gateway, "usage_report": side.evidence.report, "invoice": found.end}
    amount = sides[name] if name in sides else found.unexplained if name == "unexplained" else found.causes[name]
    return None if amount is None else amount.quantize(_STORED, context=EXACT)


def _all_parts(reader: Reader, settings: Settings, side: Side) -> Iterator[Part]:
    """What rows added, with the days that no bill covers, and invoices against their charges."""
    told = side.evidence
    by_report = told.report is not None
    for part in side.parts:
        if part.base == "invoice_only":
            yield from _invoice_parts(reader, settings, part)
            continue
        yield part
        if part.row["day"] in side.covered or told.bill is None:
            continue
        if part.base == "premium":
            yield part._replace(base="unbilled_premium")
        if part.base == ("report" if by_report else "known") or (
            part.base == "premium" and by_report and not told.report_is_sized
        ):
            yield part._replace(base="unbilled")


def _invoice_parts(reader: Reader, settings: Settings, part: Part) -> Iterator[Part]:
    row = part.row
    only = {"month": row["period"], "currency": row["currency"]}
    config = str(settings.config.name if settings.config else CONFIG_NAME)
    for invoice in row["invoices"]:
        yield Part("invoice_only", {"file": config, "line": invoice.line, "what": "invoice"}, invoice.total)
    same = ("period", "issuer", "account", "currency")
    if not row["invoices"]:
        for issued in reader.read("reconcile_invoices", **only, by_row=True):
            if all(issued[name] == row[name] for name in same):
                yield Part("invoice_only", {**issued, "what": "line of an invoice"}, issued["total"])
    for charge in reader.read("sources_billed", **only, by_row=True):
        if all(charge[name] == row[name] for name in (*same, "provider")):
            yield Part("invoice_only", {**charge, "what": "charge, taken off"}, -charge["billed"])


def _what(row: Mapping[str, Any]) -> str:
    if row.get("what"):
        return str(row["what"])
    if "kind" in row:
        return KINDS.get(row["kind"], f"charge: {row['kind']}")
    if "is_sized" in row:
        return "usage report"
    return "gateway's own cost" if "records" in row else "answer after attempts without a span"


def _places(reader: Reader, allocation: Any, rows: Iterable[Row]) -> dict[Any, tuple[str, int]]:
    """Where calls and batches come from: a call's file and row, and under a batch's number its file."""
    rows = list(rows)
    keys = sorted({row["call_key"] for row in rows if row.get("call_key") is not None})
    found: dict[Any, tuple[str, int]] = {}
    if keys:
        lines = call_lines(reader, allocation, "c.call_key IN (SELECT unnest($1))", [keys])
        found |= {line["call_key"]: (line["file"], line["line"]) for line in lines}
    batches = reader.query("SELECT b.batch_id, d.path FROM batch b JOIN delivery d ON d.delivery_id = b.delivery_id")
    return found | {row["batch_id"]: (row["path"], 0) for row in batches}


def _line(row: Row, places: Mapping[Any, tuple[str, int]]) -> Row:
    told = {column.key: row.get(column.key) for column in COLUMNS}
    if row.get("call_key") is not None:
        told["file"], told["line"] = places[row["call_key"]]
    elif row.get("batch_id") is not None:
        told["file"] = places[row["batch_id"]][0]
    return told


def _totals(lines: Sequence[Row]) -> list[Row]:
    sums: Counter[tuple[str, str]] = Counter()
    for row in lines:
        sums[row["currency"], row["cause"]] += row["amount"]
    totals = []
    for currency in sorted({currency for currency, _ in sums}):
        own = {name: sums[currency, name] for name in FIGURES if (currency, name) in sums}
        totals.append({"currency": currency, "amount": sum(own.values(), _ZERO), **own})
    return totals


def _by_cause(total: Row) -> Table:
    rows = [{"cause": name, "amount": total[name], "currency": total["currency"]} for name in FIGURES if name in total]
    return Table(f"By cause, {total['currency']}", BY_CAUSE, rows)
