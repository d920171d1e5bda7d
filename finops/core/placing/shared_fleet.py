"""The cheapest fleet for several models that may share GPUs, in MIG slices or in turns, and what is lost between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import combinations

from finops.core.placing.gpu_shares import Profile, layouts
from finops.core.placing.programme import Programme
from finops.core.placing.unit_cost import rounded

_NOTHING = 1e-9


@dataclass(frozen=True)
class Work:
    """A model with the requests a second that it has to serve, and the memory of the GPU that one replica takes."""

    name: str
    rate: float
    memory_gb: Decimal


@dataclass(frozen=True)
class GpuKind:
    """A kind of machine: its price an hour, its GPUs, and for each model how many requests a second the whole machine can serve
    when it serves nothing else; None where it can't."""

    name: str
    price: Decimal
    gpus: int
    memory_gb: Decimal
    """Of one GPU."""
    serves: tuple[float | None, ...]
    profiles: tuple[Profile, ...] = ()
    """MIG slices that its GPUs may be cut into; with none, models take turns on a GPU, or have it alone."""
    turns: bool = True
    sliced: Mapping[str, tuple[float | None, ...]] = field(default_factory=dict)
    """What was measured on a slice, by its name; else a slice serves its share of the compute."""
    most: int | None = None

    @property
    def compute(self) -> int:
        """The parts of compute that a GPU can be cut into."""
        return self.profiles[-1].compute if self.profiles else 1

    def on_slice(self, model: int, profile: Profile) -> float:
        """Requests a second of one replica on a slice."""
        if profile.name in self.sliced:
            return self.sliced[profile.name][model] or 0.0
        return (self.serves[model] or 0.0) / self.gpus * profile.compute / self.compute


@dataclass(frozen=True)
class SharedGpus:
    """So many GPUs of a kind with the same models on them: each with its slice and the share of the GPU that it needs (the
    larger of compute and memory). A slice without a model stands empty."""

    gpus: int
    replicas: tuple[tuple[str | None, str | None, Decimal], ...]
    """(model, slice, share needed); the share is of one GPU."""

    @property
    def needed(self) -> Decimal:
        return min(Decimal(1), sum((share for _, _, share in self.replicas), Decimal(0)))


@dataclass(frozen=True)
class Fleet:
    """Machines by kind, what stands on their GPUs, and the cost of an hour."""

    machines: Mapping[str, int]
    shared: Mapping[str, tuple[SharedGpus, ...]]
    cost: Decimal
    proved: bool
    """Whether the search ended with the proof that none is cheaper."""

    def lost(self, kind: GpuKind) -> Decimal:
        """What of a kind's cost an hour no model needs: rest of slices, GPUs not given out, idle time."""
        needed = sum((one.needed * one.gpus for one in self.shared[kind.name]), Decimal(0))
        return rounded(kind.price * (self.machines[kind.name] - needed / kind.gpus))


def cheapest_fleet(kinds: Sequence[GpuKind], works: Sequence[Work], *, share: bool = True) -> Fleet | None:
    """The fleet that serves every model's rate at the least cost, and of those the one that gives out the fewest GPUs; None where
    no fleet can. Without `share` each model has its GPUs alone.

    min sum_g y_g price_g over whole numbers of machines y, of GPUs n by how they are cut (or which models take turns on them) and
    of replicas z by slice: sum of replicas x what each serves >= rate, replicas of a profile <= its slices over all GPUs, time
    shares of a GPU <= 1, memory of its models <= its own, GPUs <= machines x GPUs of one. A model larger than one GPU has whole
    machines. Compute is taken to divide without loss where a slice was not measured."""
    programme = Programme()
    needs = [work.rate for work in works]
    uses = [_uses(programme, kind, works, share) for kind in kinds]
    for number, need in enumerate(needs):
        serving = [(index, rate) for use in uses for index, model, rate in use.serving if model == number]
        if need and not serving:
            return None
        programme.at_least(serving, need)
    solved = programme.solve()
    if solved is None:
        return None
    machines = {kind.name: round(solved[0][use.machines]) for kind, use in zip(kinds, uses, strict=True)}
    for kind, use in zip(kinds, uses, strict=True):
        programme.fix(use.machines, machines[kind.name])
    fewest = programme.solve([(index, weight) for use in uses for index, weight in use.given_out]) or solved
    served = [0.0] * len(works)
    for use in uses:
        for index, model, rate in use.serving:
            served[model] += fewest[0][index] * rate
    busy = [need / got if got else 0.0 for need, got in zip(needs, served, strict=True)]
    shared = {kind.name: tuple(_stands(fewest[0], kind, use, works, busy)) for kind, use in zip(kinds, uses, strict=True)}
    cost = sum((kind.price * machines[kind.name] for kind in kinds), Decimal(0))
    return Fleet(machines, shared, cost, solved[1])


@dataclass
class _Uses:
    """Where a kind of machine stands in the programme."""

    machines: int
    serving: list[tuple[int, int, float]] = field(default_factory=list)
    """(variable, model, requests a second of one)."""
    given_out: list[tuple[int, float]] = field(default_factory=list)
    """(variable, its share of a GPU)."""
    whole: list[tuple[int, int]] = field(default_factory=list)
    """(variable, model) of machines that a model has alone."""
    cuts: list[tuple[int, tuple[int, ...]]] = field(default_factory=list)
    replicas: list[tuple[int, int, int]] = field(default_factory=list)
    """(variable, model, profile)."""
    turns: list[tuple[int, list[tuple[int, int]]]] = field(default_factory=list)
    """(variable of GPUs, [(variable of the time share, model)])."""


