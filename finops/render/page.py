"""What a report shows: numbers and names only. Wording and looks are made from it by `words`, `html` and `markdown`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

Series = tuple[Decimal | None, ...]
CellState = Literal["priced", "no_price", "not_offered", "not_measured", "not_feasible", "other_currency"]


@dataclass(frozen=True)
class PriceDate:
    """One set of prices that figures rest on. `as_of` is None where the set does not say."""

    name: str
    as_of: date | None
    source: str = ""
    stale: bool = False


@dataclass(frozen=True)
class FanDay:
    """Where cumulative spend may stand at the end of a day to come. Quantiles are None where no interval is known."""

    day: date
    expected: Decimal
    p10: Decimal | None = None
    p25: Decimal | None = None
    p75: Decimal | None = None
    p90: Decimal | None = None


@dataclass(frozen=True)
class Spend:
    """Cumulative spend of the month, what is expected of its rest, and the budget of the whole company."""

    days: tuple[tuple[date, Decimal], ...]
    fan: tuple[FanDay, ...] = ()
    budget: Decimal | None = None
    method: str = ""
    error: str | None = None
    """What the back-test says, in words."""
    no_interval: str | None = None
    """Why there is no forecast or no interval, in words."""


@dataclass(frozen=True)
class Headline:
    """The month in numbers. `before` figures are those of the same days of the month before."""

    spent: Decimal
    spent_before: Decimal | None = None
    estimated: Decimal = Decimal(0)
    """Part of `spent` that no bill covers yet."""
    expected: Decimal | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    """The 80 % interval of the month's total."""
    budget: Decimal | None = None
    over_budget_probability: Decimal | None = None
    spend_days: Series = ()
    months: Series = ()
    """Totals of the last months, the forecast of this one last."""
    cost_per_success: Decimal | None = None
    cost_per_success_before: Decimal | None = None
    cost_per_success_weeks: Series = ()
    no_success: str | None = None
    """Why there is no cost per success, in words."""
    idle: Decimal | None = None
    capacity: Decimal | None = None
    """Spend on metered capacity, of which `idle` is the part nobody used; None where nothing is metered."""
    idle_days: Series = ()
    unallocated: Decimal | None = None
    unallocated_days: Series = ()
    riser: str | None = None
    """The owner whose spend rose most against the same days of the month before."""
    rise: Decimal | None = None


@dataclass(frozen=True)
class AgentRow:
    """One agent's month. Leftover rows (idle, left …) have `leftover` and no runs."""

    agent: str
    workflow: str
    spend: Decimal
    before: Decimal | None = None
    runs: int | None = None
    success: Decimal | None = None
    cost_per_success: Decimal | None = None
    days: Series = ()
    verdict: str | None = None
    cost_per_run: Decimal | None = None
    value_per_run: Decimal | None = None
    leftover: bool = False


@dataclass(frozen=True)
class Review:
    """An agent that someone should look at, why, and what is at stake."""

    agent: str
    workflow: str
    verdict: str
    probability: Decimal | None = None
    cost: Decimal | None = None
    monthly_loss: Decimal | None = None
    runs: int | None = None
    reasons: tuple[str, ...] = ()
    advice: str = ""


@dataclass(frozen=True)
class Share:
    """One bar of a ranking. `leftover` rows (idle, left, untagged, unexplained) are nobody's."""

    name: str
    amount: Decimal
    leftover: bool = False


@dataclass(frozen=True)
class Half:
    """One purchase option in one cell of the placement map."""

    state: CellState
    unit_cost: Decimal | None = None
    as_of: date | None = None
    stale: bool = False
    derived: bool = False


@dataclass(frozen=True)
class Cell:
    """One region × instance type: on-demand above, spot below."""

    region: str
    instance_type: str
    on_demand: Half
    spot: Half


