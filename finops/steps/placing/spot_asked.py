"""A question about a job on spot, and the prices that answer it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from finops.core.placing.offer import Offer
from finops.core.spot.job import Job

Checkpoint = Literal["best", "none", "notice"] | float
"""When work is kept: as often as is billed least, never, when notice is given, or each so many hours."""


@dataclass(frozen=True)
class Asked:
    """The question: the job (its work, restart, write, wait and machines), how checkpoints are set, and by when."""

    job: Job
    checkpoint: Checkpoint = "best"
    deadline_h: float | None = None
    grace_h: float | None = None
    """Notice before capacity is taken; None is the provider's own."""
    paths: int = 10_000
    seed: int = 1


@dataclass(frozen=True)
class Market:
    """The prices of one machine in one region."""

    on_demand: Offer
    spot: Offer
    committed: Mapping[str, tuple[Decimal, Offer | None]]
