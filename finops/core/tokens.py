"""Disjoint token classes, the two dialects in which usage is reported, and the check that tells them apart."""

from __future__ import annotations

from typing import Literal, NamedTuple

Dialect = Literal["includes_cache", "excludes_cache"]
"""Whether a source's `input` contains its cache reads and writes (OpenAI, Gemini, OpenTelemetry) or not (raw Anthropic, Bedrock,
Langfuse). Both go by the same names in the wild, so every source declares which one it speaks."""

DIALECTS: tuple[Dialect, Dialect] = ("includes_cache", "excludes_cache")

INPUT_CLASSES = ("input_uncached", "cache_read", "cache_write_5m", "cache_write_1h", "audio_input", "image_input")
OUTPUT_CLASSES = ("output", "audio_output", "image_output")
TOKEN_CLASSES = (
    *("input_uncached", "cache_read", "cache_write_5m", "cache_write_1h", "output"),
    *("audio_input", "audio_output", "image_input", "image_output"),
)
"""Every class that has a price. No token is in two of them. Reasoning is not one: it is an informational part of the output."""


class Usage(NamedTuple):
    """One call's usage as reported; None is unmeasured. `cache_write` counts every write, `cache_write_1h` those kept an hour.
    Audio and image tokens are parts of `input` and `output`. `total` is the source's own sum, where it gives one."""

    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    cache_write_1h: int | None = None
    audio_input: int | None = None
    audio_output: int | None = None
    image_input: int | None = None
    image_output: int | None = None
    reasoning: int | None = None
    total: int | None = None


class Tokens(NamedTuple):
    """One call's tokens in disjoint classes; None is unmeasured. `identity_holds` says whether the declared dialect explains the
    reported figures; it is None where nothing was reported."""

    input_uncached: int | None = None
    cache_read: int | None = None
    cache_write_5m: int | None = None
    cache_write_1h: int | None = None
    output: int | None = None
    audio_input: int | None = None
    audio_output: int | None = None
    image_input: int | None = None
    image_output: int | None = None
    reasoning: int | None = None
    identity_holds: bool | None = None


class _Reading(NamedTuple):
    """One way to understand the figures: the dialect of the input, and whether reasoning is a part of the output."""

    dialect: Dialect
    reasoning_inside: bool


UNMEASURED = Tokens()


def disjoint(usage: Usage, dialect: Dialect) -> Tokens:
    """The usage in disjoint classes. Where the declared dialect can't be right (more cached than input, or another sum than the
    source's own total), the reading that does fit is taken and `identity_holds` is False: reported, never silent."""
    if usage[3:] == _NO_MORE:
        return _plain(*usage[:3], dialect)
    return _in_classes(usage, dialect)


def _plain(given: int | None, output: int | None, cache_read: int | None, dialect: Dialect) -> Tokens:
    """What most calls report: input, output, and what was read from the cache."""
    if given is None and output is None and cache_read is None:
        return UNMEASURED
    if given is None or cache_read is None or dialect == "excludes_cache":
        return Tokens(given, cache_read, None, None, output, identity_holds=True)
    holds = cache_read <= given
    return Tokens(given - cache_read if holds else given, cache_read, None, None, output, identity_holds=holds)


def _in_classes(usage: Usage, dialect: Dialect) -> Tokens:
    reading, holds = _reading(usage, dialect)
    writes, writes_1h, writes_fit = _cache_writes(usage)
    audio_in, image_in, uncached, input_fits = _parts(usage.audio_input, usage.image_input, _uncached(usage, reading))
    audio_out, image_out, output, output_fits = _parts(usage.audio_output, usage.image_output, _output(usage, reading))
    return Tokens(
        uncached,
        usage.cache_read,
        writes,
        writes_1h,
        output,
        audio_in,
        audio_out,
        image_in,
        image_out,
        usage.reasoning,
        holds and writes_fit and input_fits and output_fits,
    )


def fitting_dialects(usage: Usage) -> tuple[Dialect, ...]:
    """The dialects that explain the figures: both where nothing tells them apart, none where they contradict themselves."""
    return tuple(dialect for dialect in DIALECTS if _fits(usage, _Reading(dialect, True)))


def input_tokens(tokens: Tokens) -> int | None:
    """The whole input of the request, cached or not, which decides its price tier. None where the input is unmeasured."""
    if tokens.input_uncached is None:
        return None
    return sum(getattr(tokens, name) or 0 for name in INPUT_CLASSES)


_NO_MORE = Usage()[3:]


def _reading(usage: Usage, dialect: Dialect) -> tuple[_Reading, bool]:
    declared = _Reading(dialect, True)
    if _fits(usage, declared):
        return declared, True
    other: Dialect = "excludes_cache" if dialect == "includes_cache" else "includes_cache"
    readings = (declared, _Reading(dialect, False), _Reading(other, True), _Reading(other, False))
    for candidate in (usage, usage._replace(total=None)):
        for reading in readings:
            if _fits(candidate, reading):
                return reading, False
    raise AssertionError("the reading with nothing inside anything always fits")


def _fits(usage: Usage, reading: _Reading) -> bool:
    cached = (usage.cache_read or 0) + _written(usage)
    reasoning = usage.reasoning or 0
    if reading.dialect == "includes_cache" and usage.input is not None and usage.input < cached:
        return False
    if reading.reasoning_inside and usage.output is not None and usage.output < reasoning:
        return False
    if usage.total is None or usage.input is None or usage.output is None:
        return True
    outside = (cached if reading.dialect == "excludes_cache" else 0) + (0 if reading.reasoning_inside else reasoning)
    return usage.total == usage.input + usage.output + outside


def _written(usage: Usage) -> int:
    return max(usage.cache_write or 0, usage.cache_write_1h or 0)


def _cache_writes(usage: Usage) -> tuple[int | None, int | None, bool]:
    """Writes of five minutes and of one hour, and whether the hour's are within all. An unnamed lifetime is the short one."""
    if usage.cache_write is None:
        return None, usage.cache_write_1h, True
    return _written(usage) - (usage.cache_write_1h or 0), usage.cache_write_1h, _written(usage) == usage.cache_write


def _uncached(usage: Usage, reading: _Reading) -> int | None:
    if usage.input is None or reading.dialect == "excludes_cache":
        return usage.input
    return usage.input - (usage.cache_read or 0) - _written(usage)


def _output(usage: Usage, reading: _Reading) -> int | None:
    if usage.output is None or reading.reasoning_inside:
        return usage.output
    return usage.output + (usage.reasoning or 0)


def _parts(audio: int | None, image: int | None, whole: int | None) -> tuple[int | None, int | None, int | None, bool]:
    """Audio, image and the rest of a whole, and whether the parts fit into it: cached audio may be counted in both."""
    if whole is None or (audio is None and image is None):
        return audio, image, whole, True
    kept_audio = None if audio is None else min(audio, whole)
    kept_image = None if image is None else min(image, whole - (kept_audio or 0))
    rest = whole - (kept_audio or 0) - (kept_image or 0)
    return kept_audio, kept_image, rest, (kept_audio, kept_image) == (audio, image)
