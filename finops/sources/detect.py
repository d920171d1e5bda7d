"""Recognises what kind of file one is, from its name, its header and the beginning of its text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from finops.errors import DataError, UsageError
from finops.sources import names, source
from finops.sources.base import Pattern, Source
from finops.sources.files import head
from finops.sources.glimpse import Glimpse, glimpse
from finops.sources.mapped import Mapped
from finops.sources.mapped_columns import nearest
from finops.sources.strangers import BINARY, STRANGERS

HEAD_CHARACTERS = 1 << 16
_DEEP = 500
_TRANSLATED = re.compile(r".*\((\w+)\)\s*")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"?', re.DOTALL)


def recognise(path: Path, wanted: str | None, imports: Sequence[Mapped] = ()) -> Source:
    """The one source that reads this file. `wanted` is the user's `--source`: it is checked, not believed. `imports` are the
    user's own kinds of files: what one of them claims is theirs, whatever else it looks like."""
    chosen: Source | None = next((one for one in imports if one.name == wanted), None)
    if chosen is None and wanted is not None:
        chosen = _named(wanted, imports)
    encoded = [one for one in imports if one.reads(path)]
    if len(encoded) == 1 and chosen in (None, encoded[0]):
        return encoded[0]
    seen = glimpse(path)
    if seen.form == "empty":
        raise DataError("the file is empty", where=str(path), hint="check the export that wrote it")
    own: list[Source] = [one for one in imports if one.claims(seen)]
    claims = own + [one for one in map(source, names()) if any(matches(pattern, seen) for pattern in one.patterns)]
    if chosen is not None:
        return _checked(chosen, claims, seen)
    if not claims:
        raise _stranger(seen, imports=imports)
    claims = own or claims
    if len(claims) > 1:
        both = ("both " if len(claims) == 2 else "") + " and ".join(f"`{one.name}`" for one in claims)
        hint = " or ".join(f"`--source {one.name}`" for one in claims)
        hint += "; `files` or `requires` in the mappings can tell them apart" if own else ""
        raise DataError(f"{both} claim this file", where=str(path), hint=f"say which it is: {hint}")
    return claims[0]


def _named(wanted: str, imports: Sequence[Mapped]) -> Source:
    near = nearest(wanted, [*(one.name for one in imports), *names()])
    if near is not None and any(one.name == near for one in imports):
        raise UsageError(f"there is no source `{wanted}`", hint=f"did you mean `{near}`?")
    return source(wanted)


def matches(pattern: Pattern, seen: Glimpse, *, any_name: bool = False) -> bool:
    """Whether the file fits the pattern. `any_name` looks at the content only; an ending of more than one part always counts."""
    header = {name.lower() for name in (*seen.header, *map(_inner, seen.header))}
    text = seen.text[:HEAD_CHARACTERS]
    nameless = any_name and all(ending.rfind(".") == 0 for ending in pattern.suffixes)
    return (
        (nameless or seen.name.endswith(pattern.suffixes))
        and all(name.lower() in header for name in pattern.header_all)
        and (not pattern.header_any or any(name.lower() in header for name in pattern.header_any))
        and all(part in text for part in pattern.head_all)
        and (not pattern.head_any or any(part in text for part in pattern.head_any))
    )


def _inner(name: str) -> str:
    """`Ressourcengruppe (ResourceGroup)` is the column ResourceGroup in the words of another language."""
    within = _TRANSLATED.fullmatch(name)
    return within[1] if within else name


def _checked(chosen: Source, claims: list[Source], seen: Glimpse) -> Source:
    """The chosen source where it, or nobody, claims the file by content."""
    if chosen in claims:
        return chosen
    if claims:
        right = claims[0]
        what = f"this is not `{chosen.name}` ({chosen.title}) but `{right.name}` ({right.title})"
        raise UsageError(what, where=str(seen.path), hint=f"use `--source {right.name}`, or leave `--source` out")
    if isinstance(chosen, Mapped):
        why = chosen.why_not(seen, any_name=True)
        if why is None:
            return chosen
        raise DataError(f"this is not `{chosen.name}`: {why}", where=str(seen.path), hint=f"see {chosen.where(None)}")
    if any(matches(pattern, seen, any_name=True) for pattern in chosen.patterns):
        return chosen
    raise _stranger(seen, chosen)


