"""A page as one HTML file: no network, a strict content security policy, every name escaped."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from finops.bundled import templates_dir
from finops.core import numbers
from finops.render import tables, views, words
from finops.render.charts.bars import ranking_chart
from finops.render.charts.fan import spend_chart
from finops.render.charts.heat import placement_chart
from finops.render.charts.quadrant import quadrant_chart, quadrant_points
from finops.render.charts.spark import sparkline
from finops.render.charts.svg import shown_name
from finops.render.page import Page, Share
from finops.render.tiles import tiles


def render_html(page: Page) -> str:
    """The report as one self-contained HTML document; the same page gives the same bytes."""
    style, script = _asset("style.css"), _asset("sort.js")
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    context = {"page": page, "policy": policy, "style": Markup(style), "script": Markup(script), **_parts(page)}
    return environment().get_template("report.html.j2").render(context)


@cache
def environment() -> Environment:
    """Jinja with autoescape for everything and names made visible."""
    made = Environment(
        loader=FileSystemLoader(templates_dir()),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
        finalize=_visible,
    )
    made.globals.update(n=numbers, w=words, cell_text=tables.cell_text, plain=tables.plain_cell, right=tables.RIGHT)
    made.globals.update(sparkline=sparkline, sortable=_sortable)
    return made


def _parts(page: Page) -> Mapping[str, Any]:
    """Charts, tables and cut lists that the sections show."""
    by_name = {table.name: table for table in tables.figure_tables(page)}
    by_name["placement"] = tables.placement_cells_table(page)
    return {
        "tiles": tiles(page),
        "tables": by_name,
        "agents": views.agents_view(page),
        "bills": views.reconciliation_view(page),
        "balance": views.reconciliation_sentence(page),
        "balanced": bool(page.reconciliation) and not any(row.difference for row in page.reconciliation),
        "quality": views.quality_sentence(page),
        "prices_text": views.prices_text(page),
        "prices_old": views.prices_old(page),
        "spend_svg": _spend(page),
        "tenants_svg": _ranking(page, "tenants", "tenant", page.tenants),
        "workflows_svg": _ranking(page, "workflows", "workflow", page.workflows),
        "placement_svg": _placement(page),
        "quadrant_svg": quadrant_chart(page.agents, page.currency) if len(quadrant_points(page.agents)) > 1 else None,
    }


def _spend(page: Page) -> Markup | None:
    if page.spend is None or not (page.spend.days or page.spend.fan):
        return None
    title, description = words.spend_finding(page), words.spend_description(page)
    return spend_chart(page.spend, page.first, page.month_end, page.currency, title, description, page.as_of)


def _ranking(page: Page, chart_id: str, what: str, shares: tuple[Share, ...]) -> Markup | None:
    if not shares:
        return None
    rows = [Share(words.owner_name(s.name), s.amount, s.leftover) for s in shares]
    description = words.ranking_description(rows, page.currency)
    return ranking_chart(chart_id, rows, page.currency, words.ranking_finding(rows, what), description)


def _placement(page: Page) -> Markup | None:
    if page.placement is None:
        return None
    title, description = words.placement_finding(page.placement), words.placement_description(page.placement)
    return placement_chart(page.placement, title, description)


def _sortable(value: Decimal | int | None) -> str:
    """A number that sort.js can compare; nothing where it is unknown."""
    return "" if value is None else f"{float(value):.9g}"


def _visible(value: Any) -> Any:
    """Names never hide, reorder or break the text around them; finished markup stays as it is."""
    return shown_name(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _asset(name: str) -> str:
    return (templates_dir() / name).read_text(encoding="utf-8").strip()


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
