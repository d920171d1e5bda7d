"""Carbon of machines by a company's own dated table: what a region's power emits and a machine draws, or what its hour emits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from finops.core.committing.commitments import EXACT
from finops.core.placing.placement import Placement
from finops.core.placing.unit_cost import rounded

CarbonUnit = Literal["gCO2e/kWh", "W", "kgCO2e/h"]
_GRAM_WATTS = Decimal(1_000_000)
"""W x g/kWh over this is kg/h."""


@dataclass(frozen=True)
class CarbonFact:
    """From a day on: what a kWh emits in a region, what a machine of a type draws, or what its hour in a region emits."""

    day: date
    region: str
    instance_type: str
    unit: CarbonUnit
    value: Decimal
    source: str
    line: int = 0


class Carbon:
    """The table, as it stood on a day."""

    def __init__(self, facts: Iterable[CarbonFact], at: date, file: str | None = None) -> None:
        self.file = file
        known = sorted((fact for fact in facts if fact.day <= at), key=lambda fact: fact.day)
        self._known = {(fact.unit, fact.region, fact.instance_type): fact for fact in known}
        self.sources = sorted({fact.source for fact in self._known.values()})
        self.oldest = min((fact.day for fact in self._known.values()), default=None)

    def per_hour(self, region: str | None, instance_type: str) -> Decimal | None:
        """kg CO2e of one machine's hour: as stated, else watts x g per kWh / 1,000,000; None where that is not known."""
        known = {name: fact.value for name, fact in self.facts(region, instance_type).items()}
        if "stated" in known or not known:
            return known.get("stated")
        return EXACT.divide(EXACT.multiply(known["grid"], known["draws"]), _GRAM_WATTS)

    def per_unit(self, row: Placement) -> Decimal | None:
        """g CO2e of a unit of work there: of the hours that it is billed for, redone work included."""
        hour = self.per_hour(row.region, row.instance_type)
        if hour is None or row.offer is None or row.unit_cost is None:
            return None
        return rounded(EXACT.multiply(hour * 1_000, EXACT.divide(row.unit_cost, row.offer.price)))

    def facts(self, region: str | None, instance_type: str) -> dict[str, CarbonFact]:
        """The facts behind a machine's hour: what was `stated` of it, else its `grid` and what it `draws`; none where unknown."""
        stated = self._known.get(("kgCO2e/h", region or "", instance_type))
        if stated is not None:
            return {"stated": stated}
        grid, draws = self._known.get(("gCO2e/kWh", region or "", "")), self._known.get(("W", "", instance_type))
        return {} if grid is None or draws is None else {"grid": grid, "draws": draws}
