"""Parts of a GPU: the share that a workload's largest need takes, and the MIG slices that may stand beside each other on one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from itertools import combinations


@dataclass(frozen=True)
class Profile:
    """A MIG slice: how many of the GPU's parts of compute it has, GB of memory, how many parts of the memory that takes, and at
    which parts of the memory it may begin."""

    name: str
    compute: int
    memory_gb: int
    parts: int
    starts: tuple[int, ...]

    @property
    def most(self) -> int:
        """How many of them fit on one GPU."""
        return len(self.starts)


def _sevenths(gigabytes: Sequence[int]) -> tuple[Profile, ...]:
    """Seven parts of compute and eight of memory: the memory of an eighth, of two, of four, and of all."""
    eighth, quarter, half, whole = gigabytes
    return (
        Profile(f"1g.{eighth}gb", 1, eighth, 1, (0, 1, 2, 3, 4, 5, 6)),
        Profile(f"1g.{quarter}gb", 1, quarter, 2, (0, 2, 4, 6)),
        Profile(f"2g.{quarter}gb", 2, quarter, 2, (0, 2, 4)),
        Profile(f"3g.{half}gb", 3, half, 4, (0, 4)),
        Profile(f"4g.{half}gb", 4, half, 4, (0,)),
        Profile(f"7g.{whole}gb", 7, whole, 8, (0,)),
    )


def _quarters(gigabytes: Sequence[int]) -> tuple[Profile, ...]:
    quarter, half, whole = gigabytes
    return (
        Profile(f"1g.{quarter}gb", 1, quarter, 1, (0, 1, 2, 3)),
        Profile(f"2g.{half}gb", 2, half, 2, (0, 2)),
        Profile(f"4g.{whole}gb", 4, whole, 4, (0,)),
    )


_GPUS: dict[tuple[str, int], tuple[Profile, ...]] = {
    ("A30", 24): _quarters((6, 12, 24)),
    ("A100", 40): _sevenths((5, 10, 20, 40)),
    ("A100", 80): _sevenths((10, 20, 40, 80)),
    ("H100", 80): _sevenths((10, 20, 40, 80)),
    ("H100 NVL", 94): _sevenths((12, 24, 47, 94)),
    ("H200", 141): _sevenths((18, 35, 71, 141)),
    ("B200", 180): _sevenths((23, 45, 90, 180)),
    ("B300", 269): _sevenths((34, 67, 135, 269)),
    ("RTX PRO 6000", 96): _quarters((24, 48, 96)),
}
"""By name and nominal memory; NVIDIA, Multi-Instance GPU User Guide, supported profiles and their placements."""


def mig_profiles(gpu: str, memory_gb: Decimal) -> tuple[Profile, ...]:
    """The slices of a GPU, the smallest first; none where it has no MIG, or where its slices are not known."""
    return _GPUS.get((gpu.upper(), round(memory_gb)), ())


@cache
def layouts(profiles: tuple[Profile, ...]) -> tuple[tuple[int, ...], ...]:
    """Every way to cut a GPU that no other way has more slices than: how many of each profile, sorted."""
    found: set[tuple[int, ...]] = set()

    def cut(taken: frozenset[int], counts: tuple[int, ...]) -> None:
        if len(counts) == len(profiles):
            found.add(counts)
            return
        one = profiles[len(counts)]
        for count in range(one.most + 1):
            for starts in combinations(one.starts, count):
                places = [part for start in starts for part in range(start, start + one.parts)]
                if not taken & set(places):
                    cut(taken | frozenset(places), (*counts, count))

    cut(frozenset(), ())
    return tuple(sorted(one for one in found if not any(one != other and _within(one, other) for other in found)))


def _within(one: Sequence[int], other: Sequence[int]) -> bool:
    return all(a <= b for a, b in zip(one, other, strict=True))


def dominant_share(needs: Iterable[tuple[Decimal, Decimal]]) -> Decimal:
    """The share of a GPU that a workload pays: the largest of need / whole over compute, memory and the CPUs beside it."""
    return max(need / whole for need, whole in needs)
