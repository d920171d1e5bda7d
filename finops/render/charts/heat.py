"""The placement map: region × instance type, each cell split into on-demand (upper) and spot (lower)."""

from __future__ import annotations

from decimal import Decimal

from markupsafe import Markup

from finops.core import numbers
from finops.render.charts.svg import clipped, element, figure, joined, stroke, text
from finops.render.page import Cell, CellState, Half, PlacementMap

SHADES = ("#f4f6fc", "#dfe5f6", "#c9d3f0", "#b2c0e9", "#99abe2", "#7f95d9", "#6d88d4", "#486ac7", "#2c51be")
DARK_TEXT_UP_TO = 6
"""Shades up to this one carry ink, the darker ones white; both keep a contrast of at least 4.5."""
LEFT, HEAD, HALF, GAP = 128, 26, 22, 5
COLUMN = 106
WORDS: dict[CellState, str] = {
    "no_price": "no price",
    "not_offered": "not offered",
    "not_measured": "not measured",
    "not_feasible": "does not fit",
}


def placement_chart(chart: PlacementMap, title: str, description: str) -> Markup:
    """The whole map. The best half is outlined; today's place is marked with a ring in its corner."""
    width = LEFT + COLUMN * len(chart.instance_types)
    height = HEAD + len(chart.regions) * (2 * HALF + GAP)
    cells = {(cell.region, cell.instance_type): cell for cell in chart.cells}
    parts = [
        text(clipped(name, 17), LEFT + COLUMN * i + COLUMN / 2 - 2, 15, color="muted", anchor="middle", bold=True)
        for i, name in enumerate(chart.instance_types)
    ]
    scale = _scale(chart)
    for row, region in enumerate(chart.regions):
        top = HEAD + row * (2 * HALF + GAP)
        parts.append(text(clipped(region, 19), LEFT - 10, top + HALF + 4, color="ink", anchor="end"))
        for column, name in enumerate(chart.instance_types):
            cell = cells.get((region, name)) or Cell(region, name, Half("not_offered"), Half("not_offered"))
            parts.append(_cell(chart, cell, LEFT + COLUMN * column, top, scale))
    parts += [mark for mark in (_outline(chart), _today(chart)) if mark]
    return figure(
        "placement", title, description, height, joined(*parts), viewBox=f"0 0 {width} {height}", class_="heat", width=width
    )


def shade_of(cost: Decimal, lowest: Decimal, highest: Decimal) -> int:
    """The step of lightness of a cost, the cheapest lightest."""
    if highest <= lowest:
        return 0
    return min(len(SHADES) - 1, int((cost - lowest) / (highest - lowest) * len(SHADES)))


def _scale(chart: PlacementMap) -> tuple[Decimal, Decimal]:
    costs = [h.unit_cost for c in chart.cells for h in (c.on_demand, c.spot) if h.unit_cost is not None]
    return (min(costs), max(costs)) if costs else (Decimal(0), Decimal(0))


def _cell(chart: PlacementMap, cell: Cell, left: float, top: float, scale: tuple[Decimal, Decimal]) -> Markup:
    both = (cell.on_demand.state, cell.spot.state)
    if both[0] == both[1] != "priced":
        return _empty(left, top, 2 * HALF, both[0])
    halves = []
    for name, half, y in (("on-demand", cell.on_demand, top), ("spot", cell.spot, top + HALF)):
        if half.unit_cost is None:
            halves.append(_empty(left, y, HALF, half.state))
        else:
            halves.append(_half(chart, cell, name, half, left, y, scale))
    return joined(*halves)


def _half(
    chart: PlacementMap, cell: Cell, name: str, half: Half, left: float, top: float, scale: tuple[Decimal, Decimal]
) -> Markup:
    cost = half.unit_cost or Decimal(0)
    shade = shade_of(cost, *scale)
    price = numbers.unit_price(cost, chart.currency)
    said = f"{cell.instance_type} in {cell.region}, {name}: {price} per {chart.unit}"
    said += f", price of {numbers.date_text(half.as_of)}" if half.as_of else ""
    said += ", derived from the advisor" if half.derived else ""
    said += ", stale" if half.stale else ""
    color = "#1b1f24" if shade <= DARK_TEXT_UP_TO else "#ffffff"
    return element(
        "g",
        element("title", said),
        element("rect", x=left, y=top, width=COLUMN - 4, height=HALF, class_=f"h{shade}", fill=SHADES[shade]),
        element("text", price.lstrip("$") + ("*" if half.stale else ""), x=left + COLUMN / 2 - 2, y=top + 15.5,
                text_anchor="middle", class_=f"t{shade}", fill=color),
    )  # fmt: skip


def _empty(left: float, top: float, height: float, state: CellState) -> Markup:
    """ "Not offered" is blank with a dotted edge; "no price" is hatched by a dashed edge and a line across."""
    if state == "other_provider":
        return Markup("")
    edge = {"class_": "s-rule", "fill": "none", "stroke": "#d8dde3"}
    dashes = "1.5 3" if state == "not_offered" else "5 3"
    box = element("rect", x=left + 0.5, y=top + 0.5, width=COLUMN - 5, height=height - 1, stroke_dasharray=dashes, **edge)
    slash = Markup("")
    if state == "no_price":
        slash = element("path", d=f"M{left} {top + height}l8 -8", **stroke("muted"))
    words = text(WORDS.get(state, state), left + COLUMN / 2 - 2, top + height / 2 + 4, color="muted", anchor="middle",
                 font_size="11")  # fmt: skip
    return joined(box, slash, words)


def _corner(chart: PlacementMap, place: tuple[str, str, str] | None) -> tuple[float, float] | None:
    if place is None or place[0] not in chart.regions or place[1] not in chart.instance_types:
        return None
    top = HEAD + chart.regions.index(place[0]) * (2 * HALF + GAP) + (HALF if place[2] == "spot" else 0)
    return LEFT + COLUMN * chart.instance_types.index(place[1]), top


def _outline(chart: PlacementMap) -> Markup:
    corner = _corner(chart, chart.best)
    if corner is None:
        return Markup("")
    return element("rect", x=corner[0], y=corner[1], width=COLUMN - 4, height=HALF, stroke_width="2.5", **stroke("rust"))


def _today(chart: PlacementMap) -> Markup:
    corner = _corner(chart, chart.today)
    if corner is None or chart.today == chart.best:
        return Markup("")
    return element("rect", x=corner[0], y=corner[1], width=COLUMN - 4, height=HALF, stroke_width="1.8",
                   stroke_dasharray="4 3", **stroke("ink"))  # fmt: skip
