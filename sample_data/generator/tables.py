"""Meters, pressure signals and outcomes: the small tables beside bills and traces."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from generator import company
from generator.chance import stream
from generator.gpu import Hour
from generator.runs import Run

METER_COLUMNS = (
    *("hour", "provider", "account", "region", "resource", "instance_type", "purchase_option", "capacity"),
    *("tenant", "agent", "workflow", "gpu_seconds"),
)
OUTCOME_COLUMNS = ("run", "time", "accepted", "value", "currency", "evaluator", "human_minutes")
END = datetime(company.AS_OF.year, company.AS_OF.month, company.AS_OF.day, tzinfo=UTC) + timedelta(days=1)


def meters(hours: list[Hour]) -> Iterator[dict[str, object]]:
    """GPU-seconds by node, hour and tenant. A node that stands idle in an hour reports nothing for it."""
    for hour in hours:
        if hour.start >= END:
            return
        for (number, tenant), seconds in sorted(hour.used.items()):
            if not seconds:
                continue
            node = company.NODES[number]
            yield {
                "hour": f"{hour.start:%Y-%m-%dT%H:00:00Z}",
                "provider": node["provider"],
                "account": company.ACCOUNTS[node["provider"]],
                "region": company.REGIONS[node["provider"]],
                "resource": node["resource"],
                "instance_type": node["type"],
                "purchase_option": node["option"],
                "capacity": 1,
                "tenant": tenant,
                "agent": "image-tagger",
                "workflow": "product-image-tagging",
                "gpu_seconds": seconds,
            }


def signals(hours: list[Hour]) -> Iterator[dict[str, object]]:
    """How the queue and the cache stood at the end of every hour."""
    for hour in hours:
        if hour.start >= END:
            return
        chance = stream("signals", hour.start)
        time = f"{hour.start + timedelta(hours=1, seconds=-1):%Y-%m-%dT%H:%M:%SZ}"
        queue = {"queue": "product-image-tagging"}
        busy = sum(hour.used.values()) / (3600 * len(hour.nodes))
        p95 = 2_400 + 5_200 * busy**2 + 600 * chance.random()
        yield {"time": time, "signal": "queue_depth", "kind": "gauge", "labels": queue, "value": hour.waiting}
        yield {"time": time, "signal": "oldest_age_s", "kind": "gauge", "labels": queue, "value": hour.oldest_s}
        yield {"time": time, "signal": "p95_latency_ms", "kind": "gauge", "labels": queue, "value": round(p95, 1)}
        hits = round(0.22 + 0.10 * chance.random(), 4)
        yield {"time": time, "signal": "cache_hit_rate", "kind": "gauge", "labels": {"cache": "prompts"}, "value": hits}


def outcomes(runs: list[Run]) -> Iterator[dict[str, object]]:
    """What reviewers said of runs, some hours later. A run without a word is unknown, not refused."""
    for run in runs:
        if run.accepted is None:
            continue
        chance = stream("outcome", run.trace)
        time = run.start + timedelta(minutes=20 + int(2_800 * chance.random() ** 2))
        if time >= END:
            continue
        stated = run.accepted and run.workflow == "contract-review"
        yield {
            "run": run.trace,
            "time": f"{time:%Y-%m-%dT%H:%M:%SZ}",
            "accepted": "true" if run.accepted else "false",
            "value": company.VALUES[run.workflow][0] if stated else "",
            "currency": "USD" if stated else "",
            "evaluator": "rules" if run.workflow == "product-image-tagging" else "reviewer",
            "human_minutes": int((2 if run.accepted else 9) * (0.5 + chance.random()) * 10) / 10,
        }
