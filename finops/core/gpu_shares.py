"""Parts of a GPU: the share that a workload's largest need takes, MIG profiles, and how many whole GPUs parts need."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal


@dataclass(frozen=True)
class Profile:
    """A MIG slice: sevenths of the compute and GB of the memory."""

    name: str
    sevenths: int
    memory_gb: int
    most: int
    """How many of them fit on one GPU."""


A100_40 = (
    Profile("1g.5gb", 1, 5, 7), Profile("2g.10gb", 2, 10, 3), Profile("3g.20gb", 3, 20, 2), Profile("4g.20gb", 4, 20, 1),
    Profile("7g.40gb", 7, 40, 1),
)  # fmt: skip
A100_80 = tuple(replace(one, name=f"{one.name[:2]}.{one.memory_gb * 2}gb", memory_gb=one.memory_gb * 2) for one in A100_40)


def dominant_share(needs: Iterable[tuple[Decimal, Decimal]]) -> Decimal:
    """The share of a GPU that a workload pays: the largest of need / whole over compute, memory and the CPUs beside it."""
    return max(need / whole for need, whole in needs)


def profile_for(compute: Decimal, memory_gb: Decimal, profiles: Sequence[Profile] = A100_40) -> Profile | None:
    """The smallest slice that holds so large a share of the compute and so much memory; None where the whole GPU is too small."""
    fitting = [one for one in profiles if one.sevenths >= compute * 7 and one.memory_gb >= memory_gb]
    return min(fitting, key=lambda one: (one.sevenths, one.memory_gb), default=None)


def gpus_for(sevenths: Iterable[int]) -> int:
    """Whole GPUs for slices of so many sevenths, the largest first, each into the first GPU with room. Never fewer than their
    sum / 7, never more than one each."""
    rooms: list[int] = []
    for need in sorted(sevenths, reverse=True):
        place = next((number for number, room in enumerate(rooms) if room >= need), None)
        if place is None:
            rooms.append(7 - need)
        else:
            rooms[place] -= need
    return len(rooms)
