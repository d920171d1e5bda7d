"""Ranked horizontal bars: the name and its amount above each bar, so that long names fit on narrow pages."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from markupsafe import Markup

from finops.core import numbers
from finops.render.charts.svg import clipped, element, figure, fill, joined, percent_of, text
from finops.render.page import Share

ROW = 36.0


def ranking_chart(chart_id: str, rows: Sequence[Share], currency: str, title: str, description: str) -> Markup:
    """One bar a row, from zero; what belongs to nobody is drawn hollow."""
    total = sum((row.amount for row in rows), Decimal(0))
    largest = max((row.amount for row in rows), default=Decimal(0))
    body = []
    for index, row in enumerate(rows):
        top = index * ROW
        share = f" · {numbers.percent_total(row.amount / total)}" if total > 0 else ""
        amount = numbers.money_table(row.amount, currency)
        width = percent_of(max(row.amount, Decimal(0)), largest) if largest > 0 else "0%"
        body.append(
            element(
                "g",
                element("title", f"{row.name}: {amount}{share}"),
                text(clipped(row.name, 30), "0", top + 14, color="muted" if row.leftover else "ink"),
                text(amount + share, "100%", top + 14, color="ink", anchor="end"),
                element("line", x1="0", x2="100%", y1=top + 25, y2=top + 25, class_="s-rule", stroke="#d8dde3"),
                _bar(width, top + 20, row.leftover),
            )
        )
    return figure(chart_id, title, description, max(ROW, ROW * len(rows)), joined(*body))


def _bar(width: str, top: float, leftover: bool) -> Markup:
    if leftover:
        look = {"class_": "hollow", "fill": "none", "stroke": "#57606a", "stroke_dasharray": "3 2"}
        return element("rect", x="0", y=top + 0.5, width=width, height="8", **look)
    return element("rect", x="0", y=top, width=width, height="9", **fill("blue"))
