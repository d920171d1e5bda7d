"""The numbers behind each figure, once: the page's Data tables and the files of `--data-dir` are both made from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from finops.core import numbers
from finops.core.result import Column
from finops.render.page import Cell, Half, Page, Share
from finops.render.words import owner_name, verdict_text

RIGHT = ("count", "money", "unit_price", "ratio", "number")


@dataclass(frozen=True)
class Table:
    """Rows of plain values and what kind each column is; `currency` is that of money columns without their own."""

    name: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Mapping[str, Any], ...]
    currency: str


def figure_tables(page: Page) -> tuple[Table, ...]:
    """Every table that the page holds something for."""
    made = [
        spend_table(page),
        agents_table(page),
        ranking_table(page, "tenants", "tenant", page.tenants),
        ranking_table(page, "workflows", "workflow", page.workflows),
        reviews_table(page),
        placement_table(page),
        reconciliation_table(page),
    ]
    return tuple(table for table in made if table.rows)


def cell_text(table: Table, column: Column, row: Mapping[str, Any]) -> str:
    """A cell for people."""
    value = row.get(column.key)
    if value is None:
        return "n/a" if column.kind in RIGHT else ""
    currency = str(row.get("currency") or table.currency)
    formats: dict[str, Callable[[Any], str]] = {
        "money": lambda v: numbers.money_table(v, currency),
        "unit_price": lambda v: numbers.unit_price(v, currency),
        "ratio": numbers.percent,
        "count": numbers.count,
        "date": numbers.date_text,
        "bool": lambda v: "yes" if v else "no",
    }
    return formats.get(column.kind, str)(value)


def spend_table(page: Page) -> Table:
    """Cumulative spend and forecast by day."""
    keys = ("spent", "expected", "p10", "p25", "p75", "p90")
    columns = (Column("day", "Day", "date"), *(Column(key, key.capitalize(), "money") for key in keys))
    rows: list[dict[str, Any]] = []
    if page.spend is not None:
        rows += [{"day": day, "spent": amount} for day, amount in page.spend.days]
        rows += [
            {"day": d.day, "expected": d.expected, "p10": d.p10, "p25": d.p25, "p75": d.p75, "p90": d.p90} for d in page.spend.fan
        ]
    used = [c for c in columns if c.key in ("day", "spent") or any(row.get(c.key) is not None for row in rows)]
    return _table("spend", "Cumulative spend by day", used, rows, page.currency)


def agents_table(page: Page) -> Table:
    """All agents, not only those on the page."""
    columns = (
        Column("agent", "Agent"),
        Column("workflow", "Workflow"),
        Column("spend", "Spend", "money"),
        Column("before", "Same days before", "money"),
        Column("runs", "Runs", "count"),
        Column("success", "Success", "ratio"),
        Column("cost_per_success", "Cost per success", "unit_price"),
        Column("cost_per_run", "Cost per run", "unit_price"),
        Column("value_per_run", "Value per run", "unit_price"),
        Column("verdict", "Verdict"),
    )
    rows = [{c.key: getattr(row, c.key) for c in columns} | {"verdict": verdict_text(row.verdict)} for row in page.agents]
    return _table("agents", "Agents", columns, rows, page.currency)


def ranking_table(page: Page, name: str, what: str, shares: Sequence[Share]) -> Table:
    """Who spends, with the share of the whole."""
    total = sum((share.amount for share in shares), Decimal(0))
    columns = (Column(what, what.capitalize()), Column("spend", "Spend", "money"), Column("share", "Share", "ratio"))
    rows = [{what: owner_name(s.name), "spend": s.amount, "share": s.amount / total if total > 0 else None} for s in shares]
    return _table(name, f"Spend by {what}", columns, rows, page.currency)


def reviews_table(page: Page) -> Table:
    """Agents to review."""
    columns = (
        Column("agent", "Agent"),
        Column("workflow", "Workflow"),
        Column("verdict", "Verdict"),
        Column("probability", "Probability", "ratio"),
        Column("runs", "Runs", "count"),
        Column("cost", "Cost", "money"),
        Column("monthly_loss", "Expected loss a month", "money"),
        Column("reasons", "Reasons"),
    )
    rows = [{c.key: getattr(r, c.key) for c in columns} | {"reasons": "; ".join(r.reasons)} for r in page.reviews]
    return _table("reviews", "Agents to review", columns, rows, page.currency)


def placement_table(page: Page) -> Table:
    """Every cell of the placement map."""
    columns = (
        Column("provider", "Provider"),
        Column("region", "Region"),
        Column("instance_type", "Instance type"),
        Column("purchase_option", "Option"),
        Column("state", "State"),
        Column("unit_cost", "Unit cost", "unit_price"),
        Column("price_as_of", "Price of", "date"),
        Column("stale", "Stale", "bool"),
    )
    chart = page.placement
    rows = [
        _placement_row(panel.provider, cell, option, half)
        for panel in (chart.panels if chart else ())
        for cell in panel.cells
        for option, half in (("on_demand", cell.on_demand), ("spot", cell.spot))
    ]
    caption = f"Cost per {chart.unit}" if chart else "Placement"
    return _table("placement", caption, columns, rows, chart.currency if chart else page.currency)


def placement_cells_table(page: Page) -> Table:
    """The placement map with one row per cell, for the page."""
    chart = page.placement
    names = ("provider", "region", "instance_type", "on_demand", "spot", "price_as_of")
    columns = [Column(name, name.replace("_as_of", " of").replace("_", " ").capitalize()) for name in names]
    rows = [
        {
            "provider": panel.provider,
            "region": cell.region,
            "instance_type": cell.instance_type,
            "on_demand": _half_text(cell.on_demand, chart.currency),
            "spot": _half_text(cell.spot, chart.currency),
            "price_as_of": _oldest(cell),
        }
        for panel in (chart.panels if chart else ())
        for cell in panel.cells
        if chart
    ]
    return _table("placement", f"Cost per {chart.unit}" if chart else "Placement", columns, rows, page.currency)


def _half_text(half: Half, currency: str) -> str:
    if half.unit_cost is None:
        return half.state.replace("_", " ")
    return numbers.unit_price(half.unit_cost, currency)


def _oldest(cell: Cell) -> str:
    days = [half.as_of for half in (cell.on_demand, cell.spot) if half.as_of is not None]
    old = " (old)" if cell.on_demand.stale or cell.spot.stale else ""
    return numbers.date_text(min(days)) + old if days else ""


def _placement_row(provider: str, cell: Cell, option: str, half: Half) -> dict[str, Any]:
    return {
        "provider": provider,
        "region": cell.region,
        "instance_type": cell.instance_type,
        "purchase_option": option,
        "state": half.state.replace("_", " "),
        "unit_cost": half.unit_cost,
        "price_as_of": half.as_of,
        "stale": half.stale if half.as_of else None,
    }


def reconciliation_table(page: Page) -> Table:
    """What was billed and where it went, in full."""
    money = ("billed", "allocated", "difference", "invoice_total", "invoice_gap", "direct", "metered", "shared",
             "idle", "left", "untagged", "unexplained", "estimated")  # fmt: skip
    names = ("period", "issuer", "account", "currency")
    columns = (
        *(Column(key, key.capitalize()) for key in names),
        *(Column(key, key.replace("_", " ").capitalize(), "money") for key in money),
    )
    rows = [{column.key: getattr(row, column.key) for column in columns} for row in page.reconciliation]
    return _table("reconciliation", "Billed and allocated", columns, rows, page.currency)


def plain_cell(value: Any) -> Any:
    """A cell for files: money exact, days in ISO, the rest as it is."""
    if isinstance(value, Decimal):
        return numbers.plain_decimal(value)
    return value.isoformat() if isinstance(value, date) else value


def _table(name: str, caption: str, columns: Sequence[Column], rows: Sequence[Mapping[str, Any]], currency: str) -> Table:
    return Table(name, caption, tuple(columns), tuple(rows), currency)
