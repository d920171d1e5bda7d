"""P18: what says nothing is null and never 0, and what is no plain number is none: the casts against their definition."""

from __future__ import annotations

import re
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from finops.ledger.casting import define_casts
from tests.conftest import LONG
from tests.ledger.tables import Tables

DATABASE = Tables()
define_casts(DATABASE.connection)
BATCH = 50
WORDS = ("", "NULL", "null", "(null)", "N/A")
BLANKS = st.text(" \t\r\n", max_size=4)
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?", re.ASCII)
NEAR = st.sampled_from(
    ("Null", "NULL ", " null", "none", "n/a", "-", "0", "0.0", "1_000", " 1.5", "1e5", "$3", "NaN", "inf", "٣")
)
PLAIN = st.decimals(-(10**9), 10**9, places=6).map(lambda d: f"{d:f}")
TEXTS = st.one_of(st.sampled_from(WORDS), BLANKS, NEAR, PLAIN, st.text("0123456789.eE+-_, N/AnulL()", max_size=9))


@settings(max_examples=60 if LONG else 8, deadline=None)
@given(st.lists(TEXTS, min_size=BATCH, max_size=BATCH))
def test_p18_nothing_is_null_and_never_zero(texts: list[str]) -> None:
    marks = ", ".join(f"({number}, ?)" for number in range(len(texts)))
    rows = DATABASE.connection.execute(
        f"SELECT finops_text(t) AS text, TRY_CAST(finops_number(finops_text(t)) AS DECIMAL(38, 12)) AS number"
        f" FROM (VALUES {marks}) v(n, t) ORDER BY n",
        texts,
    ).fetchall()
    for given_text, (text, number) in zip(texts, rows, strict=True):
        says_nothing = given_text in WORDS or not given_text.strip(" \t\r\n")
        assert text == (None if says_nothing else given_text)
        if says_nothing or not NUMBER.fullmatch(given_text):
            assert number is None, given_text
        elif number is not None:
            assert abs(number - Decimal(given_text)) <= Decimal("5e-13"), given_text
