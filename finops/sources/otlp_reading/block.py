"""A block of whole lines: where its strings begin and end, where its spans may begin, which lines only the decoder can tell."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Numbers = npt.NDArray[np.int64]
    Flags = npt.NDArray[np.bool_]

_NEWLINE, _BLANK, _QUOTE, _BACKSLASH, _BRACE = b'\n "\\{'
_FIRST_KEY = re.compile(rb'"spans"\s*:\s*\[\s*\{("[^"\\]{1,64}")')


class Block:
    """Lines one after the other, each with its newline.

    `starts` says where each line begins, and where the last one ends. `quotes` are the places of all quotes that open or close a
    string, `marks` the numbers, among them, of those that may begin a span: they open the name that the first span begins with.
    `sound` tells the lines in which every string is sound; the others are for the decoder. `escapes` says that there are any."""

    def __init__(self, text: bytes) -> None:
        import numpy as np

        self.data = text = text if text.endswith(b"\n") else text + b"\n"
        self.bytes = np.frombuffer(text, np.uint8)
        controls = np.flatnonzero(self.bytes < _BLANK)
        are_ends = self.bytes[controls] == _NEWLINE
        self.starts: Numbers = np.append(0, controls[are_ends] + 1)
        self.sound: Flags = np.ones(len(self.starts) - 1, np.bool_)
        if not are_ends.all():
            self._refuse(self.line_of(controls[~are_ends]))
        if not text.isascii() and not _is_text(text):
            self._refuse([at for at in range(len(self.sound)) if not _is_text(self.line(at))])
        are_quotes = self.bytes == _QUOTE
        self.escapes = b"\\" in text
        if self.escapes:
            self._without_escaped(are_quotes)
        self.quotes = np.flatnonzero(are_quotes).astype(np.int32)
        self.marks = self._marks()

    def line(self, at: int) -> bytes:
        """One of the lines."""
        return self.data[self.starts[at] : self.starts[at + 1]]

    def line_of(self, places: Numbers | npt.NDArray[np.int32]) -> Numbers:
        """The lines that these places are on."""
        found: Numbers = self.starts.searchsorted(places, "right") - 1
        return found

    def _refuse(self, lines: list[int] | Numbers) -> None:
        self.sound[lines] = False

    def _without_escaped(self, are_quotes: Flags) -> None:
        """Quotes that are escaped neither open nor close; escapes that are none, or half a character, are for the decoder."""
        import numpy as np

        slashes = np.flatnonzero(self.bytes == _BACKSLASH)
        places = np.arange(len(slashes))
        runs = np.maximum.accumulate(np.where(np.diff(slashes, prepend=-2) != 1, places, 0))
        escapes = slashes[(places - runs) % 2 == 0]
        after = self.bytes[escapes + 1]  # a newline follows at the latest
        are_quotes[escapes + 1] = False
        hexadecimal = escapes[after == ord("u")]
        digits = self.bytes[np.minimum(hexadecimal[:, None] + np.arange(2, 6), len(self.bytes) - 1)]
        half = ((digits[:, 0] | 32) == ord("d")) & (digits[:, 1] > ord("7"))
        self._refuse(self.line_of(escapes[~among(rb'"\\/bfnrtu')[after]]))
        self._refuse(self.line_of(hexadecimal[half | ~among(b"0123456789abcdefABCDEF")[digits].all(axis=1)]))

    def _marks(self) -> Numbers:
        import numpy as np

        none: Numbers = np.zeros(0, np.int64)
        first = _FIRST_KEY.search(self.data)
        if first is None:
            return none
        key = np.frombuffer(first[1], np.uint8)
        found: Numbers = np.flatnonzero(np.diff(self.quotes) == len(key) - 1)
        for place in (1, len(key) // 2):  # few others are left then
            found = found[self.bytes[self.quotes[found] + place] == key[place]]
        found = found[self.bytes[self.quotes[found] - 1] == _BRACE]
        found = found[(self.bytes[self.quotes[found][:, None] + np.arange(len(key))] == key).all(axis=1)]
        return found[self.sound[self.line_of(self.quotes[found])]]


@cache
def among(characters: bytes) -> Flags:
    """For each byte, whether it is one of these."""
    import numpy as np

    table = np.zeros(256, np.bool_)
    table[list(characters)] = True
    return table


def _is_text(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeError:
        return False
    return True
