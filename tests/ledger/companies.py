"""Small generated companies: a bill, traces, meters and rules that hypothesis makes up, written as files that finops reads."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from hypothesis import strategies as st

TENANTS, AGENTS, WORKFLOWS = ("t1", "t2", "t3"), ("a1", "a2", "a3"), ("w1", "w2")
CLASSES = ("input_uncached", "cache_read", "output")
METRICS = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")


@dataclass(frozen=True)
class Charge:
    """One line of a bill; costs are text, as a provider writes them."""

    issuer: str
    account: str
    currency: str
    month: int
    day: int
    category: str
    service: str
    costs: tuple[str, str, str, str]
    tags: tuple[tuple[str, str], ...]
    model: str | None
    token_class: str | None
    resource: str | None

    def cells(self) -> dict[str, str]:
        start = datetime(2026, self.month, self.day, tzinfo=UTC)
        first, following = datetime(2026, self.month, 1, tzinfo=UTC), datetime(2026, self.month + 1, 1, tzinfo=UTC)
        row = {
            "BillingAccountId": self.account,
            "BillingCurrency": self.currency,
            "BillingPeriodStart": _time(first),
            "BillingPeriodEnd": _time(following),
            "ChargePeriodStart": _time(start),
            "ChargePeriodEnd": _time(start + timedelta(days=1)),
            "InvoiceId": f"{self.issuer}-{self.month}",
            "InvoiceIssuerName": self.issuer,
            "ProviderName": self.issuer,
            "PublisherName": self.issuer,
            "ChargeCategory": self.category,
            "ServiceName": self.service,
            "ResourceId": self.resource or "",
            "x_Model": self.model or "",
            "x_TokenClass": self.token_class or "",
            "Tags": json.dumps(dict(self.tags)),
        }
        return row | dict(zip(METRICS, self.costs, strict=True))


@dataclass(frozen=True)
class Call:
    """One model call in its own trace."""

    day: int
    month: int
    tenant: str | None
    agent: str
    workflow: str
    input_tokens: int
    cache_read: int
    output_tokens: int

    def span(self, number: int) -> dict[str, object]:
        start = int(datetime(2026, self.month, self.day, 12, tzinfo=UTC).timestamp()) * 10**9 + number
        attributes = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.agent.name": self.agent,
            "gen_ai.workflow.name": self.workflow,
            "gen_ai.usage.input_tokens": self.input_tokens + self.cache_read,
            "gen_ai.usage.cache_read.input_tokens": self.cache_read,
            "gen_ai.usage.output_tokens": self.output_tokens,
        }
        if self.tenant:
            attributes["tenant.id"] = self.tenant
        return {
            "traceId": f"{number + 1:032x}",
            "spanId": f"{number + 1:016x}",
            "name": "chat gpt-4o",
            "kind": 3,
            "startTimeUnixNano": str(start),
            "endTimeUnixNano": str(start + 10**9),
            "attributes": [
                {"key": k, "value": {"intValue": str(v)} if isinstance(v, int) else {"stringValue": v}}
                for k, v in attributes.items()
            ],
        }


@dataclass(frozen=True)
class Company:
    """Charges, calls and meter readings, and the rules of the house."""

    charges: tuple[Charge, ...]
    calls: tuple[Call, ...]
    meters: tuple[tuple[int, int, int, str, str, int], ...]
    split: str

    def write(self, home: Path, charges: list[Charge] | None = None, name: str = "bill.csv") -> None:
        """The company's files in a folder; `charges` in another order or a part of them, where given."""
        home.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(bill(list(self.charges) if charges is None else charges), encoding="utf-8")
        if self.calls:
            spans = [call.span(n) for n, call in enumerate(self.calls)]
            document = {"resourceSpans": [{"resource": {}, "scopeSpans": [{"spans": spans}]}]}
            (home / "traces.json").write_text(json.dumps(document) + "\n", encoding="utf-8")
        if self.meters:
            (home / "meters.csv").write_text(meters(self.meters), encoding="utf-8")
        (home / "finops.toml").write_text(rules(self.split), encoding="utf-8")
        (home / "rates.csv").write_text(RATES, encoding="utf-8")


def bill(charges: list[Charge]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(charges[0].cells()), lineterminator="\n")
    writer.writeheader()
    writer.writerows(charge.cells() for charge in charges)
    return out.getvalue()


