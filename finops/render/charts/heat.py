"""The placement map: region × instance type per provider, each cell split into on-demand (upper) and spot (lower)."""

from __future__ import annotations

from decimal import Decimal

from markupsafe import Markup

from finops.core import numbers
from finops.render.charts.svg import clipped, element, figure, fill, joined, stroke, text
from finops.render.page import Cell, CellState, Half, Panel, PlacementMap

SHADES = ("#f4f6fc", "#dfe5f6", "#c9d3f0", "#b2c0e9", "#99abe2", "#7f95d9", "#6d88d4", "#486ac7", "#2c51be")
DARK_TEXT_UP_TO = 6
"""Shades up to this one carry ink, the darker ones white; both keep a contrast of at least 4.5."""
LEFT, HEAD, HALF, GAP, BETWEEN = 128, 24, 22, 5, 12
COLUMN = 106
WORDS: dict[CellState, str] = {
    "no_price": "no price",
    "not_offered": "not offered",
    "not_measured": "not measured",
    "not_feasible": "does not fit",
    "other_currency": "other currency",
}


def placement_chart(chart: PlacementMap, title: str, description: str) -> Markup:
    """The whole map, one provider under the other. The cheapest half is outlined, today's has a dashed frame."""
    costs = [half.unit_cost for half in chart.halves() if half.unit_cost is not None]
    scale = (min(costs), max(costs)) if costs else (Decimal(0), Decimal(0))
    width = LEFT + COLUMN * max((len(panel.instance_types) for panel in chart.panels), default=1)
    parts, top = [], 0
    for panel in chart.panels:
        parts.append(_panel(chart, panel, top, scale))
        top += panel_height(panel) + BETWEEN
    height = max(top - BETWEEN, HEAD)
    body = joined(*parts)
    return figure("placement", title, description, height, body, viewBox=f"0 0 {width} {height}", class_="heat", width=width)


def panel_height(panel: Panel) -> int:
    """The heading and two lines for each region."""
    return HEAD + len(panel.regions) * (2 * HALF + GAP)


def shade_of(cost: Decimal, lowest: Decimal, highest: Decimal) -> int:
    """The step of lightness of a cost, the cheapest lightest; equal ratios are equal steps."""
    if highest <= lowest or lowest <= 0:
        return 0
    part = (cost / lowest).ln() / (highest / lowest).ln()
    return min(len(SHADES) - 1, max(0, int(part * len(SHADES))))


def _panel(chart: PlacementMap, panel: Panel, top: int, scale: tuple[Decimal, Decimal]) -> Markup:
    cells = {(cell.region, cell.instance_type): cell for cell in panel.cells}
    parts = [text(clipped(panel.provider, 16), LEFT - 10, top + 15, color="muted", anchor="end", bold=True)]
    for column, name in enumerate(panel.instance_types):
        middle = LEFT + COLUMN * column + COLUMN / 2 - 2
        parts.append(text(clipped(name.removeprefix("Standard_"), 14), middle, top + 15, color="muted", anchor="middle"))
    for row, region in enumerate(panel.regions):
        y = top + HEAD + row * (2 * HALF + GAP)
        parts.append(text(clipped(region, 19), LEFT - 10, y + HALF + 4, color="ink", anchor="end"))
        for column, name in enumerate(panel.instance_types):
            cell = cells.get((region, name)) or Cell(region, name, Half("no_price"), Half("no_price"))
            parts.append(_cell(chart, cell, LEFT + COLUMN * column, y, scale))
    frames = (_frame(panel, chart.today, top, "ink", "4 3"), _frame(panel, chart.best, top, "rust", None))
    return element("g", *parts, *(frame for frame in frames if frame), text_anchor="middle")


def _cell(chart: PlacementMap, cell: Cell, left: float, top: float, scale: tuple[Decimal, Decimal]) -> Markup:
    if cell.on_demand.state == cell.spot.state != "priced":
        return _empty(left, top, 2 * HALF, cell.spot.state)
    halves = []
    for name, half, y in (("on-demand", cell.on_demand, top), ("spot", cell.spot, top + HALF)):
        if half.unit_cost is None:
            halves.append(_empty(left, y, HALF, half.state))
        else:
            place = f"{cell.region}, {cell.instance_type}, {name}"
            halves.append(_half(chart, place, half, half.unit_cost, left, y, shade_of(half.unit_cost, *scale)))
    return joined(*halves)


def _half(chart: PlacementMap, place: str, half: Half, cost: Decimal, left: float, top: float, shade: int) -> Markup:
    said = place
    said += f", price of {numbers.date_text(half.as_of)}" if half.as_of else ""
    said += ", derived from the advisor" if half.derived else ""
    said += ", old" if half.stale else ""
    mark = "*" if half.stale and not chart.all_stale else ""
    color = "#1b1f24" if shade <= DARK_TEXT_UP_TO else "#ffffff"
    return element(
        "g",
        element("title", said),
        element("rect", x=left, y=top, width=COLUMN - 4, height=HALF, class_=f"h{shade}", fill=SHADES[shade]),
        element("text", numbers.unit_price(cost, "") + mark, x=left + COLUMN / 2 - 2, y=top + 15.5,
                class_=f"t{shade}", fill=color),
    )  # fmt: skip


def _empty(left: float, top: float, height: float, state: CellState) -> Markup:
    """`not offered` is a blank with a dotted edge, `no price` a filled box with a dashed edge; both say it in words."""
    known = state == "not_offered"
    look = {"class_": "s-rule", "fill": "none", "stroke": "#d8dde3"}
    dashes = "1.5 3" if known else "5 3"
    box = element("rect", x=left + 0.5, y=top + 0.5, width=COLUMN - 5, height=height - 1, stroke_dasharray=dashes, **look)
    ground = element("rect", x=left, y=top, width=COLUMN - 4, height=height, fill_opacity="0.09", **fill("grey"))
    words = text(WORDS.get(state, state), left + COLUMN / 2 - 2, top + height / 2 + 4, anchor="middle", font_size="11")
    return joined(box, words) if known else joined(ground, box, words)


def _frame(panel: Panel, place: tuple[str, str, str, str] | None, top: int, color: str, dashes: str | None) -> Markup | None:
    """An outline around one half of a cell."""
    if place is None or place[0] != panel.provider or place[1] not in panel.regions or place[2] not in panel.instance_types:
        return None
    y = top + HEAD + panel.regions.index(place[1]) * (2 * HALF + GAP) + (HALF if place[3] == "spot" else 0)
    x = LEFT + COLUMN * panel.instance_types.index(place[2])
    width = "1.8" if dashes else "2.5"
    return element("rect", x=x, y=y, width=COLUMN - 4, height=HALF, stroke_width=width, stroke_dasharray=dashes, **stroke(color))
