"""Value against cost per run, on log axes; the area is spend, and labels stand where they touch nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from markupsafe import Markup

from finops.core import numbers
from finops.render.charts.scale import log_range
from finops.render.charts.svg import LIGHT, clipped, element, figure, fill, joined, stroke, text
from finops.render.page import AgentRow

WIDTH, HEIGHT, BOTTOM, LEFT = 520.0, 340.0, 300.0, 46.0
LETTER, LINE = 7.3, 15.0
LABELLED = 9


@dataclass(frozen=True)
class Bubble:
    """One agent in the drawing."""

    row: AgentRow
    x: float
    y: float
    radius: float

    @property
    def asked(self) -> bool:
        return self.row.verdict == "low_value_high_cost"


@dataclass(frozen=True)
class Box:
    """A rectangle that something covers."""

    left: float
    top: float
    right: float
    bottom: float

    def touches(self, other: Box) -> bool:
        return not (self.right <= other.left or other.right <= self.left or self.bottom <= other.top or other.bottom <= self.top)


def quadrant_points(rows: Sequence[AgentRow]) -> list[AgentRow]:
    """The agents whose cost and value per run are both known and positive, largest first."""
    known = [r for r in rows if r.cost_per_run and r.value_per_run and r.cost_per_run > 0 and r.value_per_run > 0]
    return sorted(known, key=lambda r: (-r.spend, r.agent, r.workflow))


def quadrant_chart(rows: Sequence[AgentRow], currency: str) -> Markup:
    """The whole figure. Below the diagonal a run costs more than it is worth: the review corner."""
    agents = quadrant_points(rows)
    costs = [float(r.cost_per_run or 0) for r in agents]
    values = [float(r.value_per_run or 0) for r in agents]
    low, high = log_range([*costs, *values])
    bubbles = _bubbles(agents, low, high)
    body = joined(_corner(), _axes(low, high, currency), *(_disc(b, currency) for b in bubbles), *_labels(bubbles))
    title = "Value against cost of a run, by agent"
    said = "; ".join(
        f"{b.row.agent}: costs {numbers.unit_price(b.row.cost_per_run, currency)}, "
        f"is worth {numbers.unit_price(b.row.value_per_run, currency)}"
        for b in bubbles
    )
    viewbox = f"0 0 {WIDTH:.0f} {HEIGHT:.0f}"
    return figure("quadrant", title, said + ".", HEIGHT, body, viewBox=viewbox, class_="quadrant")


def label_boxes(bubbles: Sequence[Bubble]) -> list[tuple[Bubble, Box]]:
    """Where labels go: the flagged and the largest first, each at the first free side of its disc, else nowhere."""
    discs = [Box(b.x - b.radius, b.y - b.radius, b.x + b.radius, b.y + b.radius) for b in bubbles]
    taken: list[Box] = [Box(WIDTH - 150, BOTTOM - 22, WIDTH, BOTTOM)]
    placed: list[tuple[Bubble, Box]] = []
    for bubble in sorted(bubbles, key=lambda b: (not b.asked, -b.row.spend, b.row.agent))[:LABELLED]:
        wide = LETTER * len(clipped(bubble.row.agent, 24)) + 2
        for box in _candidates(bubble, wide):
            inside = box.left >= LEFT + 2 and box.right <= WIDTH and box.top >= 2 and box.bottom <= BOTTOM
            others = [disc for disc, b in zip(discs, bubbles, strict=True) if b is not bubble]
            if inside and not any(box.touches(other) for other in [*taken, *others]):
                taken.append(box)
                placed.append((bubble, box))
                break
    return placed


def _candidates(bubble: Bubble, wide: float) -> list[Box]:
    x, y, r = bubble.x, bubble.y, bubble.radius + 3
    right, left = (x + r, y - LINE / 2), (x - r - wide, y - LINE / 2)
    above, below = (x - wide / 2, y - r - LINE), (x - wide / 2, y + r)
    corners = [(x + r * 0.7, y - r * 0.7 - LINE), (x + r * 0.7, y + r * 0.7), (x - r * 0.7 - wide, y + r * 0.7)]
    return [Box(a, b, a + wide, b + LINE) for a, b in (right, above, left, below, *corners)]


def _bubbles(agents: Sequence[AgentRow], low: float, high: float) -> list[Bubble]:
    largest = max((float(r.spend) for r in agents), default=1.0) or 1.0

    def place(value: Decimal | None) -> float:
        return (math.log10(float(value or 1)) - low) / (high - low)

    return [
        Bubble(
            r,
            round(LEFT + (WIDTH - LEFT) * place(r.cost_per_run), 1),
            round(BOTTOM - BOTTOM * place(r.value_per_run), 1),
            round(4 + 18 * math.sqrt(max(0.0, float(r.spend)) / largest), 1),
        )
        for r in agents
    ]


def _corner() -> Markup:
    """Both axes have one range, so the diagonal is where a run is worth what it costs."""
    d = f"M{LEFT:.0f} {BOTTOM:.0f}L{WIDTH:.0f} 0V{BOTTOM:.0f}Z"
    return joined(
        element("path", d=d, class_="corner", fill=LIGHT["rust"], fill_opacity="0.07"),
        element("path", d=f"M{LEFT:.0f} {BOTTOM:.0f}L{WIDTH:.0f} 0", stroke_dasharray="2 4", **stroke("muted")),
        text("costs more than it is worth", WIDTH - 6, BOTTOM - 8, color="rust", anchor="end", bold=True),
    )


def _axes(low: float, high: float, currency: str) -> Markup:
    parts = [
        element("path", d=f"M{LEFT:.0f} 0V{BOTTOM:.0f}H{WIDTH:.0f}", **stroke("ink")),
        text("cost per run →", WIDTH, BOTTOM + 34, anchor="end"),
        text("value per run ↑", LEFT + 8, 14),
    ]
    for power in range(math.ceil(low), math.floor(high) + 1):
        place = (power - low) / (high - low)
        label = numbers.money_tick(Decimal(1).scaleb(power), currency)
        parts.append(text(label, round(LEFT + (WIDTH - LEFT) * place, 1), BOTTOM + 17, anchor="middle"))
        parts.append(text(label, LEFT - 6, round(BOTTOM - BOTTOM * place + 4, 1), anchor="end"))
    return joined(*parts)


def _disc(bubble: Bubble, currency: str) -> Markup:
    row = bubble.row
    said = f"{row.agent}: {numbers.money_table(row.spend, currency)} spent, "
    said += f"{numbers.unit_price(row.cost_per_run, currency)} a run, worth {numbers.unit_price(row.value_per_run, currency)}"
    look = {
        "fill_opacity": "0.55",
        "stroke": LIGHT["rust" if bubble.asked else "blue"],
        **fill("rust" if bubble.asked else "blue"),
    }
    look["class_"] = "d-rust" if bubble.asked else "d-blue"
    return element("circle", element("title", said), cx=bubble.x, cy=bubble.y, r=bubble.radius, **look)


def _labels(bubbles: Sequence[Bubble]) -> list[Markup]:
    """Each name in its box, set towards its disc, because boxes are a little wider than most names."""
    made = []
    for b, box in label_boxes(bubbles):
        places = {"start": box.left, "end": box.right, "middle": (box.left + box.right) / 2}
        anchor = "start" if box.left >= b.x else "end" if box.right <= b.x else "middle"
        name = clipped(b.row.agent, 24)
        made.append(text(name, round(places[anchor], 1), round(box.top + 11.5, 1), color="ink", anchor=anchor, bold=b.asked))
    return made
