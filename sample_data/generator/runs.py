"""Which runs happen: bursty weekdays, a little growth, and one tenant that floods the service desk."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from generator import company
from generator.chance import hexadecimal, pick, stream

HOURS = (1, 1, 1, 1, 1, 2, 3, 6, 10, 13, 13, 11, 8, 10, 13, 12, 10, 7, 5, 4, 3, 2, 2, 1)
"""How runs spread over the hours of a day in UTC."""


@dataclass
class Run:
    """One execution of a workflow, before its spans exist."""

    workflow: str
    tenant: str
    start: datetime
    trace: str
    chance: random.Random
    spike: bool = False
    failed: bool = False
    accepted: bool | None = None
    images: int = 0
    calls: list[Call] = field(default_factory=list)


@dataclass(frozen=True)
class Call:
    """One metered call that succeeded: what the provider counts and bills."""

    day: date
    tenant: str
    agent: str
    workflow: str
    model: str
    uncached: int
    cached: int
    output: int
    in_loop: bool = False
    in_spike: bool = False


def days() -> Iterator[date]:
    """Every generated day, to the end of the open month."""
    day = company.FIRST_DAY
    while day <= company.LAST_DAY:
        yield day
        day += timedelta(days=1)


def within(day: date, bounds: tuple[date, date]) -> bool:
    return bounds[0] <= day <= bounds[1]


def runs_of(day: date) -> list[Run]:
    """The runs that start on a day, in order of time."""
    found: list[Run] = []
    for name in company.WORKFLOWS:
        chance = stream("runs", day, name)
        for number in range(_count(name, day, chance)):
            found.append(_run(name, day, stream("run", day, name, number)))
    if within(day, company.SPIKE_DAYS):
        for number in range(company.SPIKE_RUNS):
            run = _run("service-desk-triage", day, stream("spike", day, number))
            run.tenant, run.spike, run.accepted, run.failed = company.SPIKE_TENANT, True, None, False
            found.append(run)
    return sorted(found, key=lambda run: (run.start, run.trace))


def _count(name: str, day: date, chance: random.Random) -> int:
    plan = company.WORKFLOWS[name]
    age = (day - company.FIRST_DAY).days / 120
    expected = float(str(plan["runs"])) * (1 + company.GROWTH * age)
    if day.weekday() >= 5:
        expected *= float(str(plan["weekend"]))
    burst = 0.80 + 0.40 * chance.random() + (0.35 if chance.random() < 0.06 else 0.0)
    return int(expected * burst + chance.random())


def _run(name: str, day: date, chance: random.Random) -> Run:
    plan = company.WORKFLOWS[name]
    hour = int(pick(chance, {str(h): weight for h, weight in enumerate(HOURS)}))
    start = datetime(day.year, day.month, day.day, hour, tzinfo=UTC) + timedelta(milliseconds=int(chance.random() * 3_540_000))
    tenants = plan["tenants"]
    assert isinstance(tenants, dict)
    run = Run(name, pick(chance, tenants), start, "0acc" + hexadecimal(chance, 28), chance)
    fate = chance.random()
    failed, unknown, accepted = (float(str(plan[key])) for key in ("failed", "unknown", "accepted"))
    run.failed = fate < failed
    if chance.random() >= unknown:
        run.accepted = not run.failed and chance.random() < accepted / (1 - failed)
    if name == "product-image-tagging":
        run.images = 8_000 + int(52_000 * chance.random())
    return run
