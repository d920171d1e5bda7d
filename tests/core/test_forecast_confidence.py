"""How sure a forecast may say it is: by the length of its history, and by how such forecasts came out."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest

from finops.core.forecasting.forecast import Forecast, Record
from finops.core.forecasting.intervals import Bands
from finops.core.forecasting.states import HORIZONS_D


@pytest.mark.parametrize(
    ("days", "windows", "error", "coverage", "confidence"),
    [
        (120, 8.0, 0.05, 0.8, "high"),
        (120, 8.0, 0.25, 0.8, "high"),
        (120, 8.0, 0.26, 0.8, "medium"),
        (120, 8.0, 0.51, 0.8, "low"),
        (120, 8.0, 0.05, 0.59, "low"),
        (120, 3.0, 0.05, 0.3, "medium"),  # too few windows to tell the coverage
        (120, 3.0, 0.6, 0.8, "low"),
        (120, 0.5, 0.05, 0.8, "low"),
        (13, 8.0, 0.05, 0.8, "low"),
        (120, 8.0, None, None, "high"),
    ],
)
def test_confidence_follows_the_record(
    days: int, windows: float, error: float | None, coverage: float | None, confidence: str
) -> None:
    records: dict[int, tuple[Record, ...]] = {h: (Record(h, windows, error, 0.3, coverage),) for h in HORIZONS_D}
    found = Forecast(np.zeros((1, 30)), (np.array([0]),), np.array([days]), cast(Bands, None), records)
    assert found.confidence(0, 30) == confidence
