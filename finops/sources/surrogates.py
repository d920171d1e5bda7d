"""Mends JSON in which texts were cut in the middle of a character, as tools do that count UTF-16 units."""

from __future__ import annotations

import re

_ESCAPES = re.compile(rb"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})")
"""An escaped backslash, a whole pair, or (the group) half of one, which no JSON reader takes."""


def mended(content: bytes) -> bytes | None:
    """The JSON with U+FFFD for every half character; None where there is none."""
    if b"\\ud" not in content and b"\\uD" not in content:
        return None
    found = _ESCAPES.sub(lambda escape: b"\\ufffd" if escape[1] else escape[0], content)
    return None if found == content else found
