"""What a source is told of the configuration, and the parts of a file under it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.config import Settings
from finops.sources.mapped import fits_name
from finops.steps.ingesting.given_files import GivenFile, name_under

if TYPE_CHECKING:
    from finops.sources.base import Part, Source

DIMENSIONS = ("tenant", "agent", "workflow")


def source_options(settings: Settings) -> Mapping[str, Any]:
    """`attributes` are the span attributes that configuration names as identity, `identity` the whole lists by dimension."""
    identity = {name: getattr(settings.identity, name) for name in DIMENSIONS}
    named = {item for items in identity.values() for item in items}
    attributes = sorted(item.removeprefix("attr:") for item in named if item.startswith("attr:"))
    return {"attributes": tuple(attributes), "identity": identity}


def asked_of(source: Source, path: Path, settings: Settings) -> dict[str, Any]:
    """What `[[source]]` says of the file; the first that fits."""
    fitting = (
        one
        for one in settings.source_options
        if one.name == source.name and (not one.files or any(fits_name(path, pattern) for pattern in one.files))
    )
    found = next(fitting, None)
    return {"currency": found.currency} if found is not None and found.currency else {}


def parts_of(source: Source, file: GivenFile, settings: Settings, more: Mapping[str, Any] | None = None) -> Sequence[Part]:
    """The file's parts. Where it is read together with others (`more`), its content hash says so behind a bar. Of a source that
    names owners while it reads, the content hash also speaks of the identity in force: the same file is another content when
    owners are named otherwise."""
    parts = list(source.parts(name_under(file), file.root if file.searched else file.root.absolute()))
    if more:
        seen = sha256(repr(sorted(more.items())).encode()).hexdigest()
        parts = [part.sealed(lambda text: f"{text}|{seen[:16]}") for part in parts]
    if not getattr(source, "reads_identity", False):
        return parts
    told = repr(sorted(source_options(settings)["identity"].items())).encode()
    return [part.sealed(lambda text: sha256(text.encode() + told).hexdigest()) for part in parts]
