"""Which columns of a FOCUS file feed which column of the contract, as SQL text over the file's own columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from finops.core.contracts import CHARGE, Kind

FALLBACKS: Mapping[str, tuple[str, ...]] = {
    "ServiceProviderName": ("ServiceProviderName", "ProviderName", "Provider"),
    "HostProviderName": ("HostProviderName", "PublisherName", "Publisher"),
    "InvoiceIssuerName": ("InvoiceIssuerName", "InvoiceIssuer", "ServiceProviderName", "ProviderName", "Provider"),
    "ConsumedQuantity": ("ConsumedQuantity", "UsageQuantity"),
    "ConsumedUnit": ("ConsumedUnit", "UsageUnit"),
    "RegionId": ("RegionId", "Region"),
}
"""Row by row, the first that is not null. FOCUS 1.3 renamed the providers, and 1.4 dropped the old names; 1.0 renamed what its
preview called providers, issuer, usage and region (Oracle still exports it so)."""

NO_CURRENCY = "XXX"
"""ISO 4217 for "no currency": where a file has no BillingCurrency at all, its sums stand apart and are added to no other."""

KINDS: Mapping[str, Kind] = {field.name: field.kind for field in CHARGE.fields}
_NULL_TEXTS = "('', 'NULL', '(NULL)', 'N/A')"


def found_columns(header: Sequence[str]) -> dict[str, str]:
    """Lower-case name to the file's own spelling, first occurrence."""
    found: dict[str, str] = {}
    for name in header:
        found.setdefault(name.lower(), name)
    return found


def wanted_columns() -> dict[str, str]:
    """Every FOCUS column that is read, lower case to FOCUS spelling."""
    sources = (source for sources in FALLBACKS.values() for source in sources)
    return {name.lower(): name for name in (*CHARGE.names, *sources)}


def contract_columns(texts: Mapping[str, str], currency: str | None) -> tuple[dict[str, str], list[str]]:
    """The contract's columns as SQL, and notes on what the file leaves out. `texts` gives, by lower-case FOCUS name, SQL text
    for each column that the file has; `currency` is the one to take where the file has no column for it."""
    columns: dict[str, str] = {}
    for name in CHARGE.names:
        known = [texts[source.lower()] for source in FALLBACKS.get(name, (name,)) if source.lower() in texts]
        if len(known) == 1:
            columns[name] = known[0]
        elif known:
            columns[name] = f"coalesce({', '.join(_nulled(sql) for sql in known)})"
    return columns, _fill_in(columns, currency)


def quoted(name: str) -> str:
    """A column name as a SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def _nulled(sql: str) -> str:
    long = f"strlen({sql}) > 6 AND {sql} > '!' AND NOT ends_with({sql}, ' ')"
    return f"CASE WHEN {long} THEN {sql} WHEN upper(trim({sql})) IN {_NULL_TEXTS} THEN NULL ELSE {sql} END"


def _fill_in(columns: dict[str, str], currency: str | None) -> list[str]:
    notes = []
    if "BillingPeriodStart" not in columns:
        moment = f"CAST(TRY_CAST({columns['ChargePeriodStart']} AS TIMESTAMPTZ) AS TIMESTAMP)"
        columns["BillingPeriodStart"] = f"strftime(date_trunc('month', {moment}), '%Y-%m-%dT%H:%M:%SZ')"
        notes.append("the file has no BillingPeriodStart: the month of ChargePeriodStart (UTC) stands for the billing period")
    if "BillingCurrency" not in columns:
        columns["BillingCurrency"] = "'" + (currency or NO_CURRENCY).replace("'", "''") + "'"
        notes.append(_currency_note(currency))
    return notes


def _currency_note(currency: str | None) -> str:
    if currency is not None:
        return f"the file has no BillingCurrency: its amounts are taken as {currency}, as asked"
    return (
        f"the file has no BillingCurrency: its amounts stand under {NO_CURRENCY} (no currency) and are added to no other; "
        "`[[source]]` with `name` and `currency` in finops.toml names it"
    )
