"""The report in a real browser: no errors, no network, no overflow, readable colours, sorting that works, A4 pages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from finops.render.html import render_html
from tests.render.test_html import MADE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WIDTHS = (1280, 800, 360)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real Chromium, else the tests skip."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip("no Chromium is on this machine")
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every made page as a file."""
    folder = tmp_path_factory.mktemp("reports")
    made = {name: folder / f"{name}.html" for name in MADE}
    for name, path in made.items():
        path.write_text(render_html(MADE[name]()), encoding="utf-8")
    return made


def shown(browser: Browser, path: Path, *, width: int = 1280, dark: bool = False, script: bool = True) -> tuple[Page, list[str]]:
    """The page and everything that went wrong while it loaded."""
    page = browser.new_page(
        viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light", java_script_enabled=script
    )
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("dialog", lambda dialog: (faults.append(f"dialog {dialog.message}"), dialog.dismiss()))
    page.on("request", lambda request: faults.append(request.url) if not request.url.startswith(("file:", "data:")) else None)
    page.goto(path.as_uri())
    return page, faults


@pytest.mark.parametrize("name", MADE)
def test_it_opens_without_a_word(browser: Browser, files: dict[str, Path], name: str) -> None:
    page, faults = shown(browser, files[name])
    assert faults == []
    assert page.evaluate("document.styleSheets.length") == 1
    assert page.evaluate("getComputedStyle(document.querySelector('h1')).fontSize") == "30px"
    page.close()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", MADE)
def test_nothing_overflows(browser: Browser, files: dict[str, Path], name: str, width: int) -> None:
    page, _ = shown(browser, files[name], width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    out = page.evaluate(
        """() => [...document.querySelectorAll("body *")].filter(e => !e.closest(".scroll") && !e.closest(".skip"))
           .filter(e => { const r = e.getBoundingClientRect(); return r.width && (r.right > innerWidth + 1 || r.left < -1) })
           .map(e => e.tagName + " " + e.textContent.trim().slice(0, 40))"""
    )
    assert out == []
    page.close()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["full", "bare", "large"])
def test_words_in_charts_touch_no_other_words(browser: Browser, files: dict[str, Path], name: str, width: int) -> None:
    page, _ = shown(browser, files[name], width=width)
    charts: list[list[list[Any]]] = page.evaluate(
        """() => [...document.querySelectorAll("svg[aria-labelledby]")].map(svg => [...svg.querySelectorAll("text")].map(t => {
             const r = t.getBoundingClientRect(); return [t.textContent, r.left, r.top + 2, r.right, r.bottom - 2] }))"""
    )
    for texts in charts:
        for a, b in combinations(texts, 2):
            assert a[3] <= b[1] or b[3] <= a[1] or a[4] <= b[2] or b[4] <= a[2], f"{a[0]} touches {b[0]}"
    page.close()


CONTRAST = """() => {
  const channel = v => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4 };
  const parse = c => c.match(/[\\d.]+/g).map(Number);
  const light = c => 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]);
  const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05) };
  const paper = parse(getComputedStyle(document.body).backgroundColor), poor = [];
  const cells = [...document.querySelectorAll(".heat rect[class^=h]")]
    .map(r => [r.getBoundingClientRect(), getComputedStyle(r).fill]);
  for (const e of document.querySelectorAll("body *")) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!own || ["SCRIPT", "STYLE", "TITLE", "DESC", "title", "desc"].includes(e.tagName) || !e.getClientRects().length) continue;
    const style = getComputedStyle(e), r = e.getBoundingClientRect();
    const ink = parse(e.namespaceURI.endsWith("svg") ? style.fill : style.color);
    const [x, y] = [(r.left + r.right) / 2, (r.top + r.bottom) / 2];
    const under = e.closest(".heat") && cells.find(([c]) => c.left <= x && x <= c.right && c.top <= y && y <= c.bottom);
    const got = ratio(ink, under ? parse(under[1]) : paper);
    if (got < 4.5) poor.push(`${e.textContent.trim().slice(0, 30)} ${got.toFixed(2)}`);
  }
  return poor }"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["full", "bare"])
def test_words_can_be_read(browser: Browser, files: dict[str, Path], name: str, dark: bool) -> None:
    page, _ = shown(browser, files[name], dark=dark)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == (
        "rgb(20, 23, 28)" if dark else "rgb(255, 255, 255)"
    )
    assert page.evaluate(CONTRAST) == []
    page.close()


def test_pressing_a_heading_sorts_the_agents_and_leaves_the_total(browser: Browser, files: dict[str, Path]) -> None:
    page, faults = shown(browser, files["full"])

    def column(place: int) -> list[str]:
        return page.eval_on_selector_all(f"table.agents tbody tr > :nth-child({place})", "cells => cells.map(c => c.textContent)")

    assert column(2)[0] == "$9,840"
    page.click("table.agents th:nth-child(2) button")
    assert column(2)[:2] == ["$180", "$310"]
    assert page.get_attribute("table.agents th:nth-child(2)", "aria-sort") == "ascending"
    page.click("table.agents th:nth-child(5) button")
    assert column(5)[0] == "99.0%"
    assert column(5)[-1] == "n/a"
    page.click("table.agents th:nth-child(5) button")
    assert column(5)[0] == "41.2%"
    assert column(5)[-1] == "n/a"
    page.focus("table.agents th:nth-child(1) button")
    page.keyboard.press("Enter")
    assert column(1) == sorted(column(1))
    assert page.text_content("table.agents tfoot tr:last-child th") == "Total"
    assert faults == []
    page.close()


def test_everything_is_there_without_scripts_and_by_keyboard(browser: Browser, files: dict[str, Path]) -> None:
    page, _ = shown(browser, files["full"], script=False)
    assert page.locator("table.agents tbody tr").count() == 8
    page.close()
    page, _ = shown(browser, files["full"])
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    small = page.eval_on_selector_all(
        "summary, button, a", "all => all.map(e => [e.textContent, e.getBoundingClientRect().height]).filter(p => p[1] < 24)"
    )
    assert small == []
    page.close()


def test_hostile_names_run_nothing(browser: Browser, files: dict[str, Path]) -> None:
    page, faults = shown(browser, files["hostile"])
    assert faults == []
    assert page.locator("script").count() == 1
    assert page.locator("img").count() == 0
    page.close()


def test_it_prints_light_on_a4(browser: Browser, files: dict[str, Path], tmp_path: Path) -> None:
    page, _ = shown(browser, files["full"], dark=True)
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") in ("rgb(255, 255, 255)", "rgba(0, 0, 0, 0)")
    assert page.evaluate("getComputedStyle(document.querySelector('figure')).breakInside") == "avoid"
    pdf = page.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True, print_background=True)
    assert b"/MediaBox [0 0 594.95996 841.91998]" in pdf or b"/MediaBox [0 0 595" in pdf
    assert 2 <= pdf.count(b"/Type /Page\n") <= 6
    page.close()


def test_axe_finds_nothing(browser: Browser, files: dict[str, Path]) -> None:
    """axe-core is not part of this repository; FINOPS_AXE names its `axe.min.js`."""
    axe = os.environ.get("FINOPS_AXE")
    if not axe:
        pytest.skip("FINOPS_AXE does not name axe.min.js")
    context = browser.new_context(bypass_csp=True, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(files["full"].as_uri())
    page.add_script_tag(path=axe)
    found = page.evaluate("axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice']})")
    assert [(v["id"], [node["html"][:120] for node in v["nodes"]]) for v in found["violations"]] == []
    context.close()
