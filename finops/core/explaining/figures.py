"""How a figure is made: a formula over named parts, each from a row of a file, a setting or what a command was told."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from typing import Any

_WIDE = Context(prec=60, rounding=ROUND_HALF_EVEN, traps=[DivisionByZero, InvalidOperation, Overflow])
_CLOSE = Decimal("1e-11")
"""A figure has twelve significant digits, or states its decimals."""


@dataclass(frozen=True)
class Part:
    """One value that a figure is made of, under its name in the formula, and where it stands. Parts of one name are added up."""

    name: str
    value: Any
    what: str
    file: str | None = None
    line: int | None = None
    as_of: date | None = None
    source: str | None = None


@dataclass(frozen=True)
class Figure:
    """A figure of a row under its column, or a value on the way to some: `formula` over its parts and over other figures, which
    comes to it; or, of an estimate that no formula restates, the `method` that makes it of the parts."""

    name: str
    formula: str | None
    parts: tuple[Part, ...] = ()
    method: str | None = None
    places: int | None = None
    """The decimals that the figure is rounded to; None is twelve significant digits."""


def value_of(figure: Figure, others: Mapping[str, Any]) -> Decimal | None:
    """What the formula comes to; None without one. `others` are the row's figures by column. A name that is neither a part nor
    one of them, and anything but arithmetic, raises ValueError."""
    if figure.formula is None:
        return None
    values: dict[str, Decimal] = defaultdict(Decimal)
    for part in figure.parts:
        values[part.name] = _WIDE.add(values[part.name], number(part.value))
    return _value(ast.parse(figure.formula, mode="eval").body, values, others)


def comes_to(figure: Figure, others: Mapping[str, Any]) -> bool:
    """Whether the formula comes to the figure that the row shows, before rounding; an estimate by a method always does."""
    found, shown = value_of(figure, others), others.get(figure.name)
    if found is None:
        return True
    if shown is None:
        return False
    told = number(shown)
    allowed = abs(told) * _CLOSE if figure.places is None else Decimal("0.5000001").scaleb(-figure.places)
    return abs(found - told) <= allowed


def row_of(row: Mapping[str, Any], figures: Sequence[Figure]) -> dict[str, Any]:
    """The row with the values between: figures that are no column of it, each made of those before it."""
    found = dict(row)
    for figure in figures:
        if figure.name not in row:
            found[figure.name] = value_of(figure, found)
    return found


def number(value: Any) -> Decimal:
    """A value as a decimal; a float as it is written."""
    return value if isinstance(value, Decimal) else Decimal(repr(value))


def names_in(formula: str) -> list[str]:
    """The names of a formula, sorted."""
    return sorted({node.id for node in ast.walk(ast.parse(formula, mode="eval")) if isinstance(node, ast.Name)} - set(_CALLS))


def _ceil(value: Decimal) -> Decimal:
    return value.to_integral_value("ROUND_CEILING")


_CALLS: Mapping[str, Callable[..., Decimal]] = {"exp": _WIDE.exp, "ceil": _ceil, "max": max, "min": min}
_OPERATORS: Mapping[type[ast.operator], Callable[[Decimal, Decimal], Decimal]] = {
    ast.Add: _WIDE.add, ast.Sub: _WIDE.subtract, ast.Mult: _WIDE.multiply, ast.Div: _WIDE.divide,
}  # fmt: skip


def _value(node: ast.expr, values: Mapping[str, Decimal], others: Mapping[str, Any]) -> Decimal:
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return _OPERATORS[type(node.op)](_value(node.left, values, others), _value(node.right, values, others))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _CALLS and not node.keywords:
        return _CALLS[node.func.id](*(_value(argument, values, others) for argument in node.args))
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return number(node.value)
    if isinstance(node, ast.Name):
        if node.id in values:
            return values[node.id]
        if others.get(node.id) is not None:
            return number(others[node.id])
        raise ValueError(f"nothing tells `{node.id}`")
    raise ValueError(f"a formula is arithmetic, not `{ast.unparse(node)}`")
