"""The four amounts of a pool and their shares, as columns of SQL: what is divided once a pool, and what once a share."""

from __future__ import annotations

_AMOUNTS = ("billed", "effective", "list", "contracted")
_TOTAL = "CAST(t.weight_total AS HUGEINT)"


def splitting_expressions() -> dict[str, str]:
    """The expressions in braces of the models that split pools. `split_wholes` needs a pool `p` and its `weight_total`;
    `split_shares` is a FROM of `portion`, rows with those columns, `upto` and `weight`."""
    wholes = [
        f"money_units(p.{name}) // {_TOTAL} AS {name}_whole, money_units(p.{name}) % {_TOTAL} AS {name}_rest" for name in _AMOUNTS
    ]
    shares = [
        f"money_of(split_piece(s.{name}_whole, s.{name}_rest, CAST(s.upto AS HUGEINT), CAST(s.weight AS HUGEINT),"
        f" CAST(s.weight_total AS HUGEINT))) AS {name}"
        for name in _AMOUNTS
    ]
    return {"split_wholes": ", ".join(wholes), "split_shares": f"(SELECT s.*, {', '.join(shares)} FROM portion s)"}
