"""Half characters in JSON are mended, and nothing else is touched."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.sources.surrogates import mended


@pytest.mark.parametrize(
    ("given_text", "wanted"),
    [
        (rb'"a\ud83d"', rb'"a\ufffd"'),
        (rb'"\uDE00b"', rb'"\ufffdb"'),
        (rb'"\ud83d\ud83d\ude00"', rb'"\ufffd\ud83d\ude00"'),
        (rb'"\ud83d\ude00"', None),
        (rb'"\\ud83d"', None),
        (rb'"\\\ud83d"', rb'"\\\ufffd"'),
        (b'"plain"', None),
    ],
)
def test_only_halves_are_replaced(given_text: bytes, wanted: bytes | None) -> None:
    assert mended(given_text) == wanted


@given(st.lists(st.text(st.characters(), max_size=6), max_size=4))
def test_what_is_mended_reads_like_the_original_but_for_its_halves(texts: list[str]) -> None:
    written = json.dumps(texts).encode()
    read = json.loads(mended(written) or written)
    # Python joins halves that stand side by side; so does a reader of the escapes.
    joined = ["".join(text).encode("utf-16", "surrogatepass").decode("utf-16", "replace") for text in texts]
    assert [text.count("\ufffd") for text in read] == [text.count("\ufffd") for text in joined]
    assert all(char < "\ud800" or char > "\udfff" for text in read for char in text)
