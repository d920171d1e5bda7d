"""The metrics of jobs on spot and of placements."""

from __future__ import annotations

from finops.core.metric import Metric

PLACE_METRICS: tuple[Metric, ...] = (
    Metric(
        "job_cost",
        "Cost of a job",
        "currency",
        "hourly price x machines x billed hours, which on spot include checkpoints, restarts and work done again",
        "step spot",
        "lower is better",
        "Expected over interruptions; p50 and p95 are of simulated runs, or of replays over a trace.",
    ),
    Metric(
        "billed_hours",
        "Billed hours",
        "hours",
        "the job's hours on each machine, with checkpoints, restarts and work done again",
        "step spot",
        "lower is better",
    ),
    Metric("job_saving", "Saving", "share of 1", "1 - cost / cost on demand", "step spot", "higher is better"),
    Metric(
        "interruption_rate",
        "Interruptions per machine and hour",
        "per hour",
        "as given; else from the advisor's monthly bucket, a trace, or the bills' own history (1/2 + interruptions) / hours",
        "step spot",
        "lower is better",
        "The advisor's bucket is a lower bound: measured rates of accelerators reach hundreds of times it.",
    ),
    Metric(
        "late_probability",
        "Chance to be late",
        "share of 1",
        "simulated runs that end after the deadline / all",
        "step spot",
        "lower is better",
    ),
    Metric(
        "transfer_cost",
        "Cost of moved data",
        "currency",
        "GB x the price of the tier that they fall into; in all: cost of the work + moved each month + moved once / months",
        "step place",
        "lower is better",
        "Published rates differ from contracts: `prices import` takes egress_internet and egress_region.",
    ),
    Metric(
        "mix_cost",
        "Cost of a fleet",
        "currency per hour",
        "sum over kinds of machines of their number x hourly price, the least that serves every size of request",
        "step mix",
        "lower is better",
        "Rates are those of one kind of request at a time; a month is 730 hours.",
    ),
    Metric(
        "replay_saving",
        "Saving of a replay",
        "currency",
        "list cost of the month's calls as they were - the same tokens, call by call, at the other model's prices",
        "step replay",
        "higher is better",
        "Another model may need other tokens, turns or retries for the same result.",
    ),
    Metric(
        "cost_per_1m_tokens_measured",
        "Measured cost of a million tokens",
        "currency per 1M tokens",
        "hourly price x hours / tokens x 1,000,000: of output, of all, of the prompt (prefill) or of the answer (decode)",
        "step bench_cost",
        "lower is better",
        "Prefill and decode share the cost by the median times to the first token and after it; a wait counts as prefill.",
    ),
    Metric(
        "machines",
        "Machines for a demand",
        "machines",
        "ceil(demand of the busiest hour / (measured rate x how busy a machine may be)); by the mean hour for comparison",
        "step bench_cost",
        "lower is better",
        "Bursts within an hour wait: an hour's calls are taken as evenly spread.",
    ),
)
