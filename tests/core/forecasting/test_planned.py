"""Changes that a forecast is told: what they multiply, what they add, and that totals stay exact."""

from __future__ import annotations

from datetime import date
from decimal import Decimal as D

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.core.forecasting.planned import Added, Change, Part, additions, days_after, multipliers, percent_factor
from finops.core.forecasting.shares import moved_by
from finops.errors import UsageError

DAYS = days_after(date(2026, 11, 20), 4)


def part(share: float, *, by_token: bool = True, by_use: bool = True, **values: str) -> Part:
    return Part(0, share, values, by_use, by_token)


def change(kind: str, factor: float = 1.0, last: date | None = None, **scope: str) -> Change:
    return Change("x", kind, scope, date(2026, 11, 22), last, factor)  # type: ignore[arg-type]


def test_a_change_multiplies_the_parts_that_it_is_about_from_its_day_on() -> None:
    parts = [part(0.75, agent="a", model="m"), part(0.25, agent="a", model="n")]
    found = multipliers(1, parts, [change("price", 1.2, model="m"), change("spend", 0.5, date(2026, 11, 23), agent="a")], DAYS)
    assert np.allclose(found, [[1, (0.75 * 1.2 + 0.25) / 2, (0.75 * 1.2 + 0.25) / 2, 1.15]])


def test_volume_leaves_capacity_and_tokens_leave_what_is_not_counted_in_tokens() -> None:
    parts = [part(0.5, agent="a"), part(0.3, by_token=False, agent="a"), part(0.2, by_token=False, by_use=False, agent="a")]
    assert multipliers(1, parts, [change("volume", 2, agent="a")], DAYS)[0, 1] == pytest.approx(1.8)
    assert multipliers(1, parts, [change("tokens", 2, agent="a")], DAYS)[0, 1] == pytest.approx(1.5)


def test_a_change_of_model_is_by_class_of_token() -> None:
    swap = Change("x", "model", {"model": "m"}, DAYS[0], None, 0.5, {"output": 0.1})
    parts = [part(0.5, model="m", token_class="output"), part(0.5, model="m", token_class="cache_read")]
    assert multipliers(1, parts, [swap], DAYS)[0, 0] == pytest.approx(0.5 * 0.1 + 0.5 * 0.5)


def test_planned_spend_is_added_to_its_own_leaf() -> None:
    keys = [("USD", "acme", "new"), ("USD", "acme", "old")]
    launch = Added("x", {"tenant": "acme", "agent": "new"}, "USD", D("12.5"), DAYS[1], DAYS[2])
    assert additions(keys, ("tenant", "agent"), [launch], DAYS).tolist() == [[0, 12.5, 12.5, 0], [0, 0, 0, 0]]


@pytest.mark.parametrize(("text", "factor"), [("+20%", 1.2), ("-30%", 0.7), (" + 12.5 % ", 1.125), ("-100%", 0.0)])
def test_percentages(text: str, factor: float) -> None:
    assert percent_factor(text, "here") == pytest.approx(factor)


@pytest.mark.parametrize("text", ["20%", "+20", "-101%", "+1e9%", "", "+∞%"])
def test_what_is_no_percentage_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        percent_factor(text, "here")


amounts = st.decimals(0, 10**6, places=6, allow_nan=False)


@given(st.lists(st.tuples(amounts, st.decimals(-(10**4), 10**4, places=6)), min_size=1, max_size=8), amounts)
def test_moved_parts_add_up_to_the_last_digit_and_are_never_negative(rows: list[tuple[D, D]], total: D) -> None:
    found = moved_by(total, [part for part, _ in rows], [change for _, change in rows])
    assert sum(found) == total
    assert min(found) >= 0


def test_what_no_change_is_about_stays_as_it_is() -> None:
    assert moved_by(D("130.6"), [D(100), D(20)], [D(10), D(0)]) == [D("110.600000"), D(20)]
