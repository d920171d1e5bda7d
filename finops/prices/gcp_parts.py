"""What a Compute Engine machine is made of, and which SKUs of the catalogue price its parts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from finops.core.placing.offer import Spec

HOURS_A_MONTH = 730
_CORE, _RAM, _GPU, _SSD = "core", "ram", "gpu", "ssd"

_FAMILIES: Mapping[str, str] = {
    "COMPUTE OPTIMIZED": "c2", "MEMORY-OPTIMIZED": "m1", "N2D AMD": "n2d",
    "C2D AMD": "c2d", "T2D AMD": "t2d", "T2A ARM": "t2a", "C3D AMD": "c3d", "C4A ARM": "c4a",
}  # fmt: skip
"""Names of families in descriptions that are not simply the family's."""
_PART = re.compile(
    r"^(?:(?P<family>[A-Z0-9 -]+?) )?(?:PREDEFINED )?(?:INSTANCE )?(?P<part>CORE|RAM|CPU)(?: RUNNING)? IN ", re.IGNORECASE
)
_ACCELERATOR = re.compile(
    r"^(?:NVIDIA (?:TESLA )?|(?=RTX ))(?P<name>.+?) (?:GPU )?(?:ATTACHED TO .*?)?(?:RUNNING )?IN ", re.IGNORECASE
)
_COMMITMENT = re.compile(r"^COMMITMENT(?: V\d+)?: ?", re.IGNORECASE)
_SPOT = re.compile(r"^SPOT PREEMPTIBLE |^PREEMPTIBLE ", re.IGNORECASE)
_ODD = re.compile(r"SOLE TENANCY|DWS|CALENDAR MODE|RESERVED|CUSTOM|EXTENDED|UPGRADE PREMIUM|OVERCOMMIT", re.IGNORECASE)

ACCELERATORS: Mapping[str, str] = {
    "a2-highgpu": "A100", "a2-megagpu": "A100", "a2-ultragpu": "A100 80GB", "a3-highgpu": "H100 80GB",
    "a3-megagpu": "H100 80GB MEGA", "g2-standard": "L4", "g4-standard": "RTX 6000 96GB",
}  # fmt: skip
"""Machine series to its accelerator, as descriptions name it. A series that is not here gets no price, rather than a sum
without its accelerators."""
_SSD_GIB: Mapping[str, int] = {
    "a3-highgpu-1g": 750, "a3-highgpu-2g": 1500, "a3-highgpu-4g": 3000, "a3-highgpu-8g": 6000, "a3-megagpu-8g": 6000,
    "a2-ultragpu-1g": 375, "a2-ultragpu-2g": 750, "a2-ultragpu-4g": 1500, "a2-ultragpu-8g": 3000,
}  # fmt: skip
"""GiB of local SSD that a machine always comes with, and that are billed beside it."""


@dataclass(frozen=True)
class Part:
    """A part of machines that a SKU prices: cores and memory of a family, an accelerator, or local SSD. `purchase_option` is by
    the SKU's usage type and, where that is wrong, by its description."""

    kind: str
    of: str
    purchase_option: str


_OPTIONS = {"OnDemand": "on_demand", "Preemptible": "spot", "Commit1Yr": "reserved_1y", "Commit3Yr": "reserved_3y"}


def part_of(description: str, usage_type: str) -> Part | None:
    """What a SKU prices; None where it is no part of a predefined machine."""
    option = _OPTIONS.get(usage_type)
    text = _COMMITMENT.sub("", description.strip())
    if "PREEMPTIBLE" in text.upper():  # some spot SKUs are said to be on demand
        option, text = "spot", _SPOT.sub("", text)
    if option is None or _ODD.search(text):
        return None
    if re.match(r"SSD BACKED LOCAL STORAGE|LOCAL SSD", text, re.IGNORECASE):
        return Part(_SSD, "", option)
    accelerator = _ACCELERATOR.match(text)
    if accelerator is not None:
        return Part(_GPU, _accelerator(accelerator["name"]), option)
    match = _PART.match(text)
    if match is None or (not match["family"] and not option.startswith("reserved")):
        return None
    said = (match["family"] or "N1").upper().strip()  # the oldest commitments name no family
    family = _FAMILIES.get(said, said.removesuffix(" AMD").removesuffix(" ARM").lower())
    if not re.fullmatch(r"[a-z]\d+[a-z]?", family):
        return None
    return Part(_RAM if match["part"].upper() == "RAM" else _CORE, family, option)


def parts_of(spec: Spec) -> dict[tuple[str, str], Decimal] | None:
    """The parts of a machine with their quantities: cores, GiB of memory, accelerators, GiB of local SSD."""
    if spec.vcpu is None or spec.memory_gib is None:
        return None
    family, series = spec.instance_type.partition("-")[0], spec.instance_type.rpartition("-")[0]
    parts = {(_CORE, family): Decimal(spec.vcpu), (_RAM, family): spec.memory_gib}
    if spec.gpu_count:
        if series not in ACCELERATORS:
            return None
        parts[_GPU, ACCELERATORS[series]] = Decimal(spec.gpu_count)
    if spec.instance_type in _SSD_GIB:
        parts[_SSD, ""] = Decimal(_SSD_GIB[spec.instance_type])
    return parts


def _accelerator(said: str) -> str:
    """The name of an accelerator without what only some descriptions add."""
    return re.sub(r"\s+(PLUS|GPU)$", lambda found: " MEGA" if found[1].upper() == "PLUS" else "", said.upper().strip())
