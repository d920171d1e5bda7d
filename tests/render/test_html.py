"""The report as HTML: golden bytes, one file with a strict policy, names that stay names, and a page for missing parts."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from finops.bundled import templates_dir
from finops.render.html import render_html
from finops.render.page import Page
from tests.render import pages

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "report"
MADE: dict[str, Callable[[], Page]] = {
    "full": pages.full,
    "bare": pages.bare,
    "empty": pages.empty,
    "hostile": pages.hostile,
    "large": pages.large,
}
VOID = {"meta", "link", "br", "img", "input", "hr"}


class Read(HTMLParser):
    """What a browser's parser would see: elements with their attributes, and whether they close as they open."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.text: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append((self.open[-1] if self.open else "", data))


def read(html: str) -> Read:
    parser = Read()
    parser.feed(html)
    parser.close()
    assert parser.open == []
    return parser


def check_golden(name: str, text: str) -> None:
    """Compares bytes; FINOPS_WRITE_GOLDEN=1 writes them anew."""
    path = GOLDEN / name
    if os.environ.get("FINOPS_WRITE_GOLDEN") == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), f"{path} differs; FINOPS_WRITE_GOLDEN=1 writes it anew"


@pytest.mark.parametrize("name", ["full", "bare", "hostile"])
def test_golden_bytes(name: str) -> None:
    check_golden(f"{name}.html", render_html(MADE[name]()))


@pytest.mark.parametrize("name", MADE)
def test_a_page_is_one_closed_document_without_network_or_inline_styles(name: str) -> None:
    html = render_html(MADE[name]())
    page = read(html)
    for tag, attributes in page.elements:
        assert "style" not in attributes
        assert not [key for key in attributes if key.startswith("on")]
        assert attributes.get("href", "#")[0] == "#" or attributes["href"] == "data:,"
        assert "src" not in attributes
        assert tag not in ("iframe", "object", "embed", "img", "base", "form", "use", "image", "foreignobject", "animate")
    assert [tag for tag, _ in page.elements].count("script") == 1
    assert "http://" not in html
    assert "https://" not in html


@pytest.mark.parametrize("name", MADE)
def test_the_policy_allows_exactly_the_inline_style_and_script(name: str) -> None:
    page = read(render_html(MADE[name]()))
    policies = [a["content"] for t, a in page.elements if t == "meta" and a.get("http-equiv") == "Content-Security-Policy"]
    assert len(policies) == 1
    rules = dict(rule.split(" ", 1) for rule in policies[0].split("; "))
    for tag in ("style", "script"):
        text = "".join(data for where, data in page.text if where == tag)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert rules[f"{tag}-src"] == f"'sha256-{digest}'"
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    order = [t for t, _ in page.elements]
    assert order.index("meta") < order.index("style")


@pytest.mark.parametrize("name", MADE)
def test_headings_go_down_one_step_at_a_time_and_ids_are_unique(name: str) -> None:
    page = read(render_html(MADE[name]()))
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    named = {word for _, a in page.elements for word in a.get("aria-labelledby", "").split()}
    assert named <= set(ids)
    assert [a["lang"] for t, a in page.elements if t == "html"] == ["en"]


def test_each_chart_is_an_image_with_a_title_and_a_description_in_words() -> None:
    page = read(render_html(pages.full()))
    charts = [a for t, a in page.elements if t == "svg" and "aria-labelledby" in a]
    assert [c["aria-labelledby"].split("-")[0] for c in charts] == ["spend", "quadrant", "placement", "tenants", "workflows"]
    assert all(c["role"] == "img" for c in charts)
    silent = [a for t, a in page.elements if t == "svg" and a.get("class") == "spark"]
    assert all("aria-label" in a or a.get("aria-hidden") == "true" for a in silent)
    said = "".join(data for where, data in page.text if where == "desc")
    assert "Budget: $55.0k." in said
    assert "growth $15,960" in said


def test_names_stay_names() -> None:
    page = read(render_html(pages.hostile()))
    shown = "".join(data for where, data in page.text if where not in ("script", "style"))
    for name in pages.NASTY[:3]:
        assert name in shown
    assert "\u202e" not in shown
    assert "\x00" not in shown
    assert "49" not in "".join(data for where, data in page.text if where == "h3")
    in_titles = [data for where, data in page.text if where == "title" and pages.HOSTILE in data]
    assert len(in_titles) > 5


def test_names_do_not_change_what_the_page_is_made_of() -> None:
    """The same page with plain names has the same elements."""
    hostile, tame = render_html(pages.hostile()), render_html(pages.hostile("plain"))
    assert Counter(tag for tag, _ in read(hostile).elements) == Counter(tag for tag, _ in read(tame).elements)


def test_what_is_missing_is_said() -> None:
    html = render_html(pages.bare())
    assert "September 2024 closed at $20.52." in html
    assert "no runs are known: ingest traces" in html
    assert "No benchmark to compare placements with" in html
    assert "Not checked against an invoice." in html
    assert "No agent could be judged" in html
    assert "budget" not in "".join(d for w, d in read(html).text if w not in ("style", "script"))
    nothing = render_html(pages.empty())
    assert "No spend in November 2026" in nothing
    assert "No bill to check against" in nothing


def test_the_agents_table_keeps_the_total() -> None:
    html = render_html(pages.large())
    assert html.count('<th scope="row">agent-') >= 25
    assert "25 more agents" in html
    total = sum(row.spend for row in pages.large().agents)
    assert f'<th scope="row">Total</th><td class="r">${total:,.0f}</td>' in html


def test_a_large_page_stays_small() -> None:
    assert len(render_html(pages.large()).encode()) <= 150 * 1024
    assert len((templates_dir() / "sort.js").read_bytes()) < 2048


def test_the_same_page_gives_the_same_bytes() -> None:
    assert render_html(pages.full()) == render_html(pages.full())
