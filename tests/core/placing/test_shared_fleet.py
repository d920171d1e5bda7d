"""The cheapest fleet of models that share GPUs."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from itertools import combinations_with_replacement

from hypothesis import given, settings
from hypothesis import strategies as st

from finops.core.placing.gpu_shares import layouts, mig_profiles
from finops.core.placing.shared_fleet import Fleet, GpuKind, Work, cheapest_fleet

D = Decimal
MIG = mig_profiles("A100", D(40))
A100 = GpuKind("A100", D("3.67"), 1, D(40), (20, 20, 10), MIG)
L4 = GpuKind("L4", D("0.80"), 1, D(24), (6, 6, 2.5))
WORKS = [Work("embed", 0.6, D(4)), Work("rerank", 1.5, D(9)), Work("chat", 4, D(18))]


def _found(kinds: list[GpuKind], works: list[Work], *, share: bool = True) -> Fleet:
    found = cheapest_fleet(kinds, works, share=share)
    assert found is not None
    assert found.proved
    return found


def test_slices_of_one_gpu_take_the_place_of_three() -> None:
    """Each model fits a slice: 0.6 of 20/7 on 1g, 1.5 of 20/7 on a 1g with 10 GB, 4 of 30/7 on 3g. Needs: 4/40 of the memory,
    9/40 and 18/40 (each more than its compute), so 0.225 of the price is lost."""
    found = _found([A100], WORKS)
    assert (found.machines, found.cost) == ({"A100": 1}, D("3.67"))
    stands = found.shared["A100"][0].replicas
    assert {model: part for model, part, _ in stands if model} == {"embed": "1g.5gb", "rerank": "1g.10gb", "chat": "3g.20gb"}
    assert found.lost(A100) == D("3.67") * (1 - D(31) / 40)
    assert _found([A100], WORKS, share=False).machines == {"A100": 3}


def test_turns_on_a_gpu_keep_its_memory_and_its_time() -> None:
    """Chat needs 1.6 L4s and 18 of 24 GB, beside which embed fits (4 GB, a tenth of the time) and rerank (9 GB) does not."""
    found = _found([L4], WORKS)
    assert (found.machines, found.cost) == ({"L4": 3}, D("2.40"))
    assert _found([L4], WORKS, share=False).machines == {"L4": 4}
    assert _found([L4], WORKS[1:2]).shared["L4"][0].replicas == (("rerank", None, D("0.375")),)


def test_a_slice_that_was_measured_serves_what_was_measured() -> None:
    slow = GpuKind("A100", D("3.67"), 1, D(40), (20, 20, 10), MIG, sliced={"1g.5gb": (0.1, None, None)})
    parts = {part for one in _found([slow], WORKS).shared["A100"] for model, part, _ in one.replicas if model == "embed"}
    assert parts == {"1g.10gb"}


def test_a_model_larger_than_a_gpu_has_whole_machines() -> None:
    big, small = Work("big", 3, D(140)), Work("small", 1, D(10))
    eight = GpuKind("8 x A100", D("21.95"), 8, D(40), (2, 80), MIG)
    found = _found([eight], [big, small])
    assert found.machines == {"8 x A100": 3}, "two for the large one, whose GPUs nobody else gets"
    assert cheapest_fleet([A100], [Work("big", 1, D(41)), small, small]) is None
    assert cheapest_fleet([GpuKind("few", D(1), 1, D(40), (1,), most=1)], [Work("much", 3, D(4))]) is None


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 40), st.integers(1, 22)), min_size=1, max_size=4),
    st.booleans(),
)
def test_every_rate_is_served_on_gpus_that_can_be_cut_so(asked: list[tuple[int, int]], mig: bool) -> None:
    """Never dearer than unshared, never cheaper than the sum of needs; slices stand as MIG lets them, and memory fits."""
    works = [Work(f"m{number}", rate / 4, D(gb)) for number, (rate, gb) in enumerate(asked)]
    serves = tuple(4.0 + number for number in range(len(works)))
    kind = GpuKind("g", D(2), 1, D(40), serves, MIG if mig else ())
    found = _found([kind], works)
    assert found.cost <= _found([kind], works, share=False).cost
    assert sum(work.rate / rate for work, rate in zip(works, serves, strict=True)) <= found.machines["g"] + 1e-6
    assert 0 <= found.lost(kind) < found.cost
    served: Counter[str] = Counter()
    for one in found.shared["g"]:
        if not mig:
            assert sum(work.memory_gb for work in works if work.name in {model for model, *_ in one.replicas}) <= 40
            continue
        cut = Counter(part for _, part, _ in one.replicas)
        assert tuple(cut[profile.name] for profile in MIG) in layouts(MIG)
        for model, part, _ in one.replicas:
            if model:
                number = int(model[1:])
                profile = next(profile for profile in MIG if profile.name == part)
                assert profile.memory_gb >= works[number].memory_gb
                served[model] += one.gpus * kind.on_slice(number, profile)  # type: ignore[assignment]
    assert not mig or all(served[work.name] >= work.rate - 1e-6 for work in works)


def _fits(gpus: int, works: list[Work], serves: tuple[float, ...]) -> bool:
    """Whether so many GPUs are enough, by trying every way to cut them and every model on every slice."""
    for cuts in combinations_with_replacement(layouts(MIG), gpus):
        given_out = {(0,) * len(works)}
        for profile in [profile for cut in cuts for profile, count in zip(MIG, cut, strict=True) for _ in range(count)]:
            given_out |= {
                (*parts[:number], parts[number] + profile.compute, *parts[number + 1 :])
                for parts in given_out
                for number, work in enumerate(works)
                if work.memory_gb <= profile.memory_gb
            }
        enough = [work.rate * 7 / rate - 1e-6 for work, rate in zip(works, serves, strict=True)]
        if any(all(part >= need for part, need in zip(parts, enough, strict=True)) for parts in given_out):
            return True
    return False


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 30), st.sampled_from([3, 5, 10, 14, 20, 40]), st.integers(3, 12)), min_size=1, max_size=2)
)
def test_no_fewer_gpus_would_do(asked: list[tuple[int, int, int]]) -> None:
    works = [Work(f"m{number}", rate / 10, D(gb)) for number, (rate, gb, _) in enumerate(asked)]
    serves = tuple(float(rate) for *_, rate in asked)
    gpus = _found([GpuKind("g", D(1), 1, D(40), serves, MIG)], works).machines["g"]
    if gpus <= 2:
        assert _fits(gpus, works, serves)
        assert gpus == 1 or not _fits(gpus - 1, works, serves)
