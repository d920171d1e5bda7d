"""The cheapest fleet for models that may share GPUs: MIG slices, turns on a GPU, or whole GPUs; and what is lost between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.core.numbers import money_table, percent
from finops.core.placing.gpu_shares import mig_profiles
from finops.core.placing.shared_fleet import Fleet, GpuKind, SharedGpus, Work, cheapest_fleet
from finops.core.placing.unit_cost import exact, monthly_cost, rounded
from finops.core.result import Column, Result, Table
from finops.errors import DataError
from finops.steps.placing.mix_file import Given, Machine, numbers

if TYPE_CHECKING:
    from finops.prices.book import PriceBook

Row = dict[str, Any]
MOST_MODELS = 10
_SHARING = ("mig", "time_slicing", "none")
COLUMNS = (
    Column("machine", "Machine"),
    Column("purchase_option", "Bought as", wide_only=True),
    Column("machines", "Machines", "count", "machines"),
    Column("hourly_price", "An hour each", "unit_price", "price"),
    Column("hourly_cost", "An hour", "money", "mix_cost"),
    Column("monthly_cost", "Month", "money", "monthly_cost"),
    Column("lost_hourly_cost", "Lost, an hour", "money", "mix_lost"),
    Column("lost_share", "Lost", "ratio", "mix_lost"),
    Column("alone_hourly_cost", "Alone, an hour", "money", "mix_cost"),
    Column("whole_hourly_cost", "Alone and unshared", "money", "mix_cost", wide_only=True),
    Column("sharing", "GPUs are shared by", wide_only=True),
    Column("gpus", "On its GPUs", "list", wide_only=True),
    Column("currency", "Currency", wide_only=True),
    Column("price_as_of", "Price as of", "date", wide_only=True),
)
_BELOW = (
    Column("machine", "Machine"),
    Column("gpus", "GPUs", "count"),
    Column("stands", "On each"),
    Column("needed", "Needed", "ratio"),
)
_HINT = 'memory_gb = [4, 18] beside `rates`, and of each [[machine]] gpu = "A100", gpu_memory_gb = 40'


def shared_fleet(given: Given, book: PriceBook, currency: str, file: Path) -> Result:
    """Machines by kind with what stands on their GPUs, beside each kind alone, shared and not."""
    works = _works(given, file)
    kinds = [_kind(machine, book, len(works)) for machine in given.machines]
    best, whole = cheapest_fleet(kinds, works), cheapest_fleet(kinds, works, share=False)
    if best is None:
        raise DataError(
            "no fleet serves every model",
            where=str(file),
            hint="its memory or its rate is too large: add a machine, or raise `most`",
        )
    rows = [_row(kind, machine, best, works, currency) for kind, machine in zip(kinds, given.machines, strict=True)]
    rows.sort(key=lambda row: (-row["hourly_cost"], row["machine"]))
    lost = sum((best.lost(kind) for kind in kinds), Decimal(0))
    totals = [
        {"currency": currency, "hourly_cost": best.cost, "monthly_cost": monthly_cost(best.cost, 1), "lost_hourly_cost": lost}
    ]
    stands = [
        {"machine": kind.name, "gpus": one.gpus, "stands": _stands(one), "needed": one.needed}
        for kind in kinds
        for one in best.shared[kind.name]
    ]
    below = [Table("What stands on the GPUs", _BELOW, stands)]
    return Result(COLUMNS, rows, totals, notes=_notes(best, whole, kinds, works, lost, currency), below=below)


def _works(given: Given, file: Path) -> list[Work]:
    memory = numbers(given.table["memory_gb"], "memory_gb", file)
    count = len(given.rates)
    names = given.table.get("names") or [f"model {number}" for number in range(1, count + 1)]
    if len(memory) != count or not all(memory):
        raise DataError("`memory_gb` has a figure above 0 for each of `rates`", where=str(file), hint=_HINT)
    good = isinstance(names, list) and all(isinstance(name, str) and name for name in names)
    if not good or len(names) != count or len(set(names)) < count:
        raise DataError("`names` has a name of its own for each of `rates`", where=str(file), hint='names = ["embed", "chat"]')
    if count > MOST_MODELS:
        raise DataError(
            f"{count} models are more than the {MOST_MODELS} that are tried together", where=str(file), hint="split the file"
        )
    return [Work(name, rate, exact(gb)) for name, rate, gb in zip(names, given.rates, memory, strict=True)]


def _kind(machine: Machine, book: PriceBook, models: int) -> GpuKind:
    table, where = machine.table, machine.where
    spec = book.specs(machine.offer.provider, machine.offer.instance_type) if machine.offer else None
    gpu = str(table.get("gpu") or (spec.gpu_name if spec else None) or "")
    gpus = table.get("gpus", (spec.gpu_count if spec else None) or 1)
    memory = table.get("gpu_memory_gb", spec.gpu_memory_gb if spec else None)
    if isinstance(gpus, bool) or not isinstance(gpus, int) or not 1 <= gpus <= 64:
        raise DataError("`gpus` is a whole number from 1 to 64", where=where, hint=_HINT)
    if memory is None:
        raise DataError("how much memory one of its GPUs has is not known", where=where, hint=_HINT)
    size = exact(numbers([memory], "gpu_memory_gb", where)[0]) if not isinstance(memory, Decimal) else memory
    profiles = mig_profiles(gpu, size) if size else ()
    sharing = table.get("sharing", "mig" if profiles else "time_slicing")
    if sharing not in _SHARING:
        raise DataError(f"`sharing` is one of {', '.join(_SHARING)}", where=where, hint='sharing = "mig"')
    if sharing == "mig" and not profiles:
        raise DataError(
            f"no MIG slices are known of {gpu or 'its GPU'} with {size:g} GB", where=where, hint='sharing = "time_slicing"'
        )
    profiles = profiles if sharing == "mig" else ()
    sliced = _sliced(table.get("slices", {}), [one.name for one in profiles], where, models)
    return GpuKind(
        machine.name, machine.price, gpus, size, machine.serves, profiles, sharing == "time_slicing", sliced, machine.most
    )


def _sliced(table: Any, known: Sequence[str], where: str, models: int) -> dict[str, tuple[float | None, ...]]:
    """What was measured on slices, by their names."""
    if not isinstance(table, Mapping):
        raise DataError("`slices` is a table of slices and what each serves", where=where, hint='slices = {"1g.5gb" = [0.5, 0]}')
    found = {}
    for name, serves in table.items():
        if name not in known:
            hint = f"known are {', '.join(known)}" if known else "its GPUs are not cut into slices"
            raise DataError(f"there is no slice `{name}`", where=where, hint=hint)
        found[name] = tuple(value or None for value in numbers(serves, f"slices.{name}", where))
        if len(found[name]) != models:
            raise DataError(f"slice `{name}` has {len(found[name])} figures for {models} models", where=where, hint=_HINT)
    return found


def _row(kind: GpuKind, machine: Machine, best: Fleet, works: Sequence[Work], currency: str) -> Row:
    number = best.machines[kind.name]
    alone, unshared = cheapest_fleet([kind], works), cheapest_fleet([kind], works, share=False)
    cost, lost = kind.price * number, best.lost(kind)
    return {
        "machine": kind.name, "purchase_option": machine.offer.purchase_option if machine.offer else None, "machines": number,
        "hourly_price": kind.price, "hourly_cost": rounded(cost), "monthly_cost": monthly_cost(kind.price, number),
        "lost_hourly_cost": lost, "lost_share": rounded(lost / cost) if cost else None,
        "alone_hourly_cost": rounded(alone.cost) if alone else None,
        "whole_hourly_cost": rounded(unshared.cost) if unshared else None,
        "sharing": "mig" if kind.profiles else "time_slicing" if kind.turns else "none",
        "gpus": [f"{one.gpus} x ({_stands(one)})" for one in best.shared[kind.name]],
        "currency": currency, "price_as_of": machine.offer.as_of if machine.offer else None,
    }  # fmt: skip


def _stands(one: SharedGpus) -> str:
    """Such as `chat on 3g.20gb, 2 embed on 1g.5gb, 1g.5gb empty`."""
    said = []
    for (model, part), same in groupby(one.replicas, key=lambda replica: replica[:2]):
        count = len(list(same))
        many = f"{count} " if count > 1 else ""
        said.append(f"{many}{model} on {part}" if model and part else f"{many}{model}" if model else f"{many}{part} empty")
    return ", ".join(said)


def _notes(
    best: Fleet, whole: Fleet | None, kinds: Sequence[GpuKind], works: Sequence[Work], lost: Decimal, currency: str
) -> list[str]:
    fleet = " and ".join(f"{number} {name}" for name, number in best.machines.items() if number)
    said = f"Cheapest is {fleet}: {money_table(best.cost, currency)} an hour"
    if whole is None:
        said += "; without sharing GPUs no fleet would do"
    elif whole.cost > best.cost:
        said += f"; with each model on GPUs of its own {money_table(whole.cost, currency)}"
    else:
        said += "; sharing GPUs saves nothing"
    notes = [f"{said}.", _by_model(best, kinds, works, lost, currency)]
    used = [kind for kind in kinds if best.machines[kind.name]]
    if any(kind.profiles and not set(_slices(best, kind)) <= set(kind.sliced) for kind in used):
        notes.append("A MIG slice that was not measured is taken to serve its share of the GPU's compute.")
    if any(kind.turns and any(len(one.replicas) > 1 for one in best.shared[kind.name]) for kind in used):
        notes.append(
            "Turns on a GPU are taken to cost nothing; they isolate neither memory nor faults, and requests wait for each other."
        )
    return notes if best.proved else [*notes, "The search was ended before it was proved that none is cheaper."]


def _slices(best: Fleet, kind: GpuKind) -> list[str]:
    """The slices that models stand on, of which less than a whole GPU."""
    whole = kind.profiles[-1].name
    return [part for one in best.shared[kind.name] for model, part, _ in one.replicas if model and part and part != whole]


def _by_model(best: Fleet, kinds: Sequence[GpuKind], works: Sequence[Work], lost: Decimal, currency: str) -> str:
    """What each model's needs cost, by the larger of its shares of compute and memory, and what is lost."""
    costs = dict.fromkeys((work.name for work in works), Decimal(0))
    for kind in kinds:
        for one in best.shared[kind.name]:
            total = sum((share for _, _, share in one.replicas), Decimal(0))
            for model, _, share in one.replicas:
                if model is not None:
                    costs[model] += kind.price / kind.gpus * one.gpus * share / max(total, Decimal(1))
    parts = ", ".join(f"{name} {money_table(cost, currency)}" for name, cost in costs.items() if cost)
    part = percent(lost / best.cost) if best.cost else "0 %"
    return f"By what each needs of a GPU: {parts}; {money_table(lost, currency)} ({part}) is lost in and between parts, and idle."
