"""What a machine has to hold."""

from __future__ import annotations

from decimal import Decimal

import pytest

from finops.core.placing.needs import Needs, architecture, needs_of
from finops.core.placing.offer import Spec

L4 = Spec("aws", "g6.xlarge", "L4", 1, Decimal(24), 4, Decimal(16))


@pytest.mark.parametrize(
    ("provider", "name", "arch"),
    [
        ("aws", "m7g.xlarge", "arm64"), ("aws", "g5g.xlarge", "arm64"), ("aws", "a1.large", "arm64"),
        ("aws", "g6.xlarge", "x86_64"), ("aws", "c7gn.large", "arm64"), ("aws", "m6id.large", "x86_64"),
        ("azure", "Standard_D4ps_v5", "arm64"),
        ("azure", "Standard_D4s_v5", "x86_64"), ("gcp", "t2a-standard-4", "arm64"), ("gcp", "c4-standard-4", "x86_64"),
        ("elsewhere", "m7g", None),
    ],
)  # fmt: skip
def test_the_architecture_by_the_name(provider: str, name: str, arch: str | None) -> None:
    assert architecture(provider, name) == arch


def test_all_of_it_has_to_be_held() -> None:
    assert needs_of("vcpu=4, memory=16GiB, gpu=L4, gpu-memory=24, arch=amd64").met_by(L4)
    assert not any(
        needs_of(text).met_by(L4) for text in ("vcpu=5", "memory=16.5", "gpu=2xL4", "gpu=T4", "gpu-memory=40", "arch=arm64")
    )


def test_what_is_not_known_of_a_machine_does_not_count() -> None:
    unknown = Spec("aws", "x1.large", None, None, None, None, None)
    assert not Needs(vcpu=1).met_by(unknown)
    assert not needs_of("gpu-memory=1").met_by(unknown)
    assert str(needs_of("gpu=8xa100,vcpu=4")) == "vcpu=4,gpu=8xA100"
