"""The sample company: who it serves, what its agents do, what it pays, and what is planted in it."""

from __future__ import annotations

from datetime import date

SEED = "acme-2026"
FIRST_DAY = date(2026, 7, 24)
AS_OF = date(2026, 11, 20)
"""The last day of data: 120 days with the first one."""
LAST_DAY = date(2026, 11, 30)
"""Generated to the end of the open month, so that the truth about its close is known; nothing after AS_OF is written."""
OPENAI_BILLED_TO = date(2026, 11, 18)
CLOUD_BILLED_TO = date(2026, 11, 19)
"""Bills arrive late: calls and metered hours after these days are estimated."""

# Figures of the Azure LLM inference trace (conversation, 2023-11-16, 19,366 requests; AzurePublicDataset, CC BY 4.0):
# the length at the quantiles 1, 5, 10, 25, 50, 75, 90, 95, 99 and 100 %. Only these figures are carried, not the data.
QUANTILES = (0.01, 0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.99, 1.0)
CONTEXT_TOKENS = (29, 181, 207, 396, 1020, 1189, 2735, 4083, 4142, 14050)
GENERATED_TOKENS = (16, 41, 54, 85, 129, 395, 424, 451, 601, 1000)

TENANTS = ("acme-retail", "bluefin-bank", "cedar-health", "delta-travel", "everest-law", "fjord-media")
TIERS = {
    **dict.fromkeys(("bluefin-bank", "cedar-health", "everest-law"), "enterprise"),
    **dict.fromkeys(("acme-retail", "delta-travel", "fjord-media"), "standard"),
}

WORKFLOWS: dict[str, dict[str, object]] = {
    # lead agent, runs on a weekday at the start, share of a weekday's runs on Saturday or Sunday, tenants with weights,
    # share accepted, share without an outcome, share of failed runs
    "service-desk-triage": {
        "lead": "triage-router",
        "runs": 42,
        "weekend": 0.30,
        "tenants": {"acme-retail": 30, "bluefin-bank": 26, "cedar-health": 24, "fjord-media": 20},
        "accepted": 0.86,
        "unknown": 0.05,
        "failed": 0.01,
    },
    "contract-review": {
        "lead": "contract-reviewer",
        "runs": 11,
        "weekend": 0.08,
        "tenants": {"everest-law": 62, "bluefin-bank": 28, "cedar-health": 10},
        "accepted": 0.72,
        "unknown": 0.05,
        "failed": 0.03,
    },
    "product-image-tagging": {
        "lead": "image-tagger",
        "runs": 15,
        "weekend": 0.55,
        "tenants": {"acme-retail": 52, "fjord-media": 33, "delta-travel": 15},
        "accepted": 0.90,
        "unknown": 0.03,
        "failed": 0.01,
    },
    "trip-planning": {
        "lead": "trip-planner",
        "runs": 14,
        "weekend": 0.75,
        "tenants": {"delta-travel": 80, "fjord-media": 20},
        "accepted": 0.48,
        "unknown": 0.06,
        "failed": 0.03,
    },
    "quote-approval": {
        "lead": "quote-approver",
        "runs": 13,
        "weekend": 0.10,
        "tenants": {"acme-retail": 45, "bluefin-bank": 30, "delta-travel": 25},
        "accepted": 0.55,
        "unknown": 0.04,
        "failed": 0.02,
    },
}
GROWTH = 0.18
"""How much more runs a day there are at the end than at the start."""

VALUES = {  # USD per accepted run: base, low, high
    "service-desk-triage": ("2.80", "2.00", "3.60"),
    "contract-review": ("45.00", "30.00", "60.00"),
    "product-image-tagging": ("24.00", "18.00", "30.00"),
    "trip-planning": ("1.20", "0.90", "1.50"),
    "quote-approval": ("0.90", "0.60", "1.20"),
}

