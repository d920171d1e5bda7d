"""What is said of a figure, once for all places that show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Direction = Literal["lower is better", "higher is better", "neither"]


@dataclass(frozen=True)
class Metric:
    """One metric. `source` is the model and column that it is read from, or the step that computes it."""

    id: str
    label: str
    unit: str
    formula: str
    source: str
    direction: Direction = "neither"
    caveats: str = ""
    floor: int = 0
    """The smallest count that the figure is shown for: fewer runs, requests or tokens say nothing of the next one."""
