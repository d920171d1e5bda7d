"""Cumulative spend of a month: what was spent, where it is heading with its 50 and 80 % bands, and the budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from markupsafe import Markup

from finops.core import numbers
from finops.render.charts.scale import apart, round_ticks
from finops.render.charts.svg import LIGHT, element, figure, fill, joined, number, stroke, text
from finops.render.page import FanDay, Spend

HEIGHT, TOP, BOTTOM = 300.0, 26.0, 262.0
WIDE = 1000
"""The drawing is stretched to its place; only text keeps its size. The labels stand to the right of the place."""


@dataclass(frozen=True)
class Frame:
    """From days and money to the drawing."""

    first: date
    last: date
    lowest: float
    highest: float

    def x(self, day: date) -> float:
        return WIDE * ((day - self.first).days + 1) / ((self.last - self.first).days + 1)

    def y(self, amount: Decimal | float) -> float:
        return BOTTOM - (BOTTOM - TOP) * (float(amount) - self.lowest) / (self.highest - self.lowest)

    def percent(self, day: date) -> str:
        return f"{number(self.x(day) / WIDE * 100)}%"


def spend_chart(spend: Spend, first: date, month_end: date, currency: str, title: str, description: str, as_of: date) -> Markup:
    """The whole figure. Lines start at zero on the eve of the first day."""
    amounts = [float(a) for a in (*(amount for _, amount in spend.days), *_ends(spend), spend.budget or Decimal(0))]
    ticks = round_ticks(max(amounts))
    lowest = min([0.0, *amounts])
    frame = Frame(first, month_end, lowest, ticks[-1] if ticks[-1] > lowest else lowest + 1)
    body = joined(
        _grid(frame, ticks, currency),
        _days(frame, spend, as_of),
        element("svg", _shapes(frame, spend), viewBox=f"0 0 {WIDE} {number(HEIGHT)}", preserveAspectRatio="none",
                width="100%", height=HEIGHT, overflow="visible"),
        _end_of_spend(frame, spend, currency),
        _labels(frame, spend, currency),
    )  # fmt: skip
    return figure("spend", title, description, HEIGHT, body, class_="fan", width="84%", overflow="visible")


def _ends(spend: Spend) -> list[Decimal]:
    """The highest and lowest of the forecast."""
    return [amount for day in spend.fan for amount in (day.p10, day.p90, day.expected) if amount is not None]


def _grid(frame: Frame, ticks: Sequence[float], currency: str) -> Markup:
    parts = []
    for tick in ticks:
        y = round(frame.y(tick), 1)
        color = "rule" if tick else "ink"
        parts.append(element("line", x1="0", x2="100%", y1=y, y2=y, **stroke(color)))
        if tick:
            parts.append(text(numbers.money_tick(tick, currency), "0", y - 4))
    return joined(*parts)


def _days(frame: Frame, spend: Spend, as_of: date) -> Markup:
    """Days under the axis, and up to where spend is known."""
    length = (frame.last - frame.first).days + 1
    marks = [frame.first.replace(day=n) for n in (1, 10, 20) if n <= length - 5] + [frame.last]
    parts = []
    for day in marks:
        anchor = "start" if day == frame.first else "end" if day == frame.last else "middle"
        parts.append(text(numbers.day_text(day), "0" if anchor == "start" else frame.percent(day), BOTTOM + 20, anchor=anchor))
    if spend.fan and spend.days:
        today = spend.days[-1][0]
        x = frame.percent(today)
        parts.append(element("line", x1=x, x2=x, y1=TOP - 8, y2=BOTTOM, **stroke("rule")))
        anchor = "start" if frame.x(today) < 120 else "end"
        word = "today" if today == as_of else f"known to {numbers.day_text(today)}"
        parts.append(text(word, x, TOP - 2, anchor=anchor, dx="5" if anchor == "start" else "-5"))
    return joined(*parts)


def _shapes(frame: Frame, spend: Spend) -> Markup:
    parts = []
    if spend.budget is not None:
        d = f"M0 {number(frame.y(0))}L{WIDE} {number(frame.y(spend.budget))}"
        parts.append(_line(d, "muted", 1.2, "1.5 4"))
    start = spend.days[-1] if spend.days else (frame.first, Decimal(0))
    if spend.fan and all(d.p10 is not None for d in spend.fan):
        parts.append(_band(frame, start, [(d.day, d.p10, d.p90) for d in spend.fan], "band80", "0.16"))
        parts.append(_band(frame, start, [(d.day, d.p25, d.p75) for d in spend.fan], "band50", "0.26"))
    if spend.days:
        parts.append(_line("M0 " + number(frame.y(0)) + "L" + _points(frame, spend.days), "ink", 2.2))
    if spend.fan:
        dashed = [start, *((d.day, d.expected) for d in spend.fan)]
        parts.append(_line("M" + _points(frame, dashed), "blue", 2.2, "6 4"))
    return joined(*parts)


def _line(d: str, color: str, width: float, dashes: str | None = None) -> Markup:
    return element("path", d=d, stroke_width=width, stroke_dasharray=dashes, stroke_linejoin="round",
                   vector_effect="non-scaling-stroke", **stroke(color))  # fmt: skip


def _points(frame: Frame, days: Sequence[tuple[date, Decimal]]) -> str:
    return " ".join(f"{number(round(frame.x(day), 1))} {number(round(frame.y(amount), 1))}" for day, amount in days)


def _band(
    frame: Frame,
    start: tuple[date, Decimal],
    days: Sequence[tuple[date, Decimal | None, Decimal | None]],
    class_: str,
    opacity: str,
) -> Markup:
    low = [start, *((day, lower) for day, lower, _ in days if lower is not None)]
    high = [start, *((day, upper) for day, _, upper in days if upper is not None)]
    d = f"M{_points(frame, low)}L{_points(frame, high[::-1])}Z"
    return element("path", d=d, class_=class_, fill=LIGHT["blue"], fill_opacity=opacity)


def _end_of_spend(frame: Frame, spend: Spend, currency: str) -> Markup:
    if not spend.days:
        return Markup("")
    day, amount = spend.days[-1]
    dot = element("circle", cx=frame.percent(day), cy=round(frame.y(amount), 1), r="4", **fill("ink"))
    if spend.fan or day == frame.last:
        return dot
    said = f"{numbers.money_total(amount, currency)} by {numbers.day_text(day)}"
    anchor = "start" if frame.x(day) < WIDE / 3 else "end"
    return joined(dot, text(said, frame.percent(day), round(frame.y(amount) - 12, 1), color="ink", anchor=anchor, bold=True))


def _labels(frame: Frame, spend: Spend, currency: str) -> Markup:
    """Direct labels at the right edge, moved apart where they would touch."""
    wishes: list[tuple[str, Decimal, str, bool]] = []
    last: FanDay | None = spend.fan[-1] if spend.fan else None
    if last is not None:
        low, high = last.p10, last.p90
        wishes.append((f"{numbers.money_within(last.expected, low, high, currency)} expected", last.expected, "blue", True))
        if low is not None and high is not None:
            wishes.append((f"{numbers.money_within(high, low, high, currency)} high", high, "blue", False))
            wishes.append((f"{numbers.money_within(low, low, high, currency)} low", low, "blue", False))
    elif spend.days and spend.days[-1][0] == frame.last:
        wishes.append((f"{numbers.money_total(spend.days[-1][1], currency)} spent", spend.days[-1][1], "ink", True))
    if spend.budget is not None:
        wishes.append((f"{numbers.money_total(spend.budget, currency)} budget", spend.budget, "muted", False))
    places = apart([frame.y(amount) + 4 for _, amount, _, _ in wishes], 17, TOP - 6, BOTTOM)
    return joined(
        *(
            text(label, "100%", round(y, 1), color=color, bold=bold, dx="8")
            for (label, _, color, bold), y in zip(wishes, places, strict=True)
        )
    )