# List prices in USD per million tokens, as genai-prices 0.2.3 has them: model to (from, input, cache read, output).
TOKEN_PRICES: dict[str, tuple[tuple[date, str, str, str], ...]] = {
    "gpt-4o": ((date(2024, 1, 1), "2.5", "1.25", "10"),),
    "gpt-4o-mini": ((date(2024, 1, 1), "0.15", "0.075", "0.6"),),
    "gpt-4.1": ((date(2024, 1, 1), "2", "0.5", "8"),),
    "gpt-5-mini": ((date(2024, 1, 1), "0.25", "0.025", "2"),),
    "gpt-5.6-sol": ((date(2024, 1, 1), "5", "0.5", "30"), (date(2026, 8, 21), "4", "0.4", "20")),
    "text-embedding-3-small": ((date(2024, 1, 1), "0.02", "0.02", "0"),),
}
OPENAI_PAYS_PERCENT = 92
"""The contract with the model provider: 8 % under list."""

# Instance prices in USD an hour, from pricing/: AWS 2026-07-20 (spot: on-demand less the advisor's 49 %), GCP 2026-08-06.
G6_ON_DEMAND = "0.8048"
G6_SPOT = "0.410448"
G2_EUROPE_WEST3 = "0.83302753"
G2_US_EAST4 = "0.704517808"
SPOT_SAVING_PERCENT = 49
SPOT_TRIAL_FROM = date(2026, 9, 15)
SPOT_GAPS = {(date(2026, 9, 29), 13): 5, (date(2026, 10, 20), 9): 7, (date(2026, 11, 11), 15): 4}
"""The spot node was taken back: (day, hour) to how many hours it stayed away."""

NODES: tuple[dict[str, str], ...] = (
    {"resource": "i-0a3f5c7e91b24d601", "provider": "aws", "type": "g6.xlarge", "option": "on_demand", "price": G6_ON_DEMAND},
    {"resource": "i-0a3f5c7e91b24d602", "provider": "aws", "type": "g6.xlarge", "option": "on_demand", "price": G6_ON_DEMAND},
    {"resource": "i-0a3f5c7e91b24d603", "provider": "aws", "type": "g6.xlarge", "option": "on_demand", "price": G6_ON_DEMAND},
    {"resource": "i-0a3f5c7e91b24d6f4", "provider": "aws", "type": "g6.xlarge", "option": "spot", "price": G6_SPOT},
    {"resource": "gke-tagger-eu-1", "provider": "gcp", "type": "g2-standard-4", "option": "on_demand", "price": G2_EUROPE_WEST3},
    {"resource": "gke-tagger-eu-2", "provider": "gcp", "type": "g2-standard-4", "option": "on_demand", "price": G2_EUROPE_WEST3},
)
REGIONS = {"aws": "us-east-1", "gcp": "europe-west3"}
ACCOUNTS = {"aws": "210987654321", "gcp": "acme-ai-eu", "openai": "org-acme"}
IMAGES_PER_SECOND = 2
"""What one node tags, rounded down from the benchmarks."""

LOOP_DAYS = (date(2026, 10, 12), date(2026, 10, 16))
LOOP_CALLS = 24
"""The retry loop: price-checker repeats a failing fare search this many times in each run of these days (both included)."""
SPIKE_TENANT = "bluefin-bank"
SPIKE_DAYS = (date(2026, 9, 22), date(2026, 9, 24))
SPIKE_RUNS = 260
"""The abusive spike: this many extra service-desk runs a day from one tenant, each with the longest contexts."""
UNTAGGED_FROM = date(2026, 9, 1)
"""Since then an m6i.xlarge that nobody owns runs day and night."""

RESERVATION = "ri-desks-2026"
"""The reservation that is too large: so many servers for tenants' desks, at 35 % under on-demand (invented), bought for a peak
that never came."""
RESERVED_TYPE = "m7i.large"
RESERVED_ON_DEMAND = "0.1008"
RESERVED_RATE = "0.06552"
RESERVED_UNITS = 5
OFFICE_HOURS = (8, 18)
"""On weekdays, in UTC."""
DESKS: tuple[dict[str, str], ...] = (
    {"resource": "desk-bluefin-bank", "tenant": "bluefin-bank", "runs": "always"},
    {"resource": "desk-cedar-health", "tenant": "cedar-health", "runs": "always"},
    {"resource": "desk-bluefin-bank-2", "tenant": "bluefin-bank", "runs": "office"},
)
