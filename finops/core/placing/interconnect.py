"""How the accelerators of a machine are linked, and whether work that was measured on one machine keeps its pace on another."""

from __future__ import annotations

from finops.core.placing.offer import Spec

NVLINK, PCIE = "NVLink", "PCIe"
_NVLINK = frozenset({"V100", "A100", "H100", "H200", "B200", "B300"})
_PCIE = frozenset(
    {"T4", "T4G", "L4", "L40S", "A10", "A10G", "M60", "H100 NVL", "RTX PRO 6000", "RTX PRO 4500", "RADEON PRO V520"}
)
"""As clouds sell them by the machine: the first on boards that link them all, the others in slots, at most bridged in pairs."""


def link_of(spec: Spec) -> str | None:
    """How several accelerators of one machine talk to each other; None for a single one, or where it is not known."""
    name = (spec.gpu_name or "").upper()
    if (spec.gpu_count or 0) < 2 or not spec.provider:
        return None
    if name in _PCIE or (spec.provider == "azure" and spec.instance_type.startswith("Standard_NC")):
        return PCIE
    return NVLINK if name in _NVLINK else None


def slower(measured: Spec, candidate: Spec, machines: int) -> str | None:
    """Why the candidate's links are slower than those that the work was measured on; None where they are not known to be."""
    if link_of(measured) == NVLINK and link_of(candidate) == PCIE:
        return "its accelerators are linked by PCIe, measured with NVLink"
    have, need = candidate.network_gbps, measured.network_gbps
    if machines > 1 and have is not None and need is not None and have < need:
        return f"{have:f} Gbit/s between its machines, measured with {need:f}"
    return None


def assumed(measured: Spec, candidate: Spec, machines: int) -> str | None:
    """What has to be taken as given of links that are not known."""
    if machines > 1 and None in (candidate.network_gbps, measured.network_gbps):
        return "a network between machines as fast as measured"
    return None
