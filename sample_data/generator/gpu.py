"""The GPU queue, hour by hour: batches arrive, nodes tag images, and what is left waits. Meters and signals follow from it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from generator import company
from generator.chance import stream
from generator.runs import Run, days


@dataclass
class Hour:
    """What happened in one hour: seconds used by (node, tenant), and how the queue stood at its end."""

    start: datetime
    nodes: list[int]
    used: dict[tuple[int, str], int] = field(default_factory=dict)
    waiting: int = 0
    oldest_s: int = 0
    tagged: int = 0


def node_is_up(node: int, day: date, hour: int) -> bool:
    """On-demand nodes always run; the spot node since the trial, but for the hours after it was taken back."""
    if company.NODES[node]["option"] != "spot":
        return True
    if day < company.SPOT_TRIAL_FROM:
        return False
    return not any(day == gap and begin <= hour < begin + length for (gap, begin), length in company.SPOT_GAPS.items())


def simulate(runs: list[Run]) -> list[Hour]:
    """Every hour of the period, from the tagging runs."""
    arriving: dict[datetime, list[Run]] = {}
    for run in runs:
        if run.images:
            arriving.setdefault(run.start.replace(minute=0, second=0, microsecond=0), []).append(run)
    queue: deque[list[object]] = deque()  # [tenant, images left, arrival]
    hours = []
    for day in days():
        for clock in range(24):
            start = datetime(day.year, day.month, day.day, clock, tzinfo=UTC)
            queue.extend([r.tenant, r.images, start] for r in arriving.get(start, ()))
            hours.append(_one_hour(start, queue))
    return hours


def _one_hour(start: datetime, queue: deque[list[object]]) -> Hour:
    nodes = [n for n in range(len(company.NODES)) if node_is_up(n, start.date(), start.hour)]
    hour = Hour(start, nodes)
    busy_s = 3_300 + int(200 * stream("busy", start).random())  # the rest goes to loading batches
    room = len(nodes) * busy_s * company.IMAGES_PER_SECOND
    served: dict[str, int] = {}
    while queue and room:
        batch = queue[0]
        images = min(room, int(str(batch[1])))
        served[str(batch[0])] = served.get(str(batch[0]), 0) + images
        batch[1] = int(str(batch[1])) - images
        room -= images
        if not batch[1]:
            queue.popleft()
    for tenant, images in sorted(served.items()):
        seconds = images // company.IMAGES_PER_SECOND
        for place, node in enumerate(nodes):
            hour.used[node, tenant] = seconds // len(nodes) + (1 if place < seconds % len(nodes) else 0)
    hour.tagged = sum(served.values())
    hour.waiting = sum(int(str(batch[1])) for batch in queue)
    if queue:
        arrived = queue[0][2]
        assert isinstance(arrived, datetime)
        hour.oldest_s = int((start + timedelta(hours=1) - arrived).total_seconds())
    return hour
