"""The metrics of unit economics: cost per unit of work, per seat, and margins, with their floors for small samples."""

from __future__ import annotations

from finops.core.metric import Metric

UNIT_METRICS: tuple[Metric, ...] = (
    Metric(
        "work_hours",
        "Hours of work",
        "hours",
        "machines x seconds measured / 3,600 / units x units a day; GPU-hours x GPUs of a machine",
        "step bench_cost",
        "lower is better",
        "Of machines that are busy all the time; a month is 730 hours.",
    ),
    Metric("work_cost", "Cost of work", "currency", "cost per unit of work x units a day", "step bench_cost", "lower is better"),
    Metric(
        "cost_per_request",
        "Cost per request",
        "currency per request",
        "cost of the layer of AI compute / requests to models",
        "step unit_costs",
        "lower is better",
        "By model, the cost that bills and estimates give that model; GPU hours name no model.",
        floor=10,
    ),
    Metric(
        "cost_per_1m_tokens",
        "Cost per 1M tokens",
        "currency per 1M tokens",
        "cost of the layer of AI compute / tokens x 1,000,000",
        "step unit_costs",
        "lower is better",
        "By token class: tokens at list price x (cost / list cost of the owner's calls of that model and day, in UTC).",
        floor=1000,
    ),
    Metric(
        "tokens_per_request",
        "Tokens per request",
        "tokens per request",
        "tokens of all classes / requests to models",
        "step unit_costs",
        caveats="Fewer may be a more frugal agent, or a shorter answer.",
        floor=10,
    ),
    Metric("calls_per_run", "Calls per run", "calls per run", "requests to models / runs", "step unit_costs", floor=5),
    Metric(
        "cost_per_seat",
        "Cost per seat and month",
        "currency per seat and month",
        "cost / seat-months, each day its month's share",
        "step unit_costs, [[seats]]",
        "lower is better",
    ),
    Metric("revenue", "Revenue", "currency", "revenue a month, each day its month's share", "[[revenue]]", "higher is better"),
    Metric(
        "gross_margin",
        "Gross margin",
        "currency",
        "revenue - effective cost",
        "step unit_costs, [[revenue]]",
        "higher is better",
        "Only the cost in the ledger is taken off; what nobody owns is in the total alone.",
    ),
    Metric(
        "gross_margin_rate",
        "Gross margin of revenue",
        "share of 1",
        "gross margin / revenue",
        "step unit_costs",
        "higher is better",
    ),
)
