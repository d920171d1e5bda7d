"""What a machine has to hold for work that was not measured: virtual CPUs, memory, accelerators, architecture."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from finops.core.placing.offer import Spec
from finops.errors import UsageError

_HINT = "such as vcpu=4,memory=16 or gpu=8xA100,gpu-memory=40 or vcpu=8,arch=x86_64"
_KNOWN = ("vcpu", "memory", "gpu", "gpu-memory", "arch")
_ARCHITECTURES = ("x86_64", "arm64")
_ARM = {
    "aws": re.compile(r"(?:a1|[a-z]+\d+g[a-z]*(?:-[a-z0-9]+)?)\."),
    "azure": re.compile(r"Standard_[A-Z]+\d+(?:-\d+)?[a-z]*p[a-z]*_"),
    "gcp": re.compile(r"(?:t2a|c4a|n4a|a4x)-"),
}
"""Names of Arm machines: AWS's letter g behind the generation, Azure's p among the features, Google's series."""


@dataclass(frozen=True)
class Needs:
    """At least so many virtual CPUs, GiB of memory and GB of memory of one accelerator, and exactly so many accelerators of the
    name; None where it does not matter."""

    vcpu: int | None = None
    memory_gib: Decimal | None = None
    gpu: str | None = None
    gpus: int | None = None
    gpu_memory_gb: Decimal | None = None
    arch: str | None = None

    def met_by(self, spec: Spec) -> bool:
        """Whether a machine is known to hold all of it; what is not known of it does not count."""
        for need, have in (
            (self.vcpu, spec.vcpu), (self.memory_gib, spec.memory_gib), (self.gpu_memory_gb, spec.gpu_memory_gb),
        ):  # fmt: skip
            if need is not None and (have is None or have < need):
                return False
        if self.gpu is not None and (self.gpu, self.gpus) != ((spec.gpu_name or "").upper(), spec.gpu_count):
            return False
        return self.arch in (None, architecture(spec.provider, spec.instance_type))

    def __str__(self) -> str:
        """As it was asked for."""
        parts = {
            "vcpu": self.vcpu, "memory": self.memory_gib, "gpu": self.gpu and f"{self.gpus}x{self.gpu}",
            "gpu-memory": self.gpu_memory_gb, "arch": self.arch,
        }  # fmt: skip
        return ",".join(f"{name}={value}" for name, value in parts.items() if value is not None)


def architecture(provider: str, instance_type: str) -> str | None:
    """The processors' architecture by the provider's naming; None of a provider whose names say nothing."""
    pattern = _ARM.get(provider)
    if pattern is None:
        return None
    return "arm64" if pattern.match(instance_type) else "x86_64"


def needs_of(text: str) -> Needs:
    """`vcpu=4,memory=16,gpu=2xL4,gpu-memory=24,arch=x86_64`; anything else is an error that says what is known."""
    given: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or name not in _KNOWN or name in given:
            raise UsageError(f"`{part}` is no need of a machine, or the second of its name", where="--needs", hint=_HINT)
        given[name] = value
    if not given:
        raise UsageError("nothing is needed", where="--needs", hint=_HINT)
    vcpu = _above_zero(given.get("vcpu"), "vcpu")
    if vcpu is not None and vcpu != int(vcpu):
        raise UsageError("`vcpu` is a whole number", where="--needs", hint=_HINT)
    count, accelerator = _accelerators(given.get("gpu"))
    arch = (
        given.get("arch", "").lower().replace("x86-64", "x86_64").replace("amd64", "x86_64").replace("aarch64", "arm64") or None
    )
    if arch not in (None, *_ARCHITECTURES):
        raise UsageError(f"`{given['arch']}` is no architecture", where="--needs", hint=" or ".join(_ARCHITECTURES))
    return Needs(
        None if vcpu is None else int(vcpu), _above_zero(given.get("memory"), "memory"), accelerator, count,
        _above_zero(given.get("gpu-memory"), "gpu-memory"), arch,
    )  # fmt: skip


def _accelerators(text: str | None) -> tuple[int | None, str | None]:
    if text is None:
        return None, None
    match = re.fullmatch(r"(?:(\d{1,3})\s*[x×]\s*)?(\S.*)", text, re.IGNORECASE)
    if match is None or match[1] == "0":
        raise UsageError(f"`{text}` names no accelerator", where="--needs", hint=_HINT)
    return int(match[1] or 1), match[2].upper()


def _above_zero(text: str | None, name: str) -> Decimal | None:
    if text is None:
        return None
    try:
        number = Decimal(re.sub(r"\s*(gi?b)?$", "", text, flags=re.IGNORECASE))
    except InvalidOperation:
        number = Decimal(0)
    if not number.is_finite() or not 0 < number < 1_000_000:
        raise UsageError(f"`{name}` is a number above 0, not `{text}`", where="--needs", hint=_HINT)
    return number
