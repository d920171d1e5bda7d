"""Alerts become incidents: at the deepest node that explains them, merged where one cause shows twice."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from finops.core.detecting.anomalies import judge
from finops.core.detecting.incidents import Incident, incidents, nodes_of, summed

DAYS = 120
DATES = [date(2026, 7, 1) + timedelta(days=i) for i in range(DAYS)]
KEYS = [("acme", "writer"), ("acme", "reader"), ("bolt", "writer"), ("bolt", "reader")]
LEVELS = ((), ("tenant",), ("agent",), ("tenant", "agent"))


def steady(seed: int = 1) -> NDArray[np.float64]:
    return np.asarray(100 * np.exp(0.05 * np.random.default_rng(seed).standard_normal((4, DAYS))))


def found(spend: NDArray[np.float64], floor: float = 40.0) -> list[Incident]:
    nodes = nodes_of(KEYS, ("tenant", "agent"), LEVELS)
    totals, first = summed(spend, np.zeros(4, np.int64), nodes)
    return incidents(judge(totals, first), totals, nodes, floor=floor, since=40, days=DATES)


def test_one_leaf_is_named_and_its_money_counted() -> None:
    spend = steady()
    spend[2, 90:93] += 300
    (one,) = found(spend)
    assert one.path == (("tenant", "bolt"), ("agent", "writer"))
    assert (DATES[one.opened], one.closed, one.status, one.kind) == (DATES[90], 92, "resolved", "burst")
    assert 850 < one.excess < 950


def test_what_hits_an_agent_everywhere_is_one_incident() -> None:
    spend = steady()
    spend[[0, 2], 90] += [400, 150]
    (one,) = found(spend)
    assert one.path == (("agent", "writer"),)


def test_a_slow_drift_goes_on_with_all_that_it_costs() -> None:
    spend = steady()
    spend[1, -20:] *= 1.04 ** np.arange(1, 21)
    (one,) = found(spend)
    assert (one.kind, one.path, one.closed) == ("drift", (("tenant", "acme"), ("agent", "reader")), None)
    assert one.status in ("open", "grown")
    assert one.excess > 200, "not that of the day alone on which it was noticed"


def test_an_incident_goes_on_and_grows() -> None:
    spend = steady()
    spend[1, -2:] += 400
    (one,) = found(spend)
    assert (one.status, one.closed) == ("grown", None)
    (young,) = found(spend[:, :-1])
    assert young.status == "open"
    assert young.excess < one.excess


def test_moves_that_offset_each_other_are_found_below() -> None:
    spend = steady()
    spend[0, 90:92] += 90
    spend[1, 90:92] -= 90
    (one,) = found(spend)
    assert one.path == (("tenant", "acme"), ("agent", "writer"))
    assert one.offset < -100


def test_a_charge_by_the_month_surprises_nobody_and_small_money_is_not_told() -> None:
    spend = steady()
    monthly = spend.copy()
    for i, day in enumerate(DATES):
        if day.day == 1:
            monthly[3, i] += 500
    assert found(monthly) == []
    spend[2, 90] += 60
    assert found(spend, floor=1000.0) == []


def test_a_batch_at_the_end_of_each_month_surprises_once_whatever_the_month_s_length() -> None:
    days = [date(2027, 12, 5) + timedelta(days=i) for i in range(DAYS)]
    spend = np.asarray(100 * np.exp(0.05 * np.random.default_rng(1).standard_normal((4, len(days)))))
    last = [i for i, day in enumerate(days) if (day + timedelta(days=1)).day == 1]
    assert date(2028, 2, 29) in [days[i] for i in last], "a leap day among them"
    spend[2, last] *= 4
    nodes = nodes_of(KEYS, ("tenant", "agent"), LEVELS)
    totals, first = summed(spend, np.zeros(4, np.int64), nodes)
    told = incidents(judge(totals, first), totals, nodes, floor=40.0, since=22, days=days)
    assert [days[one.opened] for one in told] == [date(2027, 12, 31)]
