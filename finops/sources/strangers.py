"""Files that people will try and that no source reads: how to know them, and what to say. Data only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Stranger:
    """`header_all` names columns (lower case) that must all be there, `head_all` strings that the first 64 KiB must hold."""

    looks_like: str
    hint: str
    header_all: tuple[str, ...] = ()
    head_all: tuple[str, ...] = ()


_CUR_COLUMNS = "export it with line item type, usage start date and unblended cost"
_AZURE_COLUMNS = "export it with date, meter id, charge type and cost, as the portal does"
_DATA_BESIDE = "give the files of data beside it"
_OTLP_INSTEAD = "send the spans through an OpenTelemetry Collector with its file exporter, which writes OTLP/JSON"

STRANGERS: tuple[Stranger, ...] = (
    Stranger(
        "OpenCost assets",
        "what nodes cost is on the bill; give the answer of `/allocation`, which says who used them",
        head_all=('"nodeType"', '"cpuCoreHours"', '"ramByteHours"'),
    ),
    Stranger("JSON with `spans` of an SDK dump, not OTLP", _OTLP_INSTEAD, head_all=('"spans"', '"context"', '"trace_id"')),
    Stranger("JSON with `spans` of an SDK dump, not OTLP", _OTLP_INSTEAD, head_all=('"spans"', '"start_time"')),
    Stranger("spans as an SDK's console exporter prints them, not OTLP", _OTLP_INSTEAD, head_all=('"context"', '"trace_id"')),
    Stranger("an AWS Cost and Usage Report without its main columns", _CUR_COLUMNS, header_all=("lineitem/unblendedcost",)),
    Stranger("an AWS Cost and Usage Report without its main columns", _CUR_COLUMNS, header_all=("line_item_unblended_cost",)),
    Stranger("an Azure cost export without its main columns", _AZURE_COLUMNS, header_all=("costinbillingcurrency",)),
    Stranger("an Azure cost export without its main columns", _AZURE_COLUMNS, header_all=("metercategory", "resourcegroup")),
    Stranger("an OCI usage report, without costs", "give the cost report beside it", header_all=("lineitem/referenceno",)),
    Stranger(
        "the FOCUS dataset ContractCommitment, the terms of contracts, which is not loaded",
        "what a commitment costs and covers is in Cost and Usage; give that dataset",
        header_all=("contractcommitmentid", "contractid"),
    ),
    Stranger(
        "the FOCUS dataset BillingPeriod, the state of billing periods, which is not loaded",
        "a period counts as closed once its charges carry an invoice and a later period is loaded",
        header_all=("billingperiodstatus", "billingperiodstart"),
    ),
    Stranger("FOCUS metadata, which describes the columns of an export", _DATA_BESIDE, head_all=('"FocusVersion"',)),
    Stranger("FOCUS metadata, which describes the columns of an export", _DATA_BESIDE, head_all=('"ColumnDefinition"',)),
    Stranger("the manifest of an Azure export", _DATA_BESIDE, head_all=('"manifestVersion"', '"blobs"')),
    Stranger(
        "FOCUS data without BilledCost or ChargePeriodStart",
        "export the FOCUS Cost and Usage dataset with its mandatory columns",
        header_all=("chargecategory", "billingcurrency"),
    ),
    Stranger(
        "a price list of instances",
        "it says what work would cost, not what it did: `finops prices` shows those that finops knows",
        header_all=("instance_type", "usd_per_hour"),
    ),
    Stranger(
        "how often spot instances are interrupted",
        "it is no bill and no measurement: `finops place` knows such rates by instance type",
        header_all=("instance_type", "interruption_range_idx"),
    ),
    Stranger(
        "a list of instance types and what they hold",
        "finops has one of its own: `finops prices show TYPE`",
        header_all=("instance_type", "vcpu", "memory_mib"),
    ),
    Stranger(
        "results of Aider's leaderboard (YAML), which name no run, day or agent",
        "outcomes are a table with run_id or agent and day, time and accepted",
        head_all=("dirname:", "pass_rate_1:"),
    ),
    Stranger(
        "a trace of request lengths, without calls, owners or prices",
        "it shows how long requests are and holds nothing that costs; give OTLP/JSON traces",
        header_all=("contexttokens", "generatedtokens"),
    ),
    Stranger(
        "a trace of request lengths, without calls, owners or prices",
        "it shows how long requests are and holds nothing that costs; give OTLP/JSON traces",
        head_all=('"input_length"', '"output_length"'),
    ),
)

NO_DATA = (
    *(".md", ".rst", ".adoc", ".py", ".ipynb", ".sh", ".sql", ".toml", ".ini", ".cfg", ".lock", ".yaml", ".yml", ".gitignore"),
    *(".html", ".htm", ".css", ".js", ".ts", ".png", ".jpg", ".jpeg", ".gif", ".svg", ".ico", ".webp"),
)
"""Endings of files that nobody exports data as. In a folder they are passed over; others that nobody reads are refused."""

BINARY: tuple[tuple[bytes, str, str], ...] = (
    (b"PK\x03\x04", "a ZIP archive or a spreadsheet (.xlsx)", "unpack it, or save the sheet as CSV in UTF-8"),
    (b"%PDF", "a PDF", "ask the provider for the same data as CSV or Parquet"),
    (b"SQLite format 3", "a SQLite database", "export the table as CSV"),
    (b"BZh", "a bzip2 file", "unpack it, or pack it as .gz"),
    (b"\xfd7zXZ", "an xz file", "unpack it, or pack it as .gz"),
)
"""First bytes, what they are, and what to do."""
