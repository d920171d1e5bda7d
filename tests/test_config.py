"""Settings: what the file may say, and how it is told what it may not."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from finops.config import Overrides, Settings, load_settings
from finops.errors import UsageError


def loaded(tmp_path: Path, text: str) -> Settings:
    path = tmp_path / "finops.toml"
    path.write_text(text, encoding="utf-8")
    return load_settings(Overrides(config=path), today=date(2026, 11, 20))


def refused(tmp_path: Path, text: str) -> UsageError:
    with pytest.raises(UsageError) as caught:
        loaded(tmp_path, text)
    return caught.value


def test_defaults_without_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings(Overrides(), today=date(2026, 11, 20))
    assert settings.ledger == tmp_path / "finops.duckdb"
    assert settings.as_of == date(2026, 11, 20)
    assert settings.rules == ()


def test_money_in_a_float_literal_stays_exact(tmp_path: Path) -> None:
    assert loaded(tmp_path, "[[budget]]\namount = 0.1\n").budgets[0].amount == Decimal("0.1")


def test_a_rule_knows_its_line(tmp_path: Path) -> None:
    text = (
        '[calendar]\nzone = "UTC"\n\n[[rule]]\nid = "a"\nmethod = "shared"\n\n[[rule]]  # second\nid = "b"\nmethod = "metered"\n'
    )
    assert [rule.line for rule in loaded(tmp_path, text).rules] == [4, 8]


@pytest.mark.parametrize("mark", ['"""', "'''"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_what_looks_like_a_rule_inside_a_string_or_a_comment_is_none(tmp_path: Path, mark: str, end: str) -> None:
    text = (
        f'[ledger]\nname = {mark}\n[[rule]]\nit\'s a "name" # not a comment\n[[rule]]\n{mark}\n# [[rule]]\n'
        '[[rule]] # \'\'\'\nid = "a#b"\nmethod = "shared"\n\n[[ rule ]]\nid = "b"\nmethod = "shared"\n'
    )
    assert [rule.line for rule in loaded(tmp_path, text.replace("\n", end)).rules] == [8, 12]


def test_unknown_key_names_the_nearest_and_the_line(tmp_path: Path) -> None:
    error = refused(tmp_path, '[[rule]]\nid = "a"\nmetod = "shared"\n')
    assert "metod" in error.what
    assert error.hint == "did you mean `method`?"
    assert ":1 [[rule]]" in str(error.where)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("[calender]\n", "calender"),
        ('[calendar]\nzone = "Mars/Olympus"\n', "Mars/Olympus"),
        ('[[budget]]\namount = "$5"\n', "$5"),
        ("[[budget]]\namount = true\n", "true"),
        ("[[budget]]\namount = nan\n", "NaN"),
        ('[[budget]]\namount = "5"\nperiod = "fortnight"\n', "fortnight"),
        ('[[rule]]\nmethod = "shared"\n', "`id` is missing"),
        ('[[map]]\naccount = "1"\nfrom = "2026-02-30"\n', "2026-02-30"),
        ("[identity]\ntenant = 5\n", "5"),
        ("rule = 1\n", "[[rule]]"),
        ("[[calendar]]\nzone = 'UTC'\n", "[calendar]"),
        ("x = [\n", "TOML"),
        ('[[rule]]\nid = "a"\nmethod = "shared"\n[[rule]]\nid = "a"\nmethod = "shared"\n', "two rules"),
    ],
)
def test_wrong_configuration_is_one_clear_error(tmp_path: Path, text: str, word: str) -> None:
    assert word in refused(tmp_path, text).what


def test_command_line_wins_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "finops.toml"
    path.write_text("[ledger]\nas_of = 2026-01-01\npath = 'a.duckdb'\n", encoding="utf-8")
    settings = load_settings(Overrides(config=path, as_of=date(2026, 2, 2), ledger=tmp_path / "b.duckdb"))
    assert settings.as_of == date(2026, 2, 2)
    assert settings.ledger == tmp_path / "b.duckdb"
    assert load_settings(Overrides(config=path)).ledger == tmp_path / "a.duckdb"
