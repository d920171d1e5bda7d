"""How a table and its sentences fit a terminal of so many columns; elsewhere they are as wide as they are."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Sequence
from typing import TextIO

NARROWEST_TEXT = 16
"""A column of text is not cut shorter than that; what is still too wide goes into a further block of columns."""
GAP = "  "


def terminal_width(stream: TextIO) -> int | None:
    """The columns of the terminal behind the stream; None where there is none."""
    try:
        return max(shutil.get_terminal_size().columns, 40) if stream.isatty() else None
    except ValueError:
        return None  # closed


def wrapped(text: str, width: int | None) -> str:
    """A sentence on lines that fit; words, names and commands are never broken."""
    if width is None or len(text) <= width:
        return text
    return "\n".join(textwrap.wrap(text, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False))


def cut(text: str, longest: int, *, keep_end: bool = False) -> str:
    """A text of at most so many characters; of a path the end says more than the beginning."""
    if len(text) <= longest:
        return text
    return f"…{text[len(text) - longest + 1 :]}" if keep_end else f"{text[: longest - 1]}…"


def text_limits(widths: Sequence[int], shrinks: Sequence[bool], width: int) -> list[int]:
    """Limits of the columns so that the table fits, as far as columns that may be cut allow it: the widest gives first."""
    limits = list(widths)
    over = sum(limits) + len(GAP) * (len(limits) - 1) - width
    while over > 0:
        widest = max((limit for limit, may in zip(limits, shrinks, strict=True) if may), default=0)
        if widest <= NARROWEST_TEXT:
            break
        limits[next(i for i, limit in enumerate(limits) if shrinks[i] and limit == widest)] -= 1
        over -= 1
    return limits


def blocks(widths: Sequence[int], width: int) -> list[list[int]]:
    """The columns of each block, so that every block fits: the first column names the row and stands in each of them."""
    found: list[list[int]] = []
    own: list[int] = []
    for column in range(len(widths)):
        taken = [0, *own] if own and own[0] != 0 else own
        if own and sum(widths[i] + len(GAP) for i in taken) + widths[column] > width:
            found.append(taken)
            own = []
        own.append(column)
    found.append([0, *own] if own and own[0] != 0 else own)
    return found