def _stranger(seen: Glimpse, chosen: Source | None = None, imports: Sequence[Mapped] = ()) -> DataError:
    looks_like, hint = _description(seen)
    wanted = "no source reads it" if chosen is None else f"it is not `{chosen.name}` ({chosen.title})"
    if imports:
        hint = "; ".join(f"it is not `{one.name}`: {one.why_not(seen)}" for one in imports[:3]) + f"; {hint}"
    return DataError(f"this looks like {looks_like}; {wanted}", where=str(seen.path), hint=hint)


def _description(seen: Glimpse) -> tuple[str, str]:
    accepted = "`finops sources list` names what is read; any other table or JSON is read by a mapping, [[import]] in finops.toml"
    misnamed = _by_content(seen)
    if misnamed is not None:
        return f"`{misnamed[0].name}` under another name", f"let the name end in {' or '.join(misnamed[1].suffixes)}"
    header, text = {name.lower() for name in seen.header}, seen.text[:HEAD_CHARACTERS]
    for stranger in STRANGERS:
        if header.issuperset(stranger.header_all) and all(part in text for part in stranger.head_all):
            return stranger.looks_like, stranger.hint
    if seen.form == "binary":
        start = head(seen.path, 16)
        known = next(((words, hint) for magic, words, hint in BINARY if start.startswith(magic)), None)
        return known or ("binary data", accepted)
    if seen.form == "json":
        deep = _nesting(text) > _DEEP
        return (f"JSON nested more than {_DEEP} levels deep" if deep else f"JSON{_shown(seen.header, 'keys')}"), accepted
    if (near := _nearly(seen)) is not None:
        lacking = " and ".join(f"`{name}`" for name in near[1])
        return (
            f"`{near[0].name}` without {lacking}",
            f"export it with {lacking}, or read it by a mapping, [[import]] in finops.toml",
        )
    kind = "Parquet" if seen.form == "parquet" else "a table" if len(seen.header) > 1 else "plain text"
    return kind + (_shown(seen.header, "columns") if kind != "plain text" else ""), accepted


def _by_content(seen: Glimpse) -> tuple[Source, Pattern] | None:
    for one in map(source, names()):
        for pattern in one.patterns:
            if not seen.name.endswith(pattern.suffixes) and matches(pattern, seen, any_name=True):
                return one, pattern
    return None


def _nearly(seen: Glimpse) -> tuple[Source, list[str]] | None:
    """The source of which the table has most columns that tell it, and the one or two that it lacks."""
    header = {name.lower() for name in (*seen.header, *map(_inner, seen.header))}
    found = []
    for one in map(source, names()):
        for pattern in one.patterns:
            lacking = [name for name in pattern.header_all if name.lower() not in header]
            if 0 < len(lacking) <= 2 and len(pattern.header_all) - len(lacking) >= 2 and seen.name.endswith(pattern.suffixes):
                found.append((len(lacking) / len(pattern.header_all), one, lacking))
    return min(found, key=lambda item: item[0])[1:] if found else None


def _shown(found: tuple[str, ...], word: str) -> str:
    names = ", ".join(name[:40] for name in found[:6])
    return f" with the {word} {names}{', …' if len(found) > 6 else ''}" if found else ""


def _nesting(text: str) -> int:
    """How deep brackets are open at most, strings left out; never recursing."""
    depth = deepest = 0
    for mark in _STRING.sub("", text):
        if mark in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif mark in "]}":
            depth -= 1
    return deepest
