"""A company whose every gap between traces and invoices is planted: the sample company's calls, with things done to them.

The calls are those of `sample_data/generator`. OpenAI's (billed in EUR) go through LiteLLM and are traced one run in four;
Anthropic's (in GBP) go through Helicone and are traced all, but for spans that got lost; Mistral's (in USD) are traced one run in
two, by nobody else. Prices stand here once more, so that the company does not learn them from what it is to check.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

_SAMPLE = str(Path(__file__).resolve().parents[2] / "sample_data")
if _SAMPLE not in sys.path:
    sys.path.append(_SAMPLE)

from generator.chance import stream  # noqa: E402
from generator.runs import Run, runs_of  # noqa: E402
from generator.spans import Span, spans_of  # noqa: E402

D = Decimal
LONG = os.environ.get("FINOPS_LONG") == "1"
AUGUST = tuple(date(2026, 8, day) for day in (range(1, 32) if LONG else (20, 21, 22)))
NOVEMBER = tuple(date(2026, 11, day) for day in (range(1, 20) if LONG else (3, 4, 5)))
"""All of the sample's days in two of its months in long runs."""
DAYS = AUGUST + NOVEMBER
TIMES = 10 if LONG else 3
"""How many of it there are."""
PROVIDERS = {
    **dict.fromkeys(("service-desk-triage", "contract-review", "trip-planning"), "openai"),
    **{"quote-approval": "anthropic", "product-image-tagging": "mistral"},
}
CURRENCIES = {"openai": "EUR", "anthropic": "GBP", "mistral": "USD"}
MODELS = {"anthropic": "claude-sonnet-4-5", "mistral": "mistral-large-2512"}
WEIGHTS = {"openai": 4, "anthropic": 1, "mistral": 2}
SOL, CLAUDE, EMBEDDING, NOTEBOOK = "gpt-5.6-sol", MODELS["anthropic"], "text-embedding-3-small", "gpt-5-mini"
LONG_FROM = 200_001

# USD per million tokens: uncached input, read from the cache, written to it, output.
PRICES = {
    "gpt-4.1": ("2", "0.5", "2", "8"),
    "gpt-4o": ("2.5", "1.25", "2.5", "10"),
    "gpt-4o-mini": ("0.15", "0.075", "0.15", "0.6"),
    NOTEBOOK: ("0.25", "0.025", "0.25", "2"),
    EMBEDDING: ("0.02", "0.02", "0.02", "0"),
    SOL: ("4", "0.4", "5", "20"),
    CLAUDE: ("3", "0.3", "3.75", "15"),
    MODELS["mistral"]: ("0.5", "0.05", "0.5", "1.5"),
}
SOL_UNTIL_AUGUST_21 = ("5", "0.5", "6.25", "30")
LONG_CLAUDE = ("6", "0.6", "7.5", "22.5")
TIERS = {(SOL, "batch"): ("2", "0.2", "2.5", "10"), ("gpt-4.1", "priority"): ("3.5", "0.875", "3.5", "14")}
RATES = {"EUR": D("0.900"), "GBP": D("0.780")}
"""What one USD is worth on the first day; each day since it is one in a thousand more."""


def rate(day: date, currency: str) -> Decimal:
    """Units of the currency for one USD on a day, by the company's table."""
    return D(1) if currency == "USD" else RATES[currency] + D((day - DAYS[0]).days) / 1000


@dataclass(frozen=True)
class Call:
    """One call that a provider billed; times in milliseconds since 1970."""

    provider: str
    model: str
    start: int
    end: int
    uncached: int
    read: int
    written: int
    output: int
    trace: str
    response: str
    tier: str = "standard"
    kept: bool = True
    """Whether its run is traced at all."""
    lost: bool = False
    """Its span is missing from a trace that is there."""
    retry: bool = False
    """An attempt that an SDK made by itself: it has no span."""
    bypass: bool = False
    """Made by a script that nobody traces and no gateway sees."""
    attempts: int = 1

    @property
    def day(self) -> date:
        return datetime.fromtimestamp(self.start / 1000, UTC).date()

    @property
    def traced(self) -> bool:
        return self.kept and not (self.lost or self.retry or self.bypass)

    def cost(self, *, at: date | None = None, tiered: bool = True, cached: bool = True, sized: bool = True) -> Decimal:
        """USD at list price, or at that price with one thing taken wrongly."""
        prices = self._prices(at or self.day, tiered, sized)
        read, written = (prices[1], prices[2]) if cached else (prices[0], prices[0])
        tokens = (self.uncached, self.read, self.written, self.output)
        each = (D(prices[0]), D(read), D(written), D(prices[3]))
        return sum((D(count) * price for count, price in zip(tokens, each, strict=True)), D(0)).scaleb(-6)

    @property
    def is_long(self) -> bool:
        return self.model == CLAUDE and self.uncached + self.read + self.written >= LONG_FROM

    @property
    def prices(self) -> tuple[str, ...]:
        """USD per million tokens of each class, as the provider's list has them for this call."""
        return self._prices(self.day, tiered=True, sized=True)

    def _prices(self, day: date, tiered: bool, sized: bool) -> tuple[str, ...]:
        if tiered and self.tier != "standard":
            return TIERS[self.model, self.tier]
        if self.model == SOL and day < date(2026, 8, 21):
            return SOL_UNTIL_AUGUST_21
        if sized and self.is_long:
            return LONG_CLAUDE
        return PRICES[self.model]


