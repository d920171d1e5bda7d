"""Traces at list price, gateways' own cost, usage reports and invoices side by side, and why they differ."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from finops.config import Overrides, Settings, load_settings
from finops.core.explaining.gap import CAUSES, Bridge, bridge
from finops.core.numbers import money_change, money_table
from finops.core.periods import Period, month_period, month_text
from finops.core.result import Column, Result, Table
from finops.core.talk import Talk
from finops.ledger.cube import require_built
from finops.ledger.store import Reader, one_state, open_reader
from finops.prices.exchange import read_exchange
from finops.steps.reconciling.evidence import Gathered, Gatherer, Key, Side, in_order
from finops.steps.reconciling.invoices import put_invoices
from finops.steps.reconciling.notes import evidence_notes

Row = dict[str, Any]
_ZERO = Decimal(0)
_SIDES = ("traces_list", "gateway", "usage_report", "invoice", "gap")
MOST_BRIDGES = 4
"""So many bridges stand below a table without `--month`; more are of older months."""

COLUMNS = (
    *(Column("period", "Month"), Column("provider", "Provider"), Column("account", "Account"), Column("model", "Model")),
    Column("currency", "Currency", wide_only=True),
    Column("traces_list", "Traces at list", "money", "traces_list_cost"),
    Column("gateway", "Gateway", "money", "gateway_cost"),
    Column("usage_report", "Usage report", "money", "usage_report_cost"),
    Column("invoice", "Invoice", "money", "invoiced_cost"),
    Column("gap", "Gap", "money", "gap", wide_only=True),
    *(Column(cause, label, "money", "gap_cause", wide_only=True) for cause, (label, _) in CAUSES.items()),
    Column("unexplained", "Unexplained", "money", "gap_unexplained"),
    Column("sampling_within", "Sampling, ± 95 %", "money", "gap_cause", wide_only=True),
    Column("missing_spans_within", "Missing spans, ± 95 %", "money", "gap_cause", wide_only=True),
    *(Column("use_by", "Use counted by", wide_only=True), Column("gateways", "Gateways", "list", wide_only=True)),
)
BRIDGE_COLUMNS = (
    Column("cause", "From traces to invoice"),
    Column("amount", "Amount", "money", "gap_cause"),
    Column("within", "± 95 %"),
    Column("meaning", "What it is"),
)


def reconcile_sources(overrides: Overrides, *, month: str | None = None, talk: Talk) -> Result:
    """One row per month, account of a provider and model, with its causes; below, a bridge for each account."""
    settings = load_settings(overrides)
    period = month_period(month) if month else None
    with open_reader(settings.ledger, memory=settings.memory, threads=settings.threads) as reader, one_state(reader):
        require_built(reader, settings.currency)
        unbuilt = reader.unbuilt()
        if unbuilt:
            talk.warn(f"{unbuilt:,} batches are not built yet: `finops build`")
        gathered, checked = gather(reader, settings, period)
    bridges = bridges_of(gathered, settings, month)
    rows = [_row(*one) for one in bridges]
    notes = [*checked, *evidence_notes(gathered, bridges, has_rates=settings.exchange_rates is not None)]
    if not rows:
        when = f" for {month}" if month else ""
        notes = [f"no calls, reports or charges of models are known{when}; `finops reconcile` is about all charges"]
    meta = {"currency": settings.currency, "as_of": settings.as_of, "period": month, "view": settings.view, "unbuilt": unbuilt}
    below = _bridges(rows, month, month_text(settings.as_of))
    if len(below) < len({_account(row) for row in rows}):
        notes.append("`--month` shows the bridge of each account of another month; JSON and CSV have every cause of every row")
    return Result(COLUMNS, rows, _totals(rows), meta, notes, below=below)


def gather(reader: Reader, settings: Settings, period: Period | None, *, by_row: bool = False) -> tuple[Gathered, list[str]]:
    """All that is known of a month, or of all, and what was checked with invoices; with `by_row`, what every row added."""
    exchange = read_exchange(settings.exchange_rates)
    days = {"first": period.first if period else None, "end": period.end if period else None}
    told = {name: reader.read(f"sources_{name}", **days, by_row=by_row) for name in ("calls", "gateways", "reports", "retries")}
    told["sampling"] = reader.read("sources_sampling", **days)
    charges = reader.read("sources_charges", **days, currency=settings.currency, by_row=by_row)
    gathered = Gatherer(charges, exchange, settings.view, keep_parts=by_row).gather(**told)
    return gathered, _checked(reader, settings, gathered, period.label if period else None)


def bridges_of(gathered: Gathered, settings: Settings, month: str | None) -> list[tuple[Key, Side, Bridge]]:
    """The rows of the answer, in order, each with its causes."""
    pairs = [(key, side) for key, side in in_order(gathered) if month is None or key.period == month]
    bridges = [(key, side, bridge(side.evidence)) for key, side in pairs if settings.currency in (None, key.currency)]
    return [one for one in bridges if _says_something(*one)]


def _checked(reader: Reader, settings: Settings, gathered: Gathered, month: str | None) -> list[str]:
    """Invoice totals are of billing months: as incurred there is nothing to check."""
    if settings.view != "billed":
        return ["as incurred: charges stand in the month of their use, which no invoice is the total of"]
    issued = reader.read("reconcile_invoices", month=month, currency=settings.currency, by_row=False)
    billed = reader.read("sources_billed", month=month, currency=settings.currency, by_row=False)
    return put_invoices(gathered, settings.invoices, issued, billed, month)


def _says_something(_key: Key, side: Side, found: Bridge) -> bool:
    amounts = (found.start, side.gateway, side.evidence.report, found.end, found.unexplained, *found.causes.values())
    return any(amounts) or (side.evidence.recorded is not None and side.evidence.bill is not None and bool(side.unpriced))


def _row(key: Key, side: Side, found: Bridge) -> Row:
    gap = None if found.end is None else found.end - (found.start or _ZERO)
    return {
        **key._asdict(),
        "traces_list": found.start,
        "gateway": _stored(side.gateway),
        "usage_report": _stored(side.evidence.report),
        "invoice": found.end,
        "gap": gap,
        **found.causes,
        "unexplained": found.unexplained,
        "sampling_within": found.within.get("sampling"),
        "missing_spans_within": found.within.get("missing_spans"),
        "use_by": found.use_by if key.model is not None or side.known_days else None,
        "gateways": sorted(side.gateways),
    }


def _stored(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else amount.quantize(Decimal("1e-12"))


def _totals(rows: Sequence[Row]) -> list[Row]:
    return [
        {"currency": currency, **_sums([row for row in rows if row["currency"] == currency])}
        for currency in sorted({row["currency"] for row in rows})
    ]


def _sums(rows: Sequence[Row]) -> Row:
    """Sums of what is known; None where nothing is."""
    return {name: _sum_of_known(row[name] for row in rows) for name in (*_SIDES, *CAUSES, "unexplained")}


def _sum_of_known(amounts: Iterable[Decimal | None]) -> Decimal | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known, _ZERO) if known else None


def _account(row: Row) -> tuple[str, str, str, str]:
    return row["period"], row["provider"] or "", row["account"] or "", row["currency"]


def _bridges(rows: Sequence[Row], month: str | None, open_month: str) -> list[Table]:
    """A bridge for each account with an invoice: of the month, else of the latest whole one that has any."""
    billed: dict[tuple[str, str, str, str], list[Row]] = defaultdict(list)
    for row in rows:
        billed[_account(row)].append(row)
    whole = {key: own for key, own in billed.items() if any(row["invoice"] is not None for row in own)}
    if month is None and len(whole) > MOST_BRIDGES:
        last = max((key[0] for key in whole if key[0] < open_month), default=max(key[0] for key in whole))
        whole = {key: own for key, own in whole.items() if key[0] == last}
    return [_bridge(key, own) for key, own in whole.items()]


def _bridge(key: tuple[str, str, str, str], rows: Sequence[Row]) -> Table:
    period, provider, account, currency = key
    sums = _sums(rows)
    within = {name: sum((row[f"{name}_within"] or _ZERO for row in rows), _ZERO) for name in ("sampling", "missing_spans")}
    lines = [
        {"cause": "Traces at list", "amount": sums["traces_list"], "meaning": "recorded spans at the month's first list price"}
    ]
    for cause, (label, meaning) in CAUSES.items():
        if sums[cause]:
            wide = f"± {money_table(within[cause], currency)}" if within.get(cause) else ""
            lines.append({"cause": label, "amount": sums[cause], "within": wide, "meaning": meaning})
    lines.append({"cause": "Unexplained", "amount": sums["unexplained"], "meaning": "what no cause explains"})
    lines.append({"cause": "Invoice", "amount": sums["invoice"], "meaning": f"{money_change(sums['gap'], currency)} in all"})
    title = f"{period} {provider or '-'} {account}".rstrip() + f", {currency}"
    return Table(title, BRIDGE_COLUMNS, [{**line, "currency": currency} for line in lines])
