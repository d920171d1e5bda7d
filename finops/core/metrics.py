"""Every figure that finops shows, once: what it is called, its unit, how it is made, where it comes from, what to beware of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Direction = Literal["lower is better", "higher is better", "neither"]


@dataclass(frozen=True)
class Metric:
    """One metric. `source` is the model and column that it is read from, or the step that computes it."""

    id: str
    label: str
    unit: str
    formula: str
    source: str
    direction: Direction = "neither"
    caveats: str = ""


METRICS: tuple[Metric, ...] = (
    Metric(
        "billed_cost",
        "Billed cost",
        "currency",
        "what invoices charge; sums to the invoice",
        "fct_cost.billed",
        caveats="Purchases stand on the day they were bought; only this metric sums to an invoice.",
    ),
    Metric(
        "effective_cost",
        "Effective cost",
        "currency",
        "billed cost with purchases spread over the usage they cover",
        "fct_cost.effective",
        "lower is better",
        "Need not equal the invoice of a month.",
    ),
    Metric(
        "list_cost",
        "List cost",
        "currency",
        "usage at public list prices",
        "fct_cost.list",
        caveats="Never add it to other cost metrics; purchases and the usage they cover would count twice.",
    ),
    Metric(
        "contracted_cost",
        "Contracted cost",
        "currency",
        "usage at negotiated prices, before commitments",
        "fct_cost.contracted",
        caveats="Never add it to other cost metrics.",
    ),
    Metric("cost_share", "Share of cost", "share of 1", "cost / total cost in the same currency", "fct_cost"),
    Metric(
        "estimated_cost",
        "Estimated cost",
        "currency",
        "priced calls and metered hours of days without a loaded bill",
        "fct_estimate.effective",
        caveats="List prices, replaced by the bill when it is loaded.",
    ),
    Metric("source_total", "Source total", "currency", "sum of the raw amounts of the files, as text", "control.source_total"),
    Metric("rounding", "Rounding", "currency", "stored amounts - source total", "control.rounding"),
    Metric("allocated_cost", "Allocated cost", "currency", "sum of billed cost over all owners", "fct_allocation.billed"),
    Metric(
        "difference",
        "Difference",
        "currency",
        "(source total + rounding) - allocated",
        "mart_reconcile",
        "lower is better",
        "Anything but 0 is a defect.",
    ),
    Metric(
        "bridge_effect",
        "Effect on cost",
        "currency",
        "a driver's mean effect on effective cost over all orders in which drivers could have changed (Shapley)",
        "step bridge",
        caveats="Effects of one bridge add up to the change; hours of an owner are its cost over the hourly price of the place.",
    ),
    Metric(
        "excess_cost",
        "Excess",
        "currency",
        "effective cost of the days of an incident - what its own past made expected",
        "step anomalies",
        "lower is better",
        "The expected follows the level slowly, so a change that lasts is an excess only until it is usual.",
    ),
    Metric(
        "expected_cost",
        "Expected",
        "currency",
        "robust level x index of the day of the week, from the days before",
        "step anomalies",
    ),
    Metric(
        "run_cost",
        "Cost of a run",
        "currency",
        "list cost of its calls x (cost / list cost of the owner's calls of that model and day)",
        "step traces",
        "lower is better",
        "Model calls only; capacity and shared cost are on the agent, not on single runs.",
    ),
    Metric(
        "waste_cost",
        "Waste",
        "currency",
        "effective cost of idle hours + list cost of needless calls x (cost / list cost of the owner's calls that day)",
        "step waste",
        "lower is better",
        "Each call has one cause; what can't be told is not in it.",
    ),
    Metric(
        "invoice_gap",
        "Gap to the invoice",
        "currency",
        "invoice total - billed",
        "[[invoice]]",
        "lower is better",
        "Unknown where no invoice total is known from outside.",
    ),
    Metric("direct_cost", "Direct cost", "currency", "billed cost of charges that name their owner", "mart_reconcile.direct"),
    Metric("metered_cost", "Metered cost", "currency", "billed cost split by measured use", "mart_reconcile.metered"),
    Metric("shared_cost", "Shared cost", "currency", "billed cost split by a sharing rule", "mart_reconcile.shared"),
    Metric(
        "idle_cost",
        "Idle cost",
        "currency",
        "capacity that was paid for and that no meter claims",
        "fct_allocation, method idle",
        "lower is better",
        "Only resources with meters can be idle; others are unexplained or untagged.",
    ),
    Metric("left_cost", "Left cost", "currency", "cost that a rule leaves with nobody", "fct_allocation, method left"),
    Metric(
        "untagged_cost",
        "Untagged cost",
        "currency",
        "cost whose charge names nobody and that no rule places",
        "fct_allocation, method untagged",
        "lower is better",
    ),
    Metric(
        "unexplained_cost",
        "Unexplained cost",
        "currency",
        "metered cost beyond what instrumented use explains",
        "fct_allocation, method unexplained",
        "lower is better",
        "Spend that is not instrumented ends here, never with others.",
    ),
    Metric(
        "unallocated_cost",
        "Unallocated cost",
        "currency",
        "left + untagged + unexplained",
        "mart_reconcile",
        "lower is better",
    ),
    Metric("runs", "Runs", "runs", "executions of a workflow", "fct_run"),
    Metric(
        "success_rate",
        "Success rate",
        "share of 1",
        "accepted / (accepted + refused) runs",
        "fct_run.accepted",
        "higher is better",
        "Runs without an outcome are unknown: left out and counted.",
    ),
    Metric(
        "cost_per_success",
        "Cost per successful run",
        "currency per run",
        "cost of the judged runs / accepted runs",
        "mart_agent_day",
        "lower is better",
        "Judged runs have a known outcome; refused ones cost too. The report takes each workflow's judged runs of its month at "
        "the mean cost of a run; `flag` takes the judged runs of its own period.",
    ),
    Metric("cost_per_run", "Cost per run", "currency per run", "cost / runs", "mart_agent_day", "lower is better"),
    Metric("calls", "Calls", "calls", "counted calls: leaves of traces, each once", "mart_agent_day.calls"),
    Metric(
        "failed_calls", "Failed calls", "calls", "counted calls with an error", "mart_agent_day.failed_calls", "lower is better"
    ),
    Metric("retries", "Retries", "calls", "counted calls whose attempt is above 1", "mart_agent_day.retries", "lower is better"),
    Metric(
        "unpriced_calls",
        "Unpriced calls",
        "calls",
        "calls with tokens, or a model, but no known price",
        "mart_agent_day.unpriced_calls",
        "lower is better",
        "Their cost is unknown, not 0.",
    ),
    Metric("input_tokens", "Input tokens", "tokens", "all input classes, cache included", "mart_agent_day.input_tokens"),
    Metric("output_tokens", "Output tokens", "tokens", "all output classes, reasoning included", "mart_agent_day.output_tokens"),
    Metric(
        "cache_hit_rate",
        "Cache hit rate",
        "share of 1",
        "cache-read tokens / input tokens",
        "mart_agent_day",
        "higher is better",
    ),
    Metric("spent", "Spent", "currency", "cost of the period up to the business date", "fct_cost.effective"),
    Metric(
        "expected",
        "Expected",
        "currency",
        "spent + expected cost of the remaining days",
        "step forecast",
        caveats="The only additive forecast figure: quantiles do not add up.",
    ),
    Metric(
        "forecast",
        "Forecast",
        "currency",
        "quantiles of the period's total",
        "step forecast",
        caveats="An interval, checked by a back-test; wide where history is short.",
    ),
    Metric("budget", "Budget", "currency", "the sum set for a scope and a period", "[[budget]]"),
    Metric("skill", "Skill", "share of 1", "1 - error / error of the naive forecast", "step forecast", "higher is better"),
    Metric(
        "unit_cost",
        "Cost per unit of work",
        "currency per unit",
        "hourly price x hours / units of work",
        "step place",
        "lower is better",
        "Measured on one benchmark; redo work of interruptions included.",
    ),
    Metric("monthly_cost", "Monthly cost", "currency", "hourly price x instances x 730 hours", "step place", "lower is better"),
    Metric("price", "Price", "currency per unit", "the price of one unit at one date", "price_token, pricing/"),
    Metric(
        "expected_monthly_loss",
        "Expected monthly loss",
        "currency",
        "cost - value of accepted runs, over its probability",
        "step flag",
        "lower is better",
    ),
    Metric("probability", "Probability", "share of 1", "probability that an agent costs more than it is worth", "step flag"),
    Metric("latency_p95", "Latency, p95", "ms", "95th percentile of a call's duration", "fct_call", "lower is better"),
    Metric(
        "gpu_utilisation",
        "GPU utilisation",
        "share of 1",
        "metered GPU-seconds / capacity",
        "fct_group_verdict",
        "higher is better",
    ),
    Metric("queue_depth", "Queue depth", "items", "items that wait", "mart_signal_hour", "lower is better"),
    Metric("oldest_age", "Oldest age", "s", "age of the oldest waiting item", "mart_signal_hour", "lower is better"),
)

BY_ID: dict[str, Metric] = {metric.id: metric for metric in METRICS}
COST_METRICS = {"billed": "billed_cost", "effective": "effective_cost", "contracted": "contracted_cost", "list": "list_cost"}
"""What `--metric` takes, and the metric that it is."""
