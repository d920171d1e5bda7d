"""What was expected of a time on the day before it began, by owner and part: the side of a bridge that a forecast is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from finops.core.explaining.bridge_expected import expected_sides
from finops.core.explaining.bridge_parts import Owner, Side
from finops.core.forecasting.shares import decimal
from finops.core.periods import Period
from finops.ledger.daily import uncosted_charges
from finops.steps.forecasting.bridge_sides import read_sides
from finops.steps.forecasting.changes import told
from finops.steps.forecasting.history import complete_until
from finops.steps.forecasting.outlook import OWNERS, Outlook, months_ahead

if TYPE_CHECKING:
    from finops.config import Settings
    from finops.ledger.store import Reader

USUAL_D = 31
"""A month, so that what comes once a month is usual, too."""


def forecast_sides(reader: Reader, settings: Settings, period: Period) -> dict[Owner, Side]:
    """Every owner's expected cost of the period, which begins a month, as of the day before it."""
    eve = period.first - timedelta(days=1)
    billed_only = tuple(of.currency for of in uncosted_charges(reader, eve, settings.currency) if of.all_of_them)
    reach = complete_until(reader, eve, settings.currency, billed_only)
    months = months_ahead(eve, reach, 1)
    known = told(reader, settings.plans, (), reach, eve, months[-1].end, str(settings.config))
    outlook = Outlook(reader, OWNERS, months, reach, eve, settings.currency, billed_only, known)
    outlook.run([list(range(len(outlook.keys)))])
    days = slice((period.first - reach).days - 1, (period.end - reach).days - 1)
    expected: dict[Owner, Decimal] = {}
    for row, (currency, tenant, agent, workflow) in enumerate(outlook.keys):
        owner = (str(tenant), str(agent), str(workflow), str(currency))
        expected[owner] = decimal(float(outlook.path[row, days].sum()))
    usual = read_sides(reader, reach - timedelta(days=USUAL_D - 1), reach + timedelta(days=1), settings.currency)
    return expected_sides(usual, expected)


def expectation(period: Period) -> Period:
    """The name of the forecast among the periods of a bridge."""
    return replace(period, label=f"the forecast of {period.label}")
