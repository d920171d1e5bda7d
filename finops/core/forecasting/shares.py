"""Forecasts as money: exact parts of a total, and totals that changed."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

_ZERO = Decimal(0)
_FINE = Decimal("0.000001")
_HALF = Decimal("0.5")


def shared_out(total: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """The total in parts like the weights (none below 0), adding up exactly; even parts where nothing has weight."""
    if not weights:
        return []
    whole = sum(weights, _ZERO)
    shares = [weight / whole for weight in weights] if whole > 0 else [Decimal(1) / len(weights)] * len(weights)
    parts = [(total * share).quantize(_FINE) for share in shares]
    largest = max(range(len(parts)), key=lambda row: (parts[row], -row))
    parts[largest] += total - sum(parts, _ZERO)
    return parts


def moved_by(total: Decimal, parts: Sequence[Decimal], changes: Sequence[Decimal]) -> list[Decimal]:
    """The parts, each moved in proportion to its change so that they add up to the total exactly; where the changes can't be
    scaled to that, the total shared out like the changed parts."""
    wanted, whole = total - sum(parts, _ZERO), sum(changes, _ZERO)
    if not any(changes) and not wanted:
        return list(parts)
    if not whole or not _HALF <= wanted / whole <= 1 / _HALF:
        return shared_out(total, [max(part + change, _ZERO) for part, change in zip(parts, changes, strict=True)])
    made = [part + (change * wanted / whole).quantize(_FINE) for part, change in zip(parts, changes, strict=True)]
    if min(made) < 0:
        return shared_out(total, [max(one, _ZERO) for one in made])
    largest = max(range(len(made)), key=lambda row: (made[row] if changes[row] else -1, -row))
    made[largest] += total - sum(made, _ZERO)
    return made


def decimal(amount: float) -> Decimal:
    """A forecast as money, to the millionth."""
    return Decimal(repr(amount)).quantize(_FINE)
