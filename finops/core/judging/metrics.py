"""The metrics of verdicts: what an agent loses, what an action saves, what an agent adds to a run."""

from __future__ import annotations

from finops.core.metric import Metric

JUDGING_METRICS: tuple[Metric, ...] = (
    Metric(
        "expected_monthly_loss",
        "Expected monthly loss",
        "currency",
        "cost - value of accepted runs, over its probability",
        "step flag",
        "lower is better",
    ),
    Metric(
        "action_saving",
        "Saves a month",
        "currency",
        "cost - value of what is stopped; or cost of model calls x (1 - cost on the better model, or tokens of peers, / own)",
        "step flag",
        "higher is better",
        "The action that saves most of those that save with a probability of 90 %; 80 % interval.",
    ),
    Metric(
        "adds_per_run",
        "Adds a run",
        "currency",
        "value of a result x (success of runs with the agent - success of runs without it)",
        "step flag",
        "higher is better",
        "Of runs that name on a span whom they were run without (`finops.left_out`, `none` for nobody), 30 of each.",
    ),
    Metric("probability", "Probability", "share of 1", "probability that an agent costs more than it is worth", "step flag"),
)
