"""How the accelerators of machines are linked, and where that keeps measured work from moving."""

from __future__ import annotations

from decimal import Decimal

import pytest

from finops.core.placing.interconnect import assumed, link_of, slower
from finops.core.placing.offer import Spec


def machine(provider: str, name: str, gpu: str, count: int, network: str | None = None) -> Spec:
    return Spec(provider, name, gpu, count, Decimal(80), 96, Decimal(900), Decimal(network) if network else None)


P4DE = machine("aws", "p4de.24xlarge", "A100", 4, "400")


@pytest.mark.parametrize(
    ("spec", "link"),
    [
        (machine("aws", "p5.48xlarge", "H100", 8), "NVLink"),
        (machine("azure", "Standard_ND96isr_H100_v5", "H100", 8), "NVLink"),
        (machine("azure", "Standard_NC96ads_A100_v4", "A100", 4), "PCIe"),
        (machine("azure", "Standard_NC80adis_H100_v5", "H100 NVL", 2), "PCIe"),
        (machine("aws", "g6e.12xlarge", "L40S", 4), "PCIe"),
        (machine("aws", "g6.xlarge", "L4", 1), None),
        (machine("azure", "Standard_ND96isr_MI300X_v5", "MI300X", 8), None),
        (machine("", "", "A100", 8), None),
    ],
)
def test_links(spec: Spec, link: str | None) -> None:
    assert link_of(spec) == link


def test_work_measured_with_nvlink_does_not_go_to_pcie_but_the_other_way() -> None:
    cards = machine("azure", "Standard_NC96ads_A100_v4", "A100", 4)
    assert slower(P4DE, cards, 1) == "its accelerators are linked by PCIe, measured with NVLink"
    assert slower(cards, P4DE, 1) is None
    assert slower(machine("", "", "A100", 4), cards, 1) is None, "a benchmark that names only the accelerator knows no link"


def test_the_network_counts_between_machines_alone() -> None:
    slow = machine("aws", "x.24xlarge", "A100", 4, "100")
    assert slower(P4DE, slow, 2) == "100 Gbit/s between its machines, measured with 400"
    assert (slower(P4DE, slow, 1), slower(slow, P4DE, 2)) == (None, None)
    unknown = machine("gcp", "a2-ultragpu-4g", "A100", 4)
    assert slower(P4DE, unknown, 2) is None
    assert assumed(P4DE, unknown, 2) == "a network between machines as fast as measured"
    assert assumed(P4DE, unknown, 1) is None
