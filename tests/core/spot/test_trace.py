"""Traces of spot capacity: events, counts, and what is no trace; the real ones give the measured rates."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from finops.core.spot.hazard import PUBLISHED_TRACES
from finops.core.spot.trace import spot_trace
from finops.errors import DataError


def test_events_and_counts_tell_the_same() -> None:
    events = ["0,add,a", "0,add,b", "3600000,remove,a", "7200000,add,c", "10800000,add,d"]
    counts = ["hours,available", "0,2", "1,1", "2,2", "3,3"]
    one, other = spot_trace(events, "events"), spot_trace(counts, "counts")
    assert one == other
    assert (one.removals, one.machine_h, one.hours) == (1, 5.0, 3.0)
    assert one.counts == (2,) * 12 + (1,) * 12 + (2,) * 12
    assert sum(one.available(2)) == 24


@pytest.mark.parametrize(
    "lines", [[], ["0,add,a"], ["now,add,a", "1,add,b"], ["0,grow,a", "3600000,add,b"], ["hours,available", "0,-1", "5,2"]]
)
def test_what_is_no_trace_is_told(lines: list[str]) -> None:
    with pytest.raises(DataError) as caught:
        spot_trace(lines, "file.csv")
    assert "add|remove" in (caught.value.hint or "")


@pytest.mark.parametrize(("name", "removals", "machine_h"), PUBLISHED_TRACES)
def test_the_published_rates_are_those_of_the_traces(
    name: str, removals: int, machine_h: float, shared_file: Callable[[str], Path]
) -> None:
    """Bamboo (arXiv 2204.12013): .61 per node-hour for p3, .55 for g4dn."""
    text = shared_file(f"spot/bamboo/{name}-trace.csv").read_text(encoding="utf-8")
    found = spot_trace(text.splitlines(), name)
    assert (found.removals, round(found.machine_h, 1)) == (removals, machine_h)
    assert found.removals / found.machine_h == pytest.approx({"p3": 0.61, "g4dn": 0.55}[name], abs=0.005)
