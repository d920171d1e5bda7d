"""Loading bills next to the least work on the same bytes: `python -m tests.bench.ingest_bills [ROWS]`.

Amounts, hours, resources and tags differ from row to row as in a real bill. Every figure is a whole process, start included, the
least processor time of several runs; wall seconds are those of the same run.
- A table's floor is one plain DuckDB statement that reads the same columns and writes what a load writes of them to one zstd
  Parquet file: the same names, amounts as DECIMAL(38, 12), times, tags as a MAP under the keys that people gave them, and of CUR
  the same categories. It checks nothing: no null words, no rejects, no exact totals, no row numbers, no hash.
  `cpu_ratio_as_is` sets CUR beside less: its columns as they are, cast but not normalised.
- That of a packed CSV file is `gzip -dc`, which unpacks on one core and parses nothing. `ratio`, of wall seconds, is what to hold
  against a bound: unpacking can't be shared among cores, the rest of a load is. It tells only on a machine with nothing else to
  do; `cpu_ratio` tells on any. `normalise_s` and `normalise_cpu_s` are what one plain DuckDB statement over that file takes."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.bench import timing

_AMOUNT = "printf('%.10f', (hash(i, {salt}) % 1000000007) / 1e8)"
_HOUR = "strftime(TIMESTAMP '2026-07-01' + to_hours(CAST(hash(i, 43) % 743 AS BIGINT){more}), '%Y-%m-%dT%H:%M:%SZ')"
_TAGS = '\'{{"{prefix}pool": "p\' || hash(i, 47) % 37 || \'", "{prefix}team": "t\' || hash(i, 53) % 97 || \'"}}\''
_RESOURCE = "'i-' || left(md5(CAST(hash(i, 41) % 20000 AS VARCHAR)), 17)"

FOCUS = {
    "BilledCost": _AMOUNT.format(salt=1),
    "EffectiveCost": _AMOUNT.format(salt=2),
    "ListCost": _AMOUNT.format(salt=3),
    "ContractedCost": _AMOUNT.format(salt=4),
    "ListUnitPrice": "printf('%.6f', (hash(i, 5) % 997) / 1e3)",
    "PricingQuantity": "printf('%.6f', (hash(i, 6) % 100003) / 1e3)",
    "ConsumedQuantity": "printf('%.6f', (hash(i, 6) % 100003) / 1e3)",
    "ChargePeriodStart": _HOUR.format(more=""),
    "ChargePeriodEnd": _HOUR.format(more=" + 1"),
    "BillingPeriodStart": "'2026-07-01T00:00:00Z'",
    "BillingPeriodEnd": "'2026-08-01T00:00:00Z'",
    "Tags": _TAGS.format(prefix=""),
    "ResourceId": _RESOURCE,
    **{
        name: f"'{name} ' || hash(i, {n}) % 7" for n, name in enumerate(("ServiceName", "SkuId", "RegionId", "ChargeDescription"))
    },
    **{"BillingAccountId": "'1'", "BillingCurrency": "'USD'", "InvoiceIssuerName": "'AWS'", "ServiceProviderName": "'AWS'"},
    **{"ChargeCategory": "'Usage'", "PricingCategory": "'Standard'", "ConsumedUnit": "'Hours'", "PricingUnit": "'Hours'"},
}
CUR = {
    "line_item_unblended_cost": f"CAST({FOCUS['BilledCost']} AS DOUBLE)",
    "pricing_public_on_demand_cost": f"CAST({FOCUS['ListCost']} AS DOUBLE)",
    "pricing_public_on_demand_rate": FOCUS["ListUnitPrice"],
    "line_item_usage_amount": f"CAST({FOCUS['PricingQuantity']} AS DOUBLE)",
    "line_item_usage_start_date": f"CAST({FOCUS['ChargePeriodStart']} AS TIMESTAMP)",
    "line_item_usage_end_date": f"CAST({FOCUS['ChargePeriodEnd']} AS TIMESTAMP)",
    "bill_billing_period_start_date": "TIMESTAMP '2026-07-01'",
    "bill_billing_period_end_date": "TIMESTAMP '2026-08-01'",
    "resource_tags": f"CAST(CAST({_TAGS.format(prefix='user_')} AS JSON) AS MAP(VARCHAR, VARCHAR))",
    "line_item_resource_id": _RESOURCE,
    "line_item_usage_type": "'USW2-BoxUsage:g6.xlarge'",
    "line_item_product_code": "'AmazonEC2'",
    "product_region_code": "'us-west-2'",
    **{"line_item_line_item_type": "'Usage'", "bill_payer_account_id": "'1'", "line_item_usage_account_id": "'2'"},
    **{"line_item_currency_code": "'USD'", "bill_bill_type": "'Anniversary'", "bill_billing_entity": "'AWS'"},
    **{"line_item_operation": "'RunInstances'", "pricing_unit": "'Hrs'"},
}
CUR_CSV = {
    name: f"strftime({sql}, '%Y-%m-%dT%H:%M:%SZ')"
    if name.endswith("_date")
    else f"CAST(to_json({sql}) AS VARCHAR)"
    if name == "resource_tags"
    else sql
    for name, sql in CUR.items()
}
"""The same lines as text."""
_TYPED = {
    "DECIMAL(38, 12)": ("cost", "quantity", "amount"),
    "DECIMAL(38, 18)": ("price", "rate"),
    "TIMESTAMP": ("start", "end", "date"),
}
_MAP = "MAP(VARCHAR, VARCHAR)"
_KIND = "line_item_line_item_type"
_PAID = "line_item_unblended_cost"
CUR_SHAPE = {
    "BillingAccountId": "bill_payer_account_id",
    "SubAccountId": "line_item_usage_account_id",
    "BillingCurrency": "line_item_currency_code",
    "BillingPeriodStart": "bill_billing_period_start_date",
    "BillingPeriodEnd": "bill_billing_period_end_date",
    "ChargePeriodStart": "line_item_usage_start_date",
    "ChargePeriodEnd": "line_item_usage_end_date",
    "InvoiceIssuerName": "CASE bill_billing_entity WHEN 'AWS' THEN 'Amazon Web Services' ELSE bill_billing_entity END",
    "ServiceProviderName": "'AWS'",
    "HostProviderName": "'AWS'",
    "ChargeCategory": f"CASE WHEN {_KIND} IN ('Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage', 'SavingsPlanNegation')"
    f" THEN 'Usage' WHEN {_KIND} IN ('Fee', 'RIFee', 'SavingsPlanRecurringFee', 'SavingsPlanUpfrontFee') THEN 'Purchase'"
    f" WHEN {_KIND} = 'Tax' THEN 'Tax' WHEN {_KIND} IN ('Credit', 'Refund') THEN 'Credit' ELSE 'Adjustment' END",
    "ChargeClass": f"CASE WHEN {_KIND} = 'Refund' OR bill_bill_type = 'Refund' THEN 'Correction' END",
    "ChargeFrequency": f"CASE WHEN {_KIND} LIKE '%Usage' THEN 'Usage-Based' WHEN {_KIND} IN ('RIFee', 'SavingsPlanRecurringFee')"
    " THEN 'Recurring' ELSE 'One-Time' END",
    "BilledCost": f"TRY_CAST({_PAID} AS DECIMAL(38, 12))",
    "EffectiveCost": f"TRY_CAST(CASE WHEN {_KIND} IN ('SavingsPlanNegation', 'SavingsPlanUpfrontFee') THEN 0 ELSE {_PAID} END"
    " AS DECIMAL(38, 12))",
    "ListCost": f"TRY_CAST(CASE WHEN {_KIND} = 'SavingsPlanNegation' THEN 0 ELSE pricing_public_on_demand_cost END"
    " AS DECIMAL(38, 12))",
    "ContractedCost": f"TRY_CAST(CASE WHEN {_KIND} = 'SavingsPlanNegation' THEN 0 WHEN {_KIND} <> 'DiscountedUsage' THEN {_PAID}"
    " END AS DECIMAL(38, 12))",
    "ListUnitPrice": "TRY_CAST(pricing_public_on_demand_rate AS DECIMAL(38, 18))",
    "PricingQuantity": "TRY_CAST(line_item_usage_amount AS DECIMAL(38, 12))",
    "ConsumedQuantity": f"CASE WHEN {_KIND} LIKE '%Usage' THEN TRY_CAST(line_item_usage_amount AS DECIMAL(38, 12)) END",
    "PricingUnit": "pricing_unit",
    "ConsumedUnit": f"CASE WHEN {_KIND} LIKE '%Usage' THEN pricing_unit END",
    "PricingCategory": f"CASE WHEN {_KIND} IN ('DiscountedUsage', 'SavingsPlanCoveredUsage') THEN 'Committed'"
    f" WHEN line_item_usage_type LIKE '%SpotUsage%' THEN 'Dynamic' WHEN {_KIND} = 'Usage' THEN 'Standard' END",
    "CommitmentDiscountStatus": f"CASE WHEN {_KIND} IN ('DiscountedUsage', 'SavingsPlanCoveredUsage') THEN 'Used' END",
    "ServiceName": "line_item_product_code",
    "RegionId": "product_region_code",
    "ResourceId": "line_item_resource_id",
    "SkuMeter": "line_item_usage_type",
    "x_InstanceType": "nullif(split_part(line_item_usage_type, ':', 2), '')",
    "Tags": "map_from_entries(list_transform(map_entries(resource_tags),"
    " lambda e: {'key': regexp_replace(e.key, '^user[:_]', ''), 'value': e.value}))",
}
"""The columns of a charge that a line of CUR gives, by plain expressions."""


def measure(rows: int) -> dict[str, Any]:
    """Whole processes, from the file on disk to the ledger, without a build."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        answer: dict[str, Any] = {"rows": rows}
        for label, columns, file in (
            ("focus", FOCUS, "f.parquet"),
            ("cur", CUR, "c.parquet"),
            ("focus_csv_gz", FOCUS, "f.csv.gz"),
            ("cur_csv_gz", CUR_CSV, "c.csv.gz"),
        ):
            path = home / file
            selected = ", ".join(f'{sql} AS "{column}"' for column, sql in columns.items())
            packing = "(FORMAT csv, HEADER, COMPRESSION gzip)" if file.endswith(".gz") else "(FORMAT parquet, COMPRESSION zstd)"
            timing.python(_engine(f"COPY (SELECT {selected} FROM range({rows}) AS r(i)) TO '{path}' {packing}"), home)
            target = home / "floor.parquet"
            as_is = timing.best(lambda p=path, c=columns, t=target: timing.python(_engine(normalise(p, c, t)), home))
            more: dict[str, float] = {}
            if label == "cur":
                sql = ", ".join(f"{made} AS {name}" for name, made in CUR_SHAPE.items())
                copy = f"COPY (SELECT {sql} FROM '{path}') TO '{target}' (FORMAT parquet, COMPRESSION zstd)"
                floor = timing.best(lambda c=copy: timing.python(_engine(c), home))
            elif file.endswith(".gz"):
                floor = timing.best(lambda p=path: timing.run(["gzip", "-dc", p], home))
                more["normalise_s"], more["normalise_cpu_s"] = round(as_is.wall_s, 3), round(as_is.cpu_s, 3)
            else:
                floor = as_is
            cost = timing.best(lambda p=path, name=label: load(home, p, name))
            if label == "cur":
                more["cpu_ratio_as_is"] = round(cost.cpu_s / as_is.cpu_s, 2)
            answer[label] = {
                **cost.as_dict(),
                "floor_wall_s": round(floor.wall_s, 3),
                "floor_cpu_s": round(floor.cpu_s, 3),
                "ratio": round(cost.wall_s / floor.wall_s, 2),
                "cpu_ratio": round(cost.cpu_s / floor.cpu_s, 2),
                **more,
                "rows_per_s": round(rows / cost.wall_s),
            }
        return answer


