"""Writes the planted company: traces, logs of two gateways, a usage report, bills in three currencies, meters, rates, settings,
and the truth about its clouds."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.company import clouds
from tests.company.planted import (
    AUGUST,
    CLAUDE,
    CURRENCIES,
    DAYS,
    EMBEDDING,
    NOVEMBER,
    Call,
    Planted,
    copies,
    rate,
)

from generator import otlp  # isort: skip - `planted` makes it known

D = Decimal
Row = dict[str, str]
BILL_RATES = {
    ("EUR", "2026-08"): D("0.91"),
    ("EUR", "2026-11"): D("0.98"),
    ("GBP", "2026-08"): D("0.79"),
    ("GBP", "2026-11"): D("0.86"),
}
"""What the providers' bills convert a month's dollars with."""
ACCOUNTS = {"openai": "org-eu", "anthropic": "acme-uk", "mistral": "acme-us"}
ISSUERS = {"openai": "OpenAI", "anthropic": "Anthropic", "mistral": "Mistral AI"}
DEARER = D("1.1")
"""The bill's list price of embeddings over the price list's."""
DISCOUNT, TAX, CREDIT = D("0.9"), D("0.2"), D(-25)
MYSTERY = D("12.34")
"""USD on Anthropic's bill that its usage report knows nothing of."""
CORRECTION, ON_INVOICE_ONLY, PURCHASE = D("-3.21"), D(1), D(40)
LATE_DAY, LATE_MODEL = AUGUST[-1], "gpt-4o"
"""Usage that is billed in September."""
MISTRAL_BILLED_TO = DAYS[-2]
CLASSES = ("uncached", "read", "written", "output")
_COLUMNS = (
    *("BillingAccountId", "BillingCurrency", "BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd"),
    *("InvoiceId", "InvoiceIssuerName", "ProviderName", "ChargeCategory", "ChargeClass", "ServiceName", "BilledCost"),
    *("EffectiveCost", "ListCost", "ContractedCost", "ConsumedQuantity", "ConsumedUnit", "PricingQuantity", "PricingUnit"),
    *("PricingCurrency", "PricingCurrencyListUnitPrice", "SkuPriceDetails", "x_Model", "x_TokenClass"),
)


def write(home: Path, made: Planted, times: int = 1) -> None:
    """The files of so many copies of the company in a folder, with its `finops.toml`; bills are in `bills/`, the first and wrong
    version of August's in `before/`."""
    for number in range(times):
        one = copies(made, number)
        suffix = f"-{number}" if number else ""
        _lines(home / f"traces/spans{suffix}.jsonl", [otlp.line_of(run, spans) for run, spans, _ in _renamed(one, number)])
        seen = [call for call in one.calls if not call.bypass]
        _lines(home / f"gateways/litellm{suffix}.jsonl", [_json(_litellm(c)) for c in seen if c.provider == "openai"])
        _lines(home / f"gateways/helicone{suffix}.jsonl", [_json(_helicone(c)) for c in seen if c.provider == "anthropic"])
    _text(home / "reports/anthropic-usage.json", _json(_usage([c for c in made.calls if c.provider == "anthropic"], times)))
    bills = bill_lines(made, times)
    for name, rows in bills.items():
        _bill(home / f"bills/{name}.csv", rows)
    wrong = [{**row, "BilledCost": _plain(D(row["BilledCost"]) * 3)} for row in bills["openai-2026-08"][1:]]
    _bill(home / "before/bills/openai-2026-08.csv", wrong)
    cloud_lines = clouds.clouds(made)
    clouds.write(home, cloud_lines, times)
    _text(home / "truth.json", json.dumps(clouds.truth(cloud_lines, times), indent=1) + "\n")
    _text(home / "rates.csv", "date,from,to,rate,source\n" + "".join(_rates()))
    _text(home / "finops.toml", settings(bills))


def settings(bills: dict[str, list[Row]]) -> str:
    """The company's rates, the one invoice total that it knows, and rules for the clouds."""
    total = sum((D(row["BilledCost"]) for row in bills["openai-2026-11"]), ON_INVOICE_ONLY)
    return f"""
[ledger]
as_of = 2026-12-05

[currency]
rates = "rates.csv"

[[invoice]]
issuer = "OpenAI"
period = "2026-11"
total = "{_plain(total)}"
currency = "EUR"
{clouds.RULES}"""


def spend(call: Call) -> Decimal:
    """What a gateway thinks that a call costs: it knows no tiers."""
    return call.cost(tiered=False)


