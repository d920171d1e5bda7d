"""Rules that can't mean what they say: one error each, with the rule, its line and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from finops.config import Overrides, load_settings
from finops.core.rule_checks import resharing_order, without_effect
from finops.core.settings import Rule
from finops.errors import UsageError

FIRST = '[calendar]\nzone = "UTC"\n\n'
"""A rule that follows stands on line 4."""

WRONG = {
    'id = "r"\nmethod = "shared"\nmatch = {Servicename = "x"}': ("`Servicename`", "did you mean `ServiceName`?"),
    'id = "r"\nmethod = "shared"\nmatch = {Tags = "x"}': ("the whole of `Tags`", "`tag:NAME`"),
    'id = "r"\nmethod = "shared"\nmatch = {"tag:" = "x"}': ("a tag without a name", "`tag:NAME`"),
    'id = "r"\nmethod = "shared"\nmatch = {ServiceName = []}': ("an empty list", ""),
    'id = "r"\nmethod = "shared"\nmatch = {ServiceName = {a = 1}}': ("which is no text", "a text"),
    'id = "r"\nmethod = "shared"\nfrom = 2026-10-01\nto = 2026-10-01': ("ends on 2026-10-01", "first day without it"),
    'id = "r"\nmethod = "shared"\nsplit = "fixed"': ("without shares", "shares ="),
    'id = "r"\nmethod = "shared"\nsplit = "fixed"\nshares = {a = 0}': ("all 0", "shares ="),
    'id = "r"\nmethod = "shared"\nsplit = "fixed"\nshares = {a = 0.5, b = 0.4}': ("add up to 0.9", "to 1 or to 100"),
    'id = "r"\nmethod = "shared"\nsplit = "fixed"\nshares = {a = 3, b = -1}': ("`b` the negative share -1", "from 0 up"),
    'id = "r"\nmethod = "shared"\nsplit = "fixed"\nshares = {a = "many"}': ("the share `many`", "from 0 up"),
    'id = "r"\nmethod = "shared"\nsplit = "fixed"\nshares = {a = nan}': ("the share `NaN`", "from 0 up"),
    'id = "r"\nmethod = "shared"\nsplit = "fixed"\nshares = {"a/b/c/d" = 1}': ("`a/b/c/d`", "tenant/agent"),
    'id = "r"\nmethod = "shared"\nsplit = "fixed"\nshares = {__idle__ = 1}': ("`__idle__`", ""),
    'id = "r"\nmethod = "shared"\ntargets = {tennant = "a"}': ("`tennant`", "did you mean `tenant`?"),
    'id = "r"\nmethod = "shared"\ntargets = {tenant = []}': ("names no tenant", "a list of names"),
    'id = "r"\nmethod = "shared"\nowner = {tenant = "a"}': ("names an owner and is shared", "direct"),
    'id = "r"\nmethod = "direct"': ("names no owner", "owner ="),
    'id = "r"\nmethod = "direct"\nowner = {team = "a"}': ("`team`", "tenant"),
    'id = "r"\nmethod = "metered"\ndriver = "gpu_seconds"\njoin = ["model"]': ("joins by `model`", "resource"),
    'id = "r"\nmethod = "metered"\ndriver = "calls"\nreference = "capacity"': ("refers to capacity", "meters"),
    'id = "r"\nmethod = "metered"\ndriver = "gpu_seconds"\nreference = "priced"': ("refers to prices", "priced_calls"),
    'id = "r"\nmethod = "metered"\ndriver = "calls"\njoin = ["*", "model"]': ("by everything and by a name", "stands alone"),
    'id = "r"\nmethod = "metered"\nreference = "capacity"\njoin = ["*"]': ("capacity of everything", "stands alone"),
    'id = "r"\nmethod = "metered"\nreference = "priced"\ntargets = {agent = "a"}': ("names who takes part", "none"),
    'id = "r"\nmethod = "metered"\nwindow = "month"\nwiden = "day"': ("to the shorter day", "hour, then day"),
    'id = "r"\nmethod = "metered"\ntolerance = "-0.1"': ("negative tolerance", "a share of 1"),
    'id = "api-models"\nmethod = "shared"': ("a name that is kept", "another id"),
}


def refused(folder: Path, text: str) -> UsageError:
    path = folder / "finops.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        load_settings(Overrides(config=path))
    return caught.value


@pytest.mark.parametrize("rule", WRONG)
def test_a_rule_that_would_not_do(tmp_path: Path, rule: str) -> None:
    error = refused(tmp_path, f"{FIRST}[[rule]]\n{rule}\n")
    what, hint = WRONG[rule]
    assert what in error.what
    assert hint in (error.hint or "")
    assert "rule `" in error.what
    assert error.where is not None
    assert error.where.startswith(f"{tmp_path / 'finops.toml'}:4 [[rule]]")


def test_two_versions_of_a_rule_and_a_rule_of_that_name(tmp_path: Path) -> None:
    """Both would go by `r@2026-10-01`: their charges would count twice."""
    ids = [('"r"', "2026-09-01"), ('"r"', "2026-10-01"), ('"r@2026-10-01"', "2026-09-01")]
    text = "".join(f'[[rule]]\nid = {name}\nfrom = {first}\nmethod = "shared"\n' for name, first in ids)
    error = refused(tmp_path, text)
    assert "two rules are called `r@2026-10-01`" in error.what
    assert error.where == f"{tmp_path / 'finops.toml'}:9 [[rule]] id (first on line 5)"


def of(name: str, owner: str, shares: str = "") -> str:
    split = f'split = "fixed"\nshares = {{{shares}}}\n' if shares else ""
    return f'[[rule]]\nid = "{name}"\nmethod = "shared"\nof = {{tenant = "{owner}"}}\n{split}'


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        (of("a", "x", "x = 1, y = 1"), "gives cost back to where it comes from: a → a"),
        (of("a", "x", "y = 1") + of("b", "y", "z = 1") + of("c", "z", "x = 1"), "where it comes from: a → b → c → a"),
        (of("a", "x") + of("b", "x"), "rule `b` shares what rule `a` (line 1) has shared already"),
        (of("a", "__idle__"), "shares the cost of what has no owner"),
        (of("a", "x") + 'match = {ServiceName = "s"}\n', "no shared rule without `match`"),
    ],
)
def test_cost_that_is_shared_on_goes_one_way(tmp_path: Path, rules: str, said: str) -> None:
    error = refused(tmp_path, rules)
    assert said in error.what
    assert error.where is not None
    assert f"{tmp_path / 'finops.toml'}:" in error.where


def test_rules_that_share_on_stand_in_the_order_of_the_cost(tmp_path: Path) -> None:
    path = tmp_path / "finops.toml"
    path.write_text(of("b", "y", "z = 1") + of("c", "z") + of("a", "x", "y = 1"), encoding="utf-8")
    order = resharing_order(load_settings(Overrides(config=path)).rules)
    assert [rule.id for rule in order] == ["a", "b", "c"]


def test_a_layer_is_checked_as_a_rule_is(tmp_path: Path) -> None:
    error = refused(tmp_path, '[[layer]]\nlayer = "observability"\nmatch = {Servce = "x"}\n')
    assert "the layer `observability` matches by `Servce`" in error.what
    assert error.where == f"{tmp_path / 'finops.toml'}:1 [[layer]] match"


def test_shares_of_one_of_a_hundred_and_whole_weights(tmp_path: Path) -> None:
    path = tmp_path / "finops.toml"
    for shares in ("{a = 0.5, b = 0.5}", "{a = 33.3, b = 66.7}", "{a = 3, b = 1}", '{a = "0.25", "b/x" = "0.75"}'):
        path.write_text(f'[[rule]]\nid = "r"\nmethod = "shared"\nsplit = "fixed"\nshares = {shares}\n', encoding="utf-8")
        assert load_settings(Overrides(config=path)).rules


def test_keys_that_a_rule_does_not_read_are_known() -> None:
    assert without_effect(Rule("r", "shared", driver="calls", split="even", shares={"a": 1})) == ["driver", "shares"]
    assert without_effect(Rule("r", "shared", split="fixed", shares={"a": 1}, targets={"tenant": "a"})) == ["targets"]
    assert without_effect(Rule("r", "metered", driver="priced_calls", reference="priced")) == []
