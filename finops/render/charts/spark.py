"""Sparklines: a series as a small line, gaps left open."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from markupsafe import Markup

from finops.render.charts.svg import element, stroke

HEIGHT = 24
STEPS = 48
"""The drawing counts in half pixels, so that whole numbers are enough."""


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
    return element("svg", path, class_="spark", viewBox=f"0 0 {wide} {STEPS}", preserveAspectRatio="none",
                   width="96", height=str(HEIGHT), **said)  # fmt: skip


def _path(series: Sequence[Decimal | None], top: Decimal) -> str:
    """Moves are relative and in whole numbers, which halves the page's weight."""
    parts: list[str] = []
    before: int | None = None
    for x, value in enumerate(series):
        if value is None:
            before = None
            continue
        y = STEPS - 4 - round((STEPS - 8) * max(value, Decimal(0)) / top)
        if before is None:
            parts.append(f"M{x} {y}l")
        else:
            parts.append(f"1{' ' if y >= before else ''}{y - before} ")
        before = y
    return "".join(parts).replace(" M", "M").replace("lM", "M").rstrip(" l")