def bill_lines(made: Planted, times: int) -> dict[str, list[Row]]:
    """FOCUS lines by file: OpenAI's and Anthropic's for each month, Mistral's, and what was billed late."""
    files: dict[str, list[Row]] = defaultdict(list)
    by_token: dict[tuple[date, str, str, str], list[Call]] = defaultdict(list)
    by_day: dict[tuple[str, date], Decimal] = defaultdict(Decimal)
    for call in made.calls:
        if call.provider == "openai":
            for token_class in CLASSES:
                if getattr(call, token_class):
                    by_token[call.day, call.model, token_class, call.tier].append(call)
        else:
            by_day[call.provider, call.day] += call.cost() * times
    for (day, model, token_class, tier), calls in sorted(by_token.items()):
        line = _tokens(day, model, token_class, tier, calls, times)
        late = day == LATE_DAY and model == LATE_MODEL
        files["openai-late" if late else f"openai-{day:%Y-%m}"].append(_in_september(line) if late else line)
    for (provider, day), cost in sorted(by_day.items()):
        if provider == "anthropic":
            files[f"anthropic-{day:%Y-%m}"].append(_claude(day, cost + (MYSTERY if day == DAYS[-1] else 0)))
        elif day <= MISTRAL_BILLED_TO:
            prepaid = D(0) if day == NOVEMBER[0] else cost
            files["mistral"].append(_line("mistral", day, prepaid, cost, cost, model="mistral-large-2512"))
    files["mistral"].append(_line("mistral", NOVEMBER[0], PURCHASE, D(0), D(0), ChargeCategory="Purchase"))
    correction = _line("openai", AUGUST[1], CORRECTION, None, None, model="gpt-4o", ChargeClass="Correction")
    files["openai-2026-11"].append(correction | _period(date(2026, 11, 1)))
    for month in ("2026-08", "2026-11"):
        billed = sum((D(row["BilledCost"]) for row in files[f"anthropic-{month}"]), D(0))
        day = next(d for d in DAYS if f"{d:%Y-%m}" == month)
        files[f"anthropic-{month}"].append(_line("anthropic", day, CREDIT, CREDIT, CREDIT, ChargeCategory="Credit"))
        files[f"anthropic-{month}"].append(
            _line("anthropic", day, billed * TAX, billed * TAX, billed * TAX, ChargeCategory="Tax")
        )
    return dict(files)


def _tokens(day: date, model: str, token_class: str, tier: str, calls: list[Call], times: int) -> Row:
    """Tokens of a class at the bill's list price in EUR, less the discount."""
    place = CLASSES.index(token_class)
    count = sum(int(getattr(call, token_class)) for call in calls) * times
    dollars = D(calls[0].prices[place]) * (DEARER if model == EMBEDDING else 1)
    listed = dollars * count / 1_000_000 * BILL_RATES["EUR", f"{day:%Y-%m}"]
    names = {"uncached": "input_uncached", "read": "cache_read", "written": "cache_write_5m", "output": "output"}
    return _line(
        *("openai", day, listed * DISCOUNT, listed, listed * DISCOUNT),
        model=model,
        x_TokenClass=names[token_class],
        ConsumedQuantity=str(count),
        ConsumedUnit="Tokens",
        PricingQuantity=_plain(D(count) / 1_000_000),
        PricingUnit="1000000 Tokens",
        PricingCurrency="USD",
        PricingCurrencyListUnitPrice=_plain(dollars),
        SkuPriceDetails=json.dumps({"ServiceTier": tier}),
    )


def _claude(day: date, dollars: Decimal) -> Row:
    """A day of Anthropic's in GBP: one sum, without tokens."""
    listed = dollars * BILL_RATES["GBP", f"{day:%Y-%m}"]
    more = {
        "PricingQuantity": "1",
        "PricingUnit": "Days",
        "PricingCurrency": "USD",
        "PricingCurrencyListUnitPrice": _plain(dollars),
    }
    return _line("anthropic", day, listed, listed, listed, model=CLAUDE, **more)


