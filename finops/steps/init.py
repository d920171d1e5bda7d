"""Writes a commented `finops.toml` to begin with."""

from __future__ import annotations

from pathlib import Path

from finops.config import CONFIG_NAME
from finops.core.result import Column, Result
from finops.errors import UsageError

TEMPLATE = """# What finops knows about this company. Every key may be left out; unknown keys are errors.
# `finops ingest PATH` loads bills, traces, benchmarks and outcomes; `finops cost --by tenant` shows where the money goes.

[calendar]
zone = "UTC"                       # business months begin at midnight of this zone

[ledger]
path = "finops.duckdb"             # relative to this file
# memory = "2GB"                   # what a command may use before it spills to disk

# Where an owner's name comes from; the first hit wins.
[identity]
tenant = ["tag:tenant", "attr:tenant.id", "account-map"]
agent = ["tag:agent", "attr:gen_ai.agent.name", "account-map"]
workflow = ["tag:workflow", "attr:gen_ai.workflow.name", "account-map"]

# An account that belongs to one owner.
# [[map]]
# account = "123456789012"
# tenant = "acme"
# from = 2026-01-01

# How charges reach their owners; the first rule that matches wins. Charges that name their owner need none.
# [[rule]]
# id = "gpu"
# match = {ServiceName = "Amazon Elastic Compute Cloud", "tag:pool" = "gpu"}
# method = "metered"
# driver = "gpu_seconds"
# join = ["resource"]
# reference = "capacity"            # what nobody used is `__idle__`
# window = "hour"
# widen = "day"

# [[rule]]
# id = "support"
# match = {ServiceName = "Support"}
# method = "shared"
# split = "proportional"            # to cost of one's own, in all currencies with rates; or even, fixed, left

# The layer of charges, where the service's name and category say another: traditional_compute, ai_compute,
# queue_orchestration, observability or other.
# [[layer]]
# layer = "ai_compute"
# match = {"tag:pool" = "gpu"}

# What is known to change, for `finops forecast`: one of spend, volume, tokens and price ("+20%"), model, per_day, once.
# [[plan]]
# what = "the claims bot goes live"
# from = 2026-12-01
# scope = {agent = "claims-bot", tenant = "acme"}
# per_day = "40"

# [[budget]]
# scope = {tenant = "acme"}
# period = "month"
# amount = "55000"
# currency = "USD"

# What an accepted outcome of a workflow is worth, and the range in which you believe it to lie.
# [[value]]
# workflow = "service-desk-triage"
# per_accepted = "4.10"
# low = "2"
# high = "6"

# What a tenant pays, and for how many seats: `finops cost --unit revenue`, `--unit seat`.
# [[revenue]]
# tenant = "acme"
# per_month = "1200"
# [[seats]]
# tenant = "acme"
# seats = 40

# Tenants of one tier are expected to change alike: one that leaves its tier is told as abuse by `finops anomalies`.
# [[tenant]]
# name = "acme"
# tier = "enterprise"

# What calls must keep: `finops burn` says how fast they use up what is allowed.
# [[envelope]]
# scope = {workflow = "service-desk-triage"}
# latency_ms = 12000
# latency_share = "0.95"
# error_share = "0.02"

# [[workflow]]
# name = "service-desk-triage"
# run = "session"                   # one run per conversation instead of one per trace
# settle_days = 7

# Whose records of a provider's calls count where several sources have some.
# [[count]]
# provider = "openai"
# source = "litellm_logs"           # "*" says that they are other calls

# A total that you know from the invoice itself, to reconcile against.
# [[invoice]]
# issuer = "Amazon Web Services, Inc."
# period = "2026-10"
# total = "18234.12"
# currency = "USD"

# Exchange rates by day, for bills in another currency than their prices: date,from,to,rate,source. With `report`, cost is told in
# that currency, each charge at the rate of its day; `reconcile` stays in the currencies of the bills.
# [currency]
# rates = "rates.csv"
# report = "USD"

# A kind of file of your own, read by a mapping: `finops sources check` tries it.
# [[import]]
# name = "vendor-x"
# files = "vendor_x_*.csv"
# contract = "charge"               # or call, run, outcome, meter, sample, benchmark, invoice
# constants = { BillingCurrency = "EUR", InvoiceIssuerName = "Vendor X", ChargeCategory = "Usage" }
# columns = { BilledCost = "Amount", EffectiveCost = "Amount", ChargePeriodStart = "Date", x_TenantId = "Customer" }
"""


def init(config: Path | None = None, *, dry_run: bool = False) -> Result:
    """Writes the file, and refuses to write over one."""
    path = config or Path(CONFIG_NAME)
    if path.exists():
        raise UsageError("there is a configuration already", where=str(path), hint="edit it, or name another with `--config`")
    if not dry_run:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(TEMPLATE)
    row = {"file": str(path), "status": "dry run" if dry_run else "written"}
    notes = ("next: `finops ingest PATH` loads your files, `finops demo` shows a sample company",)
    columns = (Column("file", "File"), Column("status", "Status"))
    return Result(columns, [row], notes=notes, files=() if dry_run else (str(path),))
