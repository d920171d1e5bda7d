"""Sparklines: a series as a small line, gaps left open."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from markupsafe import Markup

from finops.render.charts.svg import element, number, stroke

HEIGHT = 24
INNER = 20


def sparkline(series: Sequence[Decimal | None], *, color: str = "muted", label: str | None = None) -> Markup:
    """A line over a stretched box, its axis starting at zero. Without a label it is decoration."""
    known = [value for value in series if value is not None]
    if len(known) < 2:
        return Markup("")
    top = max(max(known), Decimal(0)) or Decimal(1)
    wide = len(series) - 1
    path = element("path", d=_path(series, top), stroke_width="1.4", vector_effect="non-scaling-stroke",
                   stroke_linejoin="round", **stroke(color))  # fmt: skip
    said = {"role": "img", "aria_label": label} if label else {"aria_hidden": "true"}
    return element("svg", path, class_="spark", viewBox=f"0 0 {wide} {HEIGHT}", preserveAspectRatio="none",
                   width="96", height=str(HEIGHT), **said)  # fmt: skip


def _path(series: Sequence[Decimal | None], top: Decimal) -> str:
    parts: list[str] = []
    pen = False
    for x, value in enumerate(series):
        if value is None:
            pen = False
            continue
        y = number(round(HEIGHT - 2 - INNER * float(max(value, Decimal(0)) / top), 1))
        parts.append(f"{'L' if pen else 'M'}{x} {y}")
        pen = True
    return "".join(parts)
