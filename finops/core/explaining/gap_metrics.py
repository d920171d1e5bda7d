"""The metrics of what was expected of a bill, by its sources or its purchase options, and of what lies between."""

from __future__ import annotations

from finops.core.metric import Metric

GAP_METRICS: tuple[Metric, ...] = (
    Metric(
        "traces_list_cost",
        "Traces at list",
        "currency",
        "tokens of recorded spans x list price of the month's first day, standard tier, cached tokens as uncached",
        "fct_call, price_token",
        caveats="What a price list makes of traces alone; the causes say what it misses. n/a where no trace is loaded.",
    ),
    Metric(
        "gateway_cost",
        "Gateway's own",
        "currency",
        "cost that gateways (else spans, else LiteLLM's daily roll-ups) report, each call once",
        "fct_call.reported_cost, sample gateway_cost_usd",
        caveats="A gateway's own prices; never part of any other figure.",
    ),
    Metric(
        "usage_report_cost",
        "Usage report",
        "currency",
        "tokens that the provider counted x list price of their day and tier",
        "sample provider_tokens, price_token",
        caveats="A report does not know the size of each request: priced as the smallest band.",
    ),
    Metric(
        "invoiced_cost", "Invoice", "currency", "charges of the month; with the invoice's total, where one is known", "charge"
    ),
    Metric("gap", "Gap", "currency", "invoice - traces at list", "step reconcile_sources"),
    Metric(
        "gap_cause",
        "Cause of the gap",
        "currency",
        "one thing that traces at list price take wrongly, made right in a fixed order (core/explaining/gap.py)",
        "step reconcile_sources",
        caveats="n/a where nothing tells it; causes and `unexplained` add up to the gap exactly.",
    ),
    Metric(
        "expected_purchase",
        "As expected",
        "currency",
        "instance hours x the price of the purchase option that was expected, on their day",
        "step reconcile_options",
    ),
    Metric(
        "purchase_effect",
        "Effect of purchase options",
        "currency",
        "effective cost of instance hours - the same hours at the expected prices",
        "step reconcile_options",
        "lower is better",
        "Bills say of committed hours only that they are committed: any term counts as expected.",
    ),
    Metric(
        "gap_unexplained",
        "Unexplained",
        "currency",
        "gap - all causes",
        "step reconcile_sources",
        "lower is better",
    ),
)
