"""The sample's finops.toml and README, with the figures of the truth filled in."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from string import Template
from typing import Any

from generator import company


def configuration(known: dict[str, Any]) -> str:
    """The sample's finops.toml."""
    workflows = "".join(f'\n[[workflow]]\nname = "{name}"\nrun = "trace"\nsettle_days = 7\n' for name in company.WORKFLOWS)
    values = "".join(
        f'\n[[value]]\nworkflow = "{name}"\nper_accepted = "{base}"\nlow = "{low}"\nhigh = "{high}"\ncurrency = "USD"\n'
        for name, (base, low, high) in company.VALUES.items()
    )
    tiers = "".join(f'\n[[tenant]]\nname = "{name}"\ntier = "{tier}"\n' for name, tier in company.TIERS.items())
    issuers = {"openai": "OpenAI", "aws": "Amazon Web Services, Inc."}
    invoices = "".join(
        f'\n[[invoice]]\nissuer = "{issuer}"\nperiod = "{month}"\ntotal = "{known["billed"][name][month]}"\ncurrency = "USD"\n'
        for name, issuer in issuers.items()
        for month in ("2026-08", "2026-09", "2026-10")
    )
    comment = "\n# What an accepted result is worth to the company: believed, with a range.\n"
    page = _template("finops.template.toml")
    return page.substitute(as_of=company.AS_OF, workflows=workflows, values=comment + values, tiers=tiers, invoices=invoices)


def readme(known: dict[str, Any]) -> str:
    """The sample's README."""
    flows = known["workflows"]
    trip, quote, contract = (flows[name] for name in ("trip-planning", "quote-approval", "contract-review"))
    loop, spike, region = known["retry_loop"], known["spike"], known["cheaper_region"]
    held = known["over_reserved"]
    return _template("README.template.md").substitute(
        first_day=known["first_day"],
        as_of=known["as_of"],
        tenants=", ".join(company.TENANTS),
        workflow_rows="\n".join(_workflow_row(name, flow) for name, flow in flows.items()),
        spans=f"{known['counted']['spans']:,}",
        runs=f"{known['counted']['runs']:,}",
        resent=known["counted"]["resent_spans"],
        openai_to=company.OPENAI_BILLED_TO,
        cloud_to=company.CLOUD_BILLED_TO,
        pays=company.OPENAI_PAYS_PERCENT,
        trip_cost=_usd(trip["model_cost_per_run"]),
        trip_value=_usd(trip["value_per_run"]),
        quote_cost=_usd(quote["model_cost_per_run"]),
        quote_value=_usd(quote["value_per_run"]),
        contract_cost=_usd(contract["model_cost_per_run"]),
        contract_value=_usd(contract["value_per_run"]),
        loop_from=loop["from"],
        loop_to=loop["to"],
        loop_calls=f"{loop['calls']:,}",
        loop_runs=loop["runs"],
        loop_cost=_usd(loop["cost"]),
        spike_tenant=spike["tenant"],
        spike_from=spike["from"],
        spike_to=spike["to"],
        spike_runs=spike["runs"],
        spike_cost=_usd(spike["cost"]),
        price_date=known["price_change"]["date"],
        price_saved=_usd(known["price_change"]["saved_since"]),
        untagged=_usd(known["untagged"]["billed"]),
        stray_since=known["untagged"]["server"]["since"],
        notebook=_usd(known["not_instrumented"]["billed"]),
        idle=_usd(known["idle"]["billed"]),
        gpu=_usd(known["idle"]["gpu_billed"]),
        idle_share=round(Decimal(known["idle"]["share"]) * 100, 1),
        here=region["price"],
        there=region["cheaper"],
        region_saving=round(Decimal(region["saving"]) * 100, 1),
        spot_saving=company.SPOT_SAVING_PERCENT,
        spot_from=company.SPOT_TRIAL_FROM,
        held_units=held["units"],
        held_type=held["instance"],
        held_rate=held["rate"],
        held_on_demand=held["on_demand"],
        held_used=round(Decimal(held["utilisation"]) * 100, 1),
        held_month=held["month"],
        held_unused=_usd(held["unused_cost"]),
        held_cost=_usd(held["cost"]),
        held_pays=round(Decimal(held["pays_at"]) * 100),
        held_right=held["right_units"],
        held_saving=_usd(held["saving"]),
        november=_usd(known["november"]["closes_at"]),
    )


_OTHERS = {"service-desk-triage": ", answer-drafter", "contract-review": ", clause-retriever", "trip-planning": ", price-checker"}


def _workflow_row(name: str, flow: dict[str, Any]) -> str:
    cost, value = _usd(flow["model_cost_per_run"]), _usd(flow["value_per_run"])
    agents = str(flow["lead"]) + _OTHERS.get(name, "")
    accepted = f"{flow['accepted']} of {flow['outcomes']}"
    return f"| {name} | {agents} | {flow['runs']} | {accepted} | {cost} | {value} |"


def _usd(amount: str) -> str:
    return f"{Decimal(amount):,.2f} USD"


def _template(name: str) -> Template:
    return Template((Path(__file__).parent / name).read_text(encoding="utf-8"))