def meters(readings: tuple[tuple[int, int, int, str, str, int], ...]) -> str:
    lines = ["hour,provider,resource,instance_type,capacity,tenant,agent,workflow,gpu_seconds"]
    for month, day, hour, tenant, agent, seconds in readings:
        lines.append(f"2026-{month:02}-{day:02}T{hour:02}:00:00Z,aws,gpu-1,g6.xlarge,1,{tenant},{agent},w1,{seconds}")
    return "\n".join(lines) + "\n"


RATES = "date,from,to,rate,source\n" + "".join(f"2026-09-{day:02},EUR,USD,1.0{day},ECB\n" for day in (1, 9, 18, 26))
"""For September and a few days after it: October has days without a rate."""


def rules(split: str) -> str:
    return f"""
[currency]
rates = "rates.csv"

[[rule]]
id = "gpu"
method = "metered"
match = {{ResourceId = "gpu-1"}}
driver = "gpu_seconds"
join = ["resource"]
reference = "capacity"
window = "day"
widen = "month"

[[rule]]
id = "shared"
method = "shared"
match = {{ServiceName = "Observability"}}
split = "{split}"
shares = {{t1 = 3, t2 = 1}}
"""


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _amounts() -> st.SearchStrategy[str]:
    plain = st.decimals(min_value=-1000, max_value=100000, places=12, allow_nan=False, allow_infinity=False).map(
        lambda d: f"{d:f}"
    )
    odd = st.sampled_from(
        ["0", "0.000000000001", "-0.000000000001", "33.333333333333", "1.81E-8", "0.1", "100", "-12.5", "7.1234567890123456"]
    )
    return st.one_of(odd, plain)


@st.composite
def charges(draw: st.DrawFn) -> Charge:
    kind = draw(st.sampled_from(["tagged", "model", "gpu", "shared", "plain"]))
    model = kind == "model"
    tags: list[tuple[str, str]] = []
    if kind == "tagged":
        tags = [
            (key, draw(st.sampled_from(names))) for key, names in (("tenant", TENANTS), ("agent", AGENTS)) if draw(st.booleans())
        ]
    return Charge(
        issuer="OpenAI" if model else draw(st.sampled_from(["AWS", "Google Cloud"])),
        account=draw(st.sampled_from(["1", "2"])),
        currency=draw(st.sampled_from(["USD", "USD", "EUR"])),
        month=draw(st.sampled_from([9, 10])),
        day=draw(st.integers(1, 28)),
        category=draw(st.sampled_from(["Usage", "Usage", "Usage", "Credit", "Tax", "Purchase"])),
        service={"shared": "Observability", "model": "OpenAI API"}.get(kind, "Compute"),
        costs=tuple(draw(_amounts()) for _ in METRICS),  # type: ignore[arg-type]
        tags=tuple(tags),
        model="gpt-4o" if model else None,
        token_class=draw(st.sampled_from([None, *CLASSES])) if model else None,
        resource="gpu-1" if kind == "gpu" else None,
    )


def calls() -> st.SearchStrategy[Call]:
    return st.builds(
        Call,
        day=st.integers(1, 28),
        month=st.sampled_from([9, 10]),
        tenant=st.sampled_from([None, *TENANTS]),
        agent=st.sampled_from(AGENTS),
        workflow=st.sampled_from(WORKFLOWS),
        input_tokens=st.integers(0, 100_000),
        cache_read=st.integers(0, 50_000),
        output_tokens=st.integers(0, 5_000),
    )


def companies() -> st.SearchStrategy[Company]:
    reading = st.tuples(
        st.sampled_from([9, 10]),
        st.integers(1, 28),
        st.integers(0, 23),
        st.sampled_from(TENANTS),
        st.sampled_from(AGENTS),
        st.integers(0, 4000),
    )
    return st.builds(
        Company,
        charges=st.lists(charges(), min_size=1, max_size=14).map(tuple),
        calls=st.lists(calls(), max_size=10).map(tuple),
        meters=st.lists(reading, max_size=6, unique_by=lambda r: r[:5]).map(tuple),
        split=st.sampled_from(["proportional", "even", "fixed", "left"]),
    )


def stored(text: str) -> Decimal:
    """A raw amount as the ledger stores it: twelve digits, half away from zero."""
    from decimal import ROUND_HALF_UP

    return Decimal(text).quantize(Decimal(1).scaleb(-12), rounding=ROUND_HALF_UP)
