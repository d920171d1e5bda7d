"""The run-rate that dashboards show, defined once: the mean of the last 15 complete days, carried on."""

from __future__ import annotations

from collections.abc import Sequence

WINDOW_D = 15


def run_rate(spend: Sequence[float], days: int) -> float:
    """The total of the next `days` days if each costs as much as the mean of the last 15 (or of all, where there are fewer)."""
    recent = spend[-WINDOW_D:]
    return sum(recent) / len(recent) * days if len(recent) else 0.0