def load(home: Path, path: Path, label: str) -> timing.Cost:
    """One load into a ledger of its own."""
    with tempfile.TemporaryDirectory(dir=home) as name:
        return timing.finops(home, "ingest", path, "--no-build", "--ledger", Path(name) / f"{label}.duckdb")


def normalise(path: Path, columns: dict[str, str], target: Path) -> str:
    """One plain pass: every column read, amounts, prices, quantities, times and tags in the types of the ledger. The columns of
    CSV are text, as those of the Parquet file are."""
    casts = []
    for column in columns:
        last = column.lower().rsplit("_", 1)[-1]
        kind = next((kind for kind, ends in _TYPED.items() if last.endswith(ends)), None)
        if kind:
            casts.append(f'TRY_CAST("{column}" AS {kind}) AS "{column}"')
        elif column == "Tags":
            casts.append(f'TRY_CAST(TRY_CAST("{column}" AS JSON) AS {_MAP}) AS "{column}"')
    packed = path.name.endswith(".gz")
    source = f"read_csv('{path}', all_varchar = true, header = true)" if packed else f"'{path}'"
    return f"COPY (SELECT * REPLACE ({', '.join(casts)}) FROM {source}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)"


def _engine(sql: str) -> str:
    switches = "SET enable_progress_bar=false; SET preserve_insertion_order=false"
    return f"import duckdb\nc = duckdb.connect()\nc.execute({switches!r})\nc.execute({sql!r})\n"


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000), indent=2))
