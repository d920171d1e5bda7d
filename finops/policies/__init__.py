"""The consumers of budget policies: one module each, imported on use. Outsiders add theirs by entry point `finops.policies`."""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, cast

from finops.errors import UsageError

if TYPE_CHECKING:
    from finops.policies.base import Exporter

MODULES = ("neutral", "litellm")
"""An exporter's name is its module's name."""


def names() -> tuple[str, ...]:
    """Every exporter by name: the built-in ones in their order, then the outsiders' in alphabetical order."""
    return (*MODULES, *sorted(_outsiders()))


def exporter(name: str) -> Exporter:
    """The exporter of that name."""
    if name in MODULES:
        return cast("Exporter", import_module(f"finops.policies.{name}").EXPORTER)
    outsider = _outsiders().get(name)
    if outsider is None:
        near = get_close_matches(name, names(), n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"one of: {', '.join(names())}"
        raise UsageError(f"there is no consumer `{name}`", where="--to", hint=hint)
    try:
        return cast("Exporter", outsider.load().EXPORTER)
    except (ImportError, AttributeError) as error:
        hint = f"it comes from `{outsider.value}`; update or remove that package"
        raise UsageError(f"the exporter `{name}` can't be loaded: {error}", hint=hint) from error


def _outsiders() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group="finops.policies") if point.name not in MODULES}
