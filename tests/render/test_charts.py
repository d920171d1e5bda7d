"""Charts: golden SVG, labels that never touch, scales that hold their data."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from finops.render.charts.bars import ranking_chart
from finops.render.charts.fan import spend_chart
from finops.render.charts.heat import DARK_TEXT_UP_TO, SHADES, placement_chart, shade_of
from finops.render.charts.quadrant import _bubbles, label_boxes, quadrant_chart, quadrant_points
from finops.render.charts.scale import apart, log_range, round_ticks
from finops.render.charts.spark import sparkline
from finops.render.charts.svg import element, shown_name
from finops.render.page import AgentRow, Half, Spend
from finops.render.words import placement_note
from tests.render import pages
from tests.render.test_html import check_golden

D = Decimal


def fan(spend: Spend) -> Markup:
    return spend_chart(spend, pages.FIRST, pages.END, "USD", "Spend", "In words", pages.LAST)


CHARTS = {
    "fan": lambda: fan(pages.spend()),
    "fan-closed": lambda: fan(Spend(((date(2026, 11, 29), D(5)), (date(2026, 11, 30), D(9))), budget=D(9))),
    "fan-credit": lambda: fan(Spend(((date(2026, 11, 1), D(-5)), (date(2026, 11, 2), D(9))))),
    "bars": lambda: ranking_chart("tenants", pages.full().tenants, "USD", "Tenants", "In words"),
    "heat": lambda: placement_chart(pages.placement(), "Placement", "In words"),
    "quadrant": lambda: quadrant_chart(pages.agents(), "USD"),
    "spark": lambda: sparkline((D(1), D(3), None, D(2), D(2)), label="from 1 to 2"),
}


@pytest.mark.parametrize("name", CHARTS)
def test_golden_svg(name: str) -> None:
    text = str(CHARTS[name]())
    ElementTree.fromstring(text)
    check_golden(f"{name}.svg", text + "\n")


@given(st.lists(st.floats(0, 300), max_size=6), st.floats(1, 30))
def test_labels_keep_their_distance_and_their_order(wanted: list[float], gap: float) -> None:
    placed = apart(wanted, gap, 0, 300)
    assert all(-1e-6 <= y <= 300 + 1e-6 for y in placed)
    order = sorted(range(len(wanted)), key=lambda i: (wanted[i], i))
    assert all(placed[b] - placed[a] >= gap - 1e-6 for a, b in pairwise(order))
    if all(b - a >= gap for a, b in combinations(sorted(wanted), 2)):
        room = 300 - gap * (len(wanted) - 1)
        free = all(w - rank * gap <= room for rank, w in enumerate(sorted(wanted)))
        assert not free or placed == pytest.approx(wanted)


@given(st.floats(1e-6, 1e12), st.integers(2, 6))
def test_ticks_are_few_and_hold_the_largest(largest: float, most: int) -> None:
    ticks = round_ticks(largest, most)
    assert ticks[0] == 0
    assert ticks[-1] >= largest * 0.999999
    assert 2 <= len(ticks) <= most + 2


@given(st.lists(st.floats(1e-9, 1e9), max_size=5))
def test_log_axes_hold_every_value(values: list[float]) -> None:
    low, high = log_range(values)
    assert high - low >= 1 - 1e-9
    assert all(10**low <= v * 1.000001 and v <= 10**high * 1.000001 for v in values)


@given(
    st.lists(
        st.tuples(
            st.floats(0.001, 1000), st.floats(0.001, 1000), st.integers(1, 100000), st.text("abcdef-", min_size=1, max_size=40)
        ),
        min_size=2,
        max_size=30,
    )
)
def test_labels_of_the_quadrant_touch_nothing(rows: list[tuple[float, float, int, str]]) -> None:
    agents = quadrant_points(
        [AgentRow(name, "w", D(spend), cost_per_run=D(repr(c)), value_per_run=D(repr(v))) for c, v, spend, name in rows]
    )
    low, high = log_range([x for c, v, _, _ in rows for x in (c, v)])
    bubbles = _bubbles(agents, low, high)
    placed = label_boxes(bubbles)
    assert not [1 for (_, a), (_, b) in combinations(placed, 2) if a.touches(b)]
    for bubble, box in placed:
        for other in bubbles:
            clear = other is bubble or (
                box.right <= other.x - other.radius
                or box.left >= other.x + other.radius
                or box.bottom <= other.y - other.radius
                or box.top >= other.y + other.radius
            )
            assert clear


def luminance(color: str) -> float:
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_numbers_in_the_map_can_be_read() -> None:
    for step, shade in enumerate(SHADES):
        assert contrast(shade, "#1b1f24" if step <= DARK_TEXT_UP_TO else "#ffffff") >= 4.5
    lightness = [luminance(shade) for shade in SHADES]
    assert lightness == sorted(lightness, reverse=True)


def test_the_cheapest_is_the_lightest() -> None:
    assert shade_of(D(1), D(1), D(9)) == 0
    assert shade_of(D(9), D(1), D(9)) == len(SHADES) - 1
    assert shade_of(D(5), D(5), D(5)) == 0


def test_the_map_says_why_a_cell_is_empty() -> None:
    text = str(placement_chart(pages.placement(), "t", "d"))
    assert text.count("not offered") == 2
    assert text.count("no price") == 4
    assert "0.767*" in text
    assert text.count('class="s-rust"') == 1
    assert text.count('stroke-dasharray="4 3"') == 1


def test_where_every_price_is_old_it_is_said_once() -> None:
    chart = pages.placement()
    old = [
        replace(p, cells=tuple(replace(c, on_demand=aged(c.on_demand), spot=aged(c.spot)) for c in p.cells)) for p in chart.panels
    ]
    chart = replace(chart, panels=tuple(old))
    assert "*" not in str(placement_chart(chart, "t", "d"))
    assert "All these prices are old, the oldest of 1 May 2026." in placement_note(chart)


def aged(half: Half) -> Half:
    return replace(half, stale=True) if half.unit_cost is not None else half


def test_a_forecast_without_an_interval_has_no_band() -> None:
    spend = pages.spend()
    bare = replace(spend, fan=tuple(replace(d, p10=None, p25=None, p75=None, p90=None) for d in spend.fan))
    assert "band80" in str(fan(spend))
    assert "band80" not in str(fan(bare))
    assert "expected" in str(fan(bare))


def test_elements_escape_text_and_attributes() -> None:
    made = element("text", "<b>&\x00", data_x="\"'<>", flag=None)
    assert made == '<text data-x="&#34;&#39;&lt;&gt;">&lt;b&gt;&amp;�</text>'
    assert shown_name("a\u202eb\u200bc\ud800") == "a�b�c�"


def test_a_sparkline_leaves_gaps_open() -> None:
    assert str(sparkline((D(1), None, D(1), D(1)))).count("M") == 2
    assert sparkline((D(1),)) == ""
    assert sparkline(()) == ""
