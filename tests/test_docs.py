"""The README's generated parts are what the program says today."""

from __future__ import annotations

from tests.docs import README, filled


def test_the_readme_is_fresh() -> None:
    text = README.read_text(encoding="utf-8")
    assert filled(text) == text, "run `make docs`"


def test_the_readme_opens_with_the_two_commands() -> None:
    head = README.read_text(encoding="utf-8").split("## ")[0]
    assert "make demo" in head
    assert "make test" in head
    assert "](reports/report.png)" in head
