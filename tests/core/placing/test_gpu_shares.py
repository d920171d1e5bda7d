"""Parts of a GPU: MIG slices that may stand beside each other, and the share that a need takes."""

from __future__ import annotations

from decimal import Decimal

import pytest

from finops.core.placing.gpu_shares import dominant_share, layouts, mig_profiles

D = Decimal
A100 = mig_profiles("A100", D(40))


def _named(counts: tuple[int, ...]) -> dict[str, int]:
    return {one.name: count for one, count in zip(A100, counts, strict=True) if count}


def test_the_slices_of_an_a100_are_nvidias() -> None:
    """Multi-Instance GPU User Guide, A100-SXM4-40GB: name, parts of compute and memory, how many there are at most."""
    assert [(one.name, one.compute, one.parts, one.most) for one in A100] == [
        ("1g.5gb", 1, 1, 7), ("1g.10gb", 1, 2, 4), ("2g.10gb", 2, 2, 3), ("3g.20gb", 3, 4, 2), ("4g.20gb", 4, 4, 1),
        ("7g.40gb", 7, 8, 1),
    ]  # fmt: skip
    assert mig_profiles("a100", D(80))[0].name == "1g.10gb"
    assert mig_profiles("H200", D(141))[-1].name == "7g.141gb"
    assert not mig_profiles("L4", D(24))


@pytest.mark.parametrize(
    "cut",
    [
        {"3g.20gb": 2}, {"3g.20gb": 1, "4g.20gb": 1}, {"1g.5gb": 4, "3g.20gb": 1}, {"1g.5gb": 7}, {"7g.40gb": 1},
        {"1g.10gb": 1, "2g.10gb": 3}, {"1g.5gb": 3, "4g.20gb": 1}, {"1g.5gb": 1, "2g.10gb": 3},
    ],
)  # fmt: skip
def test_cuts_that_a_gpu_can_have(cut: dict[str, int]) -> None:
    assert cut in [_named(one) for one in layouts(A100)]


@pytest.mark.parametrize(
    "cut", [{"3g.20gb": 2, "1g.5gb": 1}, {"4g.20gb": 1, "3g.20gb": 1, "1g.5gb": 1}, {"1g.5gb": 8}, {"2g.10gb": 4}]
)
def test_two_slices_of_three_sevenths_leave_a_seventh_that_nobody_gets(cut: dict[str, int]) -> None:
    """3 + 3 + 1 sevenths of compute would fit, their memory does not."""
    for one in map(_named, layouts(A100)):
        assert not all(one.get(name, 0) >= count for name, count in cut.items())


def test_the_largest_need_is_paid() -> None:
    assert dominant_share([(D(300), D(1000)), (D(10), D(24)), (D(2), D(8))]) == D(10) / 24
