"""What is said of the figures of drift, burn and volatility."""

from __future__ import annotations

from finops.core.metric import Metric

DRIFT_METRICS: tuple[Metric, ...] = (
    Metric(
        "drift_effect",
        "Effect of a drift",
        "currency a day",
        "a day's calls x sum(change of each class's share x list cost of its calls before); of a price, tokens x its change",
        "step drift",
        "lower is better",
        "Drifts of one agent overlap, so effects don't add up. Of an update: change of a run's list cost x runs a day, with "
        "its 95 % interval.",
    ),
    Metric(
        "drift_bits",
        "Divergence",
        "bits",
        "Jensen-Shannon divergence of a week from the 28 days before - (classes - 1)(1/n + 1/N) / (8 ln 2)",
        "step drift",
        caveats="Compared with the series' own past only; a week has at least 200 calls.",
    ),
    Metric(
        "burn_used",
        "Used",
        "share of 1",
        "effective cost of the current period / budget; failed or slow calls of 30 days / those that the envelope allows",
        "step burn",
        "lower is better",
    ),
    Metric(
        "burn_rate",
        "Burn",
        "times the budget",
        "list cost of a window / the budget's share of it; share of failed or slow calls / share allowed",
        "step burn",
        "lower is better",
        "Now is the last 24 hours with calls.",
    ),
    Metric(
        "burn_cost",
        "Cost of a burn",
        "currency",
        "list cost of the failed or slow calls of a burn and the window before it; of money, list cost of its calls - the "
        "budget's share of those hours",
        "step burn",
        "lower is better",
        "Unknown where none of the calls has a known cost, as of tools.",
    ),
    Metric(
        "burn_runs_cost",
        "Cost of the runs of a burn",
        "currency",
        "list cost of all calls of the runs in which the failed or slow calls of a burn happened",
        "step burn",
        "lower is better",
        "A run may have gone well in spite of them.",
    ),
    Metric(
        "volatility_mean",
        "Mean day",
        "currency",
        "effective cost / days from the first with cost, one-offs left out",
        "step volatility",
    ),
    Metric(
        "peak_to_mean",
        "Peak to mean",
        "ratio",
        "the dearest day / the mean day; of hours, list cost of calls",
        "step volatility",
        "lower is better",
    ),
    Metric(
        "variation",
        "Coefficient of variation",
        "ratio",
        "standard deviation of a day's cost / mean day",
        "step volatility",
        "lower is better",
    ),
    Metric(
        "cost_at_risk",
        "Cost at risk",
        "currency",
        "95 % quantile of what 30 days cost - 30 mean days, weeks of the history drawn at random",
        "step volatility",
        "lower is better",
        "What the period has not seen is not in it; risks of parts don't add up.",
    ),
    Metric(
        "variance_share",
        "Share of the variance",
        "share of 1",
        "covariance of the part with a day's cost / variance of the cost; demand, price, retries and other add up to 1",
        "step volatility",
        caveats="Below 0 where a part runs against the others.",
    ),
)