def _uses(programme: Programme, kind: GpuKind, works: Sequence[Work], share: bool) -> _Uses:
    use = _Uses(programme.add(float(kind.price), most=kind.most))
    gpus = [(use.machines, -float(kind.gpus))]
    able = [number for number, work in enumerate(works) if kind.serves[number] and work.rate > 0]
    for number in able:
        if works[number].memory_gb > kind.memory_gb and works[number].memory_gb <= kind.memory_gb * kind.gpus:
            index = programme.add()
            use.whole.append((index, number))
            use.serving.append((index, number, kind.serves[number] or 0.0))
            use.given_out.append((index, float(kind.gpus)))
            gpus.append((index, float(kind.gpus)))
    fits = [number for number in able if works[number].memory_gb <= kind.memory_gb]
    if kind.profiles and share:
        for profile in range(len(kind.profiles)):
            _add_slices(programme, kind, use, works, fits, profile)
        for cut in layouts(kind.profiles):
            use.cuts.append((index := programme.add(), cut))
            gpus.append((index, 1.0))
        for profile in range(len(kind.profiles)):
            replicas = [(index, 1.0) for index, _, own in use.replicas if own == profile]
            programme.at_most(replicas + [(index, -float(cut[profile])) for index, cut in use.cuts], 0.0)
    else:
        for group in _together(kind, works, fits) if share and kind.turns else [(number,) for number in fits]:
            index, shares = programme.add(), []
            for number in group:
                shares.append((time := programme.add(whole=False), number))
                use.serving.append((time, number, (kind.serves[number] or 0.0) / kind.gpus))
            use.turns.append((index, shares))
            use.given_out.append((index, 1.0))
            gpus.append((index, 1.0))
            programme.at_most([*((time, 1.0) for time, _ in shares), (index, -1.0)], 0.0)
    programme.at_most(gpus, 0.0)
    return use


def _add_slices(
    programme: Programme, kind: GpuKind, use: _Uses, works: Sequence[Work], fits: Sequence[int], profile: int
) -> None:
    one = kind.profiles[profile]
    size = max(one.compute / kind.compute, one.parts / kind.profiles[-1].parts)
    for number in fits:
        serves = kind.on_slice(number, one)
        if serves and works[number].memory_gb <= one.memory_gb:
            index = programme.add()
            use.replicas.append((index, number, profile))
            use.serving.append((index, number, serves))
            use.given_out.append((index, size))


def _together(kind: GpuKind, works: Sequence[Work], fits: Sequence[int]) -> list[tuple[int, ...]]:
    """The sets of models whose memory fits on one GPU and to which no other model can be added."""
    sets = [
        frozenset(group)
        for count in range(1, len(fits) + 1)
        for group in combinations(fits, count)
        if sum((works[number].memory_gb for number in group), Decimal(0)) <= kind.memory_gb
    ]
    return [tuple(sorted(one)) for one in sets if not any(one < other for other in sets)]


def _stands(
    solved: Sequence[float], kind: GpuKind, use: _Uses, works: Sequence[Work], busy: Sequence[float]
) -> Iterator[SharedGpus]:
    """What stands on the GPUs of a kind, equal GPUs together."""
    for index, number in use.whole:
        if count := round(solved[index]):
            share = _share(busy[number], works[number].memory_gb / (kind.memory_gb * kind.gpus))
            yield SharedGpus(count * kind.gpus, ((works[number].name, None, share),))
    for index, shares in use.turns:
        if count := round(solved[index]):
            on_each = [(number, solved[time] / count) for time, number in shares if solved[time] > _NOTHING]
            yield SharedGpus(
                count,
                tuple(
                    (works[number].name, None, _share(time * busy[number], works[number].memory_gb / kind.memory_gb))
                    for number, time in on_each
                ),
            )
    waiting = {
        profile: [number for index, number, own in use.replicas if own == profile for _ in range(round(solved[index]))]
        for profile in range(len(kind.profiles))
    }
    stands: Counter[tuple[tuple[str | None, str | None, Decimal], ...]] = Counter()
    for index, cut in use.cuts:
        for _ in range(round(solved[index])):
            placed: list[tuple[str | None, str | None, Decimal]] = []
            for profile in reversed(range(len(cut))):
                for _ in range(cut[profile]):
                    placed.append(_on_slice(kind, works, busy, profile, waiting[profile]))
            stands[tuple(placed)] += 1
    for one, count in sorted(stands.items(), key=str):
        yield SharedGpus(count, one)


def _on_slice(
    kind: GpuKind, works: Sequence[Work], busy: Sequence[float], profile: int, waiting: list[int]
) -> tuple[str | None, str | None, Decimal]:
    """The next model that waits for such a slice, or an empty slice."""
    one = kind.profiles[profile]
    if not waiting:
        return None, one.name, Decimal(0)
    number = waiting.pop(0)
    share = _share(busy[number] * one.compute / kind.compute, works[number].memory_gb / kind.memory_gb)
    return works[number].name, one.name, share


def _share(compute: float, memory: Decimal) -> Decimal:
    return min(Decimal(1), max(Decimal(str(round(compute, 9))), round(memory, 9)))
