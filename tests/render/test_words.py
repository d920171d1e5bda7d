"""The sentences: what they say when everything is known, and when it is not."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from finops.render import tables, views, words
from finops.render.page import Page
from finops.render.tiles import tiles
from tests.render import pages

D = Decimal


def with_head(page: Page, **changes: object) -> Page:
    return replace(page, headline=replace(page.headline, **changes))  # type: ignore[arg-type]


def test_the_headline() -> None:
    page = pages.full()
    assert words.headline(page) == "November will close at $61.4k, $6.4k over budget."
    assert words.headline(with_head(page, budget=D(70000))) == "November will close at $61.4k, $8.6k under budget."
    assert words.headline(with_head(page, budget=None)) == "November will close at $61.4k."
    assert words.headline(with_head(page, expected=None)) == "November stands at $39.0k after 20 days."
    assert words.headline(replace(page, closed=True)) == "November closed at $39.0k, $16.0k under budget."
    assert words.headline(pages.empty()) == "No cost is known for November."
    assert words.headline(pages.bare()) == "September 2024 closed at $20.52."


def test_under_the_headline_stands_the_interval_and_the_cause() -> None:
    said = words.subtitles(pages.full())
    assert said[0] == "80% likely between $57.0k and $66.8k."
    assert said[1].endswith("is web-researcher, +$2.0k.")
    assert said[2] == "Two agents cost about $9.7k a month more than measured value."
    assert said[3].startswith("5.4% of the spend is estimated")
    assert words.subtitles(pages.bare()) == []


@pytest.mark.parametrize(
    ("now", "before", "text"),
    [
        ("112", "100", "▲ 12%"),
        ("94", "100", "▼ 6.0%"),
        ("100", "100", "unchanged"),
        ("5", "0", "new"),
        ("0", "0", "n/a"),
        ("2000", "100", "▲ × 20"),
    ],
)
def test_changes_need_no_colour(now: str, before: str, text: str) -> None:
    assert words.change_text(D(now), D(before)) == text


def test_tiles_say_why_they_are_empty() -> None:
    values = {tile.id: (tile.value, tile.comparison) for tile in tiles(pages.bare())}
    assert values["forecast"] == ("n/a", "the month is closed")
    assert values["cost_per_success"] == ("n/a", "no runs are known: ingest traces")
    assert values["idle"] == ("n/a", "no metered capacity")
    assert values["spend_to_date"] == ("$20.52", "nothing to compare with")


def test_rows_beyond_the_first_add_up() -> None:
    page = pages.large()
    view = views.agents_view(page)
    assert view.rest is not None
    shown = [*view.top, view.rest, *view.leftovers]
    assert sum(row.spend for row in shown) == view.total.spend == sum(row.spend for row in page.agents)
    assert len(view.top) == views.SHOWN_AGENTS


def test_bills_are_summed_by_issuer_for_the_last_months() -> None:
    rows = views.reconciliation_view(pages.large())
    assert [(r.period, r.issuer) for r in rows[:3]] == [("2026-12", "AWS"), ("2026-12", "GCP"), ("2026-12", "OpenAI")]
    assert len(rows) == 9
    assert rows[0].account == "4 accounts"
    assert rows[0].billed == 4 * D("20311.123456789")


def test_reconciliation_in_words() -> None:
    page = pages.full()
    assert views.reconciliation_sentence(page).endswith("1 of 4 bills is confirmed by an invoice.")
    off = replace(page, reconciliation=(replace(page.reconciliation[0], difference=D("0.01")),))
    assert views.reconciliation_sentence(off).startswith("1 of 1 bills do not reconcile")
    assert "Not checked against an invoice" in views.reconciliation_sentence(pages.bare())
    assert "estimated" in views.reconciliation_sentence(pages.empty())


def test_tables_hold_every_figure_exactly() -> None:
    made = {table.name: table for table in tables.figure_tables(pages.full())}
    assert list(made) == ["spend", "agents", "tenants", "workflows", "reviews", "placement", "reconciliation"]
    assert sum(row["spend"] for row in made["agents"].rows) == sum(row.spend for row in pages.full().agents)
    assert made["reconciliation"].rows[0]["billed"] == D("20311.123456789")
    assert len(made["placement"].rows) == 64
