"""The four amounts of a pool and their shares, as columns of SQL: what is divided once a pool, and what once a share."""

from __future__ import annotations

_AMOUNTS = ("billed", "effective", "list", "contracted")
_LIKE = {"effective": "billed", "contracted": "billed", "list": "contracted"}
"""Amounts that are often the same as another: their shares are then the same, and need no dividing of their own."""


def splitting_expressions() -> dict[str, str]:
    """The expressions in braces of the models that split pools. `split_wholes` needs a pool `p` and its `weight_total`;
    `split_shares` is a FROM of `portion`, rows with those columns, `upto` and `weight`."""
    wholes = [
        f"money_units(p.{name}) // {_TOTAL} AS {name}_whole, money_units(p.{name}) % {_TOTAL} AS {name}_rest" for name in _AMOUNTS
    ]
    same = [f"p.{name} IS NOT DISTINCT FROM p.{like} AS {name}_same" for name, like in _LIKE.items()]
    first = f"SELECT s.*, {_part('billed')} AS billed FROM portion s"
    second = f"SELECT s.*, {_like('effective')}, {_like('contracted')} FROM ({first}) s"
    return {"split_wholes": ", ".join([*wholes, *same]), "split_shares": f"(SELECT s.*, {_like('list')} FROM ({second}) s)"}


_TOTAL = "CAST(t.weight_total AS HUGEINT)"


def _part(name: str) -> str:
    return (
        f"money_of(split_piece(s.{name}_whole, s.{name}_rest, CAST(s.upto AS HUGEINT), CAST(s.weight AS HUGEINT),"
        " CAST(s.weight_total AS HUGEINT)))"
    )


def _like(name: str) -> str:
    return f"CASE WHEN s.{name}_same THEN s.{_LIKE[name]} ELSE {_part(name)} END AS {name}"
