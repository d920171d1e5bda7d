"""The report as Markdown: golden bytes, and names that start nothing."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.render.markdown import code, plain, render_markdown
from tests.render import pages
from tests.render.test_html import MADE, check_golden


@pytest.mark.parametrize("name", ["full", "bare", "hostile"])
def test_golden_bytes(name: str) -> None:
    check_golden(f"{name}.md", render_markdown(MADE[name]()))


@pytest.mark.parametrize("name", MADE)
def test_every_table_row_has_the_columns_of_its_head(name: str) -> None:
    for block in render_markdown(MADE[name]()).split("\n\n"):
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines() if line.startswith("|")}
        assert len(widths) <= 1


def test_names_start_no_markup() -> None:
    text = re.sub(r"(`+).*?\1", "", render_markdown(pages.hostile()))
    assert "<" not in text
    assert "@here" not in text
    assert "![" not in text


@given(st.text(max_size=40))
def test_code_is_one_span_that_nothing_closes(name: str) -> None:
    made = code(name)
    fence = re.match(r"`+", made)
    assert fence
    inner = made[len(fence[0]) : -len(fence[0])]
    assert "\n" not in made
    assert made.endswith(fence[0])
    assert fence[0] not in re.findall(r"`+", inner)


@given(st.text(max_size=40))
def test_plain_text_has_no_live_characters(text: str) -> None:
    made = plain(text)
    assert "<" not in made
    assert "\n" not in made
    assert not re.search(r"(?<!\\)(?:\\\\)*[`*_|#\[\]]", re.sub(r"\\[`*_|#\[\]\\]", "", made))