@dataclass
class Planted:
    """A company: its calls, and for each run what is written of it."""

    calls: list[Call] = field(default_factory=list)
    runs: list[tuple[Run, list[Span], list[Call]]] = field(default_factory=list)
    """Traced runs with the spans that are left, and their calls in order of the spans that have one."""


def company(days: tuple[date, ...] = DAYS) -> Planted:
    """The calls of the days, and what became of them. The same every time."""
    made = Planted()
    for day in days:
        for run in runs_of(day):
            _add_run(made, run)
        for number in range(20):
            made.calls.append(_script(day, number))
        start = int(datetime(day.year, day.month, day.day, 9, tzinfo=UTC).timestamp()) * 1000
        tokens = (200_000, 0, 0, 20_000)
        made.calls.append(Call("openai", NOTEBOOK, start, start, *tokens, f"notebook-{day}", f"notebook-{day}", bypass=True))
    return made


def copies(made: Planted, number: int) -> Planted:
    """The same once more under other ids."""
    if not number:
        return made
    runs = [
        (replace(run, trace=copy_of(run.trace, number)), spans, [_copied(c, number) for c in calls])
        for run, spans, calls in made.runs
    ]
    return Planted([_copied(call, number) for call in made.calls], runs)


def copy_of(trace: str, number: int) -> str:
    """The trace id of a copy: as long, and its first digits say which copy."""
    return f"{number:04x}" + trace[4:]


def _copied(call: Call, number: int) -> Call:
    return replace(call, trace=copy_of(call.trace, number), response=f"{call.response}-{number}")


def _add_run(made: Planted, run: Run) -> None:
    provider = PROVIDERS[run.workflow]
    kept = stream("head", run.trace).random() * WEIGHTS[provider] < 1
    left: list[Span] = []
    calls: list[Call] = []
    for span in spans_of(run):
        span.resent = 0
        if span.operation == "invoke_agent":
            span.usage = None  # what agents repeat of their calls is another test's
        if span.usage is None or span.operation not in ("chat", "embeddings"):
            left.append(span)
            continue
        call, again = _call(run, span, provider, kept)
        made.calls += [call, again] if again else [call]
        if not call.lost:
            _tell(span, call)
            left.append(span)
            calls.append(call)
    if kept:
        made.runs.append((run, left, calls))


def _call(run: Run, span: Span, provider: str, kept: bool) -> tuple[Call, Call | None]:
    """The call of a span, and the attempt before it where there was one that no span tells of."""
    assert span.usage is not None
    chance = stream("gap", run.trace, span.span)
    lost, again, more = chance.random() < 0.05, chance.random() < 0.04, chance.random()
    model = MODELS.get(provider, span.model or "")
    given, read, output = span.usage
    long = 210_000 if provider == "anthropic" and more < 0.03 else 0
    written = 2_048 if provider == "anthropic" and more > 0.80 else 0
    call = Call(
        *(provider, model, span.start, max(span.end, span.start + 100), given - read + long, read, written, output),
        *(run.trace, f"answer-{run.trace[4:16]}-{span.span}", _tier(run, model, more), kept),
        lost=lost and kept and provider != "mistral",
    )
    if not again or not call.traced or provider == "mistral":
        return call, None
    if provider == "anthropic":
        return replace(call, attempts=2), replace(call, retry=True, bypass=True)
    return call, replace(call, retry=True, response=f"{call.response}-r", start=call.start + 20)


def _tier(run: Run, model: str, chance: float) -> str:
    if run.start.date() < date(2026, 11, 1):
        return "standard"
    share = {(SOL, "batch"): 0.30, ("gpt-4.1", "priority"): 0.25}
    return next((tier for (name, tier), part in share.items() if name == model and chance < part), "standard")


def _tell(span: Span, call: Call) -> None:
    """What the span says of its call."""
    span.provider, span.model = call.provider, call.model
    span.usage = (call.uncached + call.read + call.written, call.read, call.output)
    span.end = call.end
    more: dict[str, object] = {"gen_ai.response.id": call.response, "sampling.weight": str(WEIGHTS[call.provider])}
    if call.written:
        more["gen_ai.usage.cache_creation_input_tokens"] = call.written
    if call.tier != "standard":
        more["openai.response.service_tier"] = call.tier
    if call.attempts > 1:
        more["gen_ai.request.attempt"] = call.attempts
    span.extra.update(more)  # type: ignore[arg-type]


def _script(day: date, number: int) -> Call:
    """A call of a script that goes to Anthropic by itself."""
    start = int((datetime(day.year, day.month, day.day, 10, tzinfo=UTC) + timedelta(minutes=number)).timestamp()) * 1000
    name = f"script-{day}-{number}"
    return Call("anthropic", CLAUDE, start, start + 900, 3_000 + 137 * number, 0, 0, 400, name, name, bypass=True)


def days_of(month: str) -> Iterator[date]:
    """The company's days of a month such as 2026-08."""
    return (day for day in DAYS if f"{day:%Y-%m}" == month)