def _line(
    provider: str, day: date, billed: Decimal, listed: Decimal | None, contracted: Decimal | None, *, model: str = "", **more: str
) -> Row:
    return {
        **dict.fromkeys(_COLUMNS, ""),
        **_period(day.replace(day=1)),
        "BillingAccountId": ACCOUNTS[provider],
        "BillingCurrency": CURRENCIES[provider],
        "ChargePeriodStart": f"{day}T00:00:00Z",
        "ChargePeriodEnd": f"{day + timedelta(days=1)}T00:00:00Z",
        "InvoiceId": f"{provider}-{day:%Y-%m}",
        "InvoiceIssuerName": ISSUERS[provider],
        "ProviderName": ISSUERS[provider],
        "ChargeCategory": "Usage",
        "ServiceName": f"{ISSUERS[provider]} API",
        "BilledCost": _plain(billed),
        "EffectiveCost": _plain(billed),
        "ListCost": "" if listed is None else _plain(listed),
        "ContractedCost": "" if contracted is None else _plain(contracted),
        "x_Model": model,
        **more,
    }


def _period(first: date) -> Row:
    following = (first + timedelta(days=32)).replace(day=1)
    return {"BillingPeriodStart": f"{first}T00:00:00Z", "BillingPeriodEnd": f"{following}T00:00:00Z"}


def _in_september(row: Row) -> Row:
    return row | _period(date(2026, 9, 1)) | {"InvoiceId": "openai-2026-09"}


def _renamed(made: Planted, number: int) -> Iterable[tuple[Any, Any, Any]]:
    """Runs of a copy, whose spans name the answers of the copy."""
    for run, spans, calls in made.runs:
        for span, call in zip([s for s in spans if s.usage and s.operation in ("chat", "embeddings")], calls, strict=True):
            span.extra["gen_ai.response.id"] = call.response
        yield run, spans, calls


def _litellm(call: Call) -> dict[str, Any]:
    usage: dict[str, Any] = {"prompt_tokens_details": {"cached_tokens": call.read}}
    if call.tier != "standard":
        usage["service_tier"] = call.tier
    given = call.uncached + call.read
    return {
        **{"request_id": call.response, "call_type": "aembedding" if call.model == EMBEDDING else "acompletion"},
        **{"spend": str(spend(call)), "startTime": _moment(call.start), "endTime": _moment(call.end), "model": call.model},
        **{"prompt_tokens": given, "completion_tokens": call.output, "total_tokens": given + call.output},
        **{"custom_llm_provider": "openai", "metadata": {"usage_object": usage}, "session_id": call.trace, "status": "success"},
    }


def _helicone(call: Call) -> dict[str, Any]:
    total = call.uncached + call.read + call.written + call.output
    return {
        **{
            "request_id": f"h-{call.response}",
            "request_created_at": _moment(call.start),
            "response_created_at": _moment(call.end),
        },
        **{"response_status": 200, "request_path": "https://api.anthropic.com/v1/messages", "provider": "ANTHROPIC"},
        **{"response_body": {"id": call.response}, "response_model": call.model, "total_tokens": total},
        **{"prompt_tokens": call.uncached, "prompt_cache_read_tokens": call.read, "prompt_cache_write_tokens": call.written},
        **{"completion_tokens": call.output, "costUSD": str(spend(call)), "properties": {"Helicone-Session-Id": call.trace}},
    }


def _usage(calls: list[Call], times: int) -> dict[str, Any]:
    """Anthropic's usage report: a bucket per day, small and large requests apart."""
    sums: dict[date, dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(int)))
    for call in calls:
        window = "200k-1M" if call.is_long else "0-200k"
        for token_class in CLASSES:
            sums[call.day][window][token_class] += int(getattr(call, token_class)) * times
    data = []
    for day, windows in sorted(sums.items()):
        results = [
            {
                **{"uncached_input_tokens": of["uncached"], "cache_read_input_tokens": of["read"], "output_tokens": of["output"]},
                **{"cache_creation": {"ephemeral_5m_input_tokens": of["written"], "ephemeral_1h_input_tokens": 0}},
                **{"model": CLAUDE, "service_tier": "standard", "context_window": window},
            }
            for window, of in sorted(windows.items())
        ]
        end = day + timedelta(days=1)
        data.append({"starting_at": f"{day}T00:00:00Z", "ending_at": f"{end}T00:00:00Z", "results": results})
    return {"data": data, "has_more": False, "next_page": None}


def _rates() -> Iterable[str]:
    for day in DAYS:
        for currency in ("EUR", "GBP"):
            yield f"{day},USD,{currency},{rate(day, currency)},made up\n"


def _moment(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _bill(path: Path, rows: list[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, _COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _lines(path: Path, lines: Iterable[str]) -> None:
    _text(path, "".join(line if line.endswith("\n") else line + "\n" for line in lines))


def _text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, separators=(",", ":"))


def _plain(amount: Decimal) -> str:
    return f"{amount:f}"