@dataclass(frozen=True)
class Panel:
    """One provider's part of the placement map: which regions and types it shows, cheapest first."""

    provider: str
    regions: tuple[str, ...]
    instance_types: tuple[str, ...]
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class PlacementMap:
    """The measured work on other regions, instance types and purchase options."""

    workload: str
    model: str
    unit: str
    currency: str
    panels: tuple[Panel, ...]
    best: tuple[str, str, str, str] | None = None
    """Provider, region, instance type, purchase option."""
    today: tuple[str, str, str, str] | None = None
    best_cost: Decimal | None = None
    today_cost: Decimal | None = None
    best_count: int = 1
    monthly_saving: Decimal | None = None
    assumptions: tuple[str, ...] = ()
    left_out: int = 0
    """Placements that were computed and are not on the map."""

    def halves(self) -> tuple[Half, ...]:
        """Every priced half of every cell."""
        cells = [cell for panel in self.panels for cell in panel.cells]
        return tuple(half for cell in cells for half in (cell.on_demand, cell.spot) if half.unit_cost is not None)

    @property
    def all_stale(self) -> bool:
        return bool(self.halves()) and all(half.stale for half in self.halves())


@dataclass(frozen=True)
class ReconcileRow:
    """What one issuer billed to one account in one month, and where it went."""

    period: str
    issuer: str
    account: str
    currency: str
    billed: Decimal
    allocated: Decimal
    difference: Decimal
    invoice_total: Decimal | None
    invoice_gap: Decimal | None
    direct: Decimal
    metered: Decimal
    shared: Decimal
    idle: Decimal
    left: Decimal
    untagged: Decimal
    unexplained: Decimal
    estimated: Decimal


@dataclass(frozen=True)
class SourceRow:
    """What one source has brought into the ledger."""

    source: str
    files: int
    rows: int
    rejected: int


@dataclass(frozen=True)
class Quality:
    """What was read, what was refused, and what could not be priced or judged."""

    sources: tuple[SourceRow, ...] = ()
    rejects: tuple[tuple[str, int], ...] = ()
    calls: int = 0
    unpriced_calls: int = 0
    runs: int = 0
    unknown_runs: int = 0
    uncosted_charges: int = 0
    """Charges of the period that say no effective cost, and what was billed for them."""
    uncosted_billed: Decimal | None = None
    billed_only: bool = False
    """No charge has an effective cost: every cost on the page is billed cost."""
    unbuilt: int = 0
    rates: tuple[str, ...] = ()
    """Which exchange rates the costs on the page rest on, and what has none."""


@dataclass(frozen=True)
class Term:
    """One metric of the registry that the page uses."""

    id: str
    label: str
    unit: str
    formula: str
    caveats: str = ""


@dataclass(frozen=True)
class Provenance:
    """What the page was made from."""

    version: str
    configuration: str
    snapshot: str
    prices: tuple[PriceDate, ...] = ()


@dataclass(frozen=True)
class Page:
    """Everything on the page. `first` and `last` are the days it covers, `month_end` the last day of that month."""

    company: str
    currency: str
    first: date
    last: date
    month_end: date
    as_of: date
    headline: Headline
    provenance: Provenance
    closed: bool = False
    """The month is over, so there is nothing to forecast."""
    spend: Spend | None = None
    agents: tuple[AgentRow, ...] = ()
    tenants: tuple[Share, ...] = ()
    workflows: tuple[Share, ...] = ()
    reviews: tuple[Review, ...] = ()
    judged_over: str = ""
    """The days on which runs, success, cost per success and verdicts rest, in words; empty where they are the page's own."""
    no_review: str | None = None
    """Why no agent could be judged, in words."""
    placement: PlacementMap | None = None
    no_placement: str | None = None
    reconciliation: tuple[ReconcileRow, ...] = ()
    quality: Quality = field(default_factory=Quality)
    glossary: tuple[Term, ...] = ()
    other_currencies: tuple[tuple[str, Decimal], ...] = ()
    """What the same month costs in currencies that are not on this page."""
