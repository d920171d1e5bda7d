"""How each figure of `finops mix` is made: tables of its file, facts of prices, and the programme that finds the fleet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from finops.core.explaining.figures import Figure, Part
from finops.steps.placing.mix_file import Given, Machine

if TYPE_CHECKING:
    from finops.prices.lineage import PriceFiles

Row = dict[str, Any]
_FOUND = "the fleet of least cost that serves every rate, by the integer programme of core/placing/{}.py over"


def mix_figures(row: Row, given: Given, file: str, prices: PriceFiles) -> Sequence[Figure]:
    """The figures of one kind of machine."""
    machine = next(one for one in given.machines if one.name == row["machine"])
    formula, facts = _price(machine, file, prices)
    rates = tuple(
        Part(f"rate_{size}", rate, "requests a second", file, given.rates_line) for size, rate in enumerate(given.rates, 1)
    )
    inputs = (*rates, *(part for one in given.machines for part in _serves(one, file)))
    shared = given.shared
    found = _FOUND.format("shared_fleet" if shared else "mix")
    figures = [
        Figure("hourly_price", formula, facts),
        Figure("machines", None, inputs, f"{found} these rates, what each kind serves, and all their prices"),
        Figure("hourly_cost", "hourly_price * machines"),
        Figure("monthly_cost", "hourly_price * machines * 730"),
    ]
    if not shared:
        own = [(size, part) for size, part in enumerate(_serves(machine, file), 1) if given.rates[size - 1] > 0]
        load = " + ".join(f"rate_{size} / {part.name}" for size, part in own)
        used = tuple(part for size, part in own) + tuple(rates[size - 1] for size, _ in own)
        figures.append(Figure("alone_machines", f"ceil({load} - 0.000000001)", used))
        return [*figures, Figure("alone_hourly_cost", "hourly_price * alone_machines")]
    needed = "what no model needs of the kind's GPUs: machines less their shares of compute or memory, at the price"
    alone = "of this kind alone, these rates and what it serves, at its price"
    return [
        *figures,
        Figure("lost_hourly_cost", None, inputs, needed),
        Figure("lost_share", "lost_hourly_cost / hourly_cost"),
        Figure("alone_hourly_cost", None, (*inputs, *facts), f"{found} {alone}"),
        Figure("whole_hourly_cost", None, (*inputs, *facts), f"{found} {alone}, each model with its GPUs alone"),
    ]


def _price(machine: Machine, file: str, prices: PriceFiles) -> tuple[str, tuple[Part, ...]]:
    if machine.offer is not None:
        return prices.behind(machine.offer)
    return "price", (Part("price", machine.price, f"price of an hour of {machine.name}", file, machine.line),)


def _serves(machine: Machine, file: str) -> tuple[Part, ...]:
    name = "".join(letter if letter.isalnum() else "_" for letter in machine.name)
    return tuple(
        Part(f"serves_{name}_{size}", serves or 0, f"requests a second that one {machine.name} serves", file, machine.line)
        for size, serves in enumerate(machine.serves, 1)
    )
