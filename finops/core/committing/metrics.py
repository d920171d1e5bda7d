"""The metrics of commitments: how many to hold, how far they are used, what they save and what they risk."""

from __future__ import annotations

from finops.core.metric import Metric

COMMITMENT_METRICS: tuple[Metric, ...] = (
    Metric(
        "commitment_units",
        "Instances to commit to",
        "instances",
        "those used in more of the hours than committed price / on-demand price (the newsvendor's quantile of hourly demand)",
        "step commitments",
        caveats="Each instance type and region by itself; a pooled plan is an amount an hour over all of them.",
    ),
    Metric("commitment_demand", "Demand", "instances", "on-demand and committed instance hours / hours", "step commitments"),
    Metric(
        "break_even",
        "Break-even use",
        "share of 1",
        "committed price / on-demand price: the share of hours in use from which committing costs less",
        "step commitments",
        "lower is better",
    ),
    Metric(
        "commitment_utilisation",
        "Use of commitments",
        "share of 1",
        "committed hours that were used / committed hours",
        "step commitments",
        "higher is better",
    ),
    Metric(
        "commitment_coverage", "Coverage", "share of 1", "committed hours that were used / hours of demand", "step commitments"
    ),
    Metric(
        "savings_rate",
        "Effective savings rate",
        "share of 1",
        "1 - cost / the same hours at on-demand prices",
        "step commitments",
        "higher is better",
    ),
    Metric(
        "commitment_saving",
        "Saving",
        "currency",
        "on-demand cost of a month of 730 hours - the same demand's with the commitment",
        "step commitments",
        "higher is better",
        "Demand as forecast over the term's months, its paths at 10, 50 and 90 % weighed 30:40:30; idle capacity is part of it.",
    ),
    Metric(
        "commitment_unused",
        "Unused commitments",
        "currency",
        "effective cost of committed hours that nobody used, as a month of 730 hours",
        "step commitments",
        "lower is better",
    ),
    Metric(
        "commitment_risk",
        "At risk",
        "currency",
        "sum over committed instances of max(price - on-demand price x use after the fall, 0) over the hours of the term",
        "step commitments",
        "lower is better",
    ),
    Metric(
        "commitment_cost",
        "Cost of a month",
        "currency",
        "effective cost of on-demand, used and unused committed hours, as a month of 730 hours",
        "step commitments",
        "lower is better",
        "Spot is not in it.",
    ),
    Metric(
        "commitment_excess",
        "Held in vain",
        "instances, currency",
        "commitments held - the level that costs least at their price; cost so - cost at that level",
        "step commitments",
        "lower is better",
    ),
)
