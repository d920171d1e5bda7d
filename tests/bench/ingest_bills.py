"""Loading bills next to the least work on the same bytes: `python -m tests.bench.ingest_bills [ROWS]`.

Amounts, hours, resources and tags differ from row to row as in a real bill. A table's floor is one plain DuckDB pass that casts
the same columns to the same types and writes them as Parquet; that of a packed CSV file is `gzip -dc`."""

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
_TYPED = {
    "DECIMAL(38, 12)": ("cost", "quantity", "amount"),
    "DECIMAL(38, 18)": ("price", "rate"),
    "TIMESTAMP": ("start", "end", "date"),
}
_MAP = "MAP(VARCHAR, VARCHAR)"
_FILES = (("focus", FOCUS, "f.parquet"), ("cur", CUR, "c.parquet"), ("focus_csv_gz", FOCUS, "f.csv.gz"))


def measure(rows: int) -> dict[str, Any]:
    """Whole processes, from the file on disk to the ledger, without a build."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        answer: dict[str, Any] = {"rows": rows}
        for label, columns, file in (
            ("focus", FOCUS, "f.parquet"),
            ("cur", CUR, "c.parquet"),
            ("focus_csv_gz", FOCUS, "f.csv.gz"),
        ):
            path = home / file
            selected = ", ".join(f'{sql} AS "{column}"' for column, sql in columns.items())
            packing = "(FORMAT csv, HEADER, COMPRESSION gzip)" if file.endswith(".gz") else "(FORMAT parquet, COMPRESSION zstd)"
            timing.python(_engine(f"COPY (SELECT {selected} FROM range({rows}) AS r(i)) TO '{path}' {packing}"), home)
            if file.endswith(".gz"):
                floor = timing.run(["gzip", "-dc", path], home)
            else:
                floor = timing.python(_engine(normalise(path, columns, home / "floor.parquet")), home)
            cost = timing.finops(home, "ingest", path, "--no-build", "--ledger", home / f"{label}.duckdb")
            answer[label] = {
                **cost.as_dict(),
                "floor_wall_s": round(floor.wall_s, 3),
                "floor_cpu_s": round(floor.cpu_s, 3),
                "ratio": round(cost.wall_s / floor.wall_s, 2),
                "cpu_ratio": round(cost.cpu_s / floor.cpu_s, 2),
                "rows_per_s": round(rows / cost.wall_s),
            }
        return answer


def normalise(path: Path, columns: dict[str, str], target: Path) -> str:
    """One plain pass: every column read, amounts, prices, quantities, times and tags in the types of the ledger."""
    casts = []
    for column in columns:
        last = column.lower().rsplit("_", 1)[-1]
        kind = next((kind for kind, ends in _TYPED.items() if last.endswith(ends)), None)
        if kind:
            casts.append(f'TRY_CAST("{column}" AS {kind}) AS "{column}"')
        elif column == "Tags":
            casts.append(f'TRY_CAST(TRY_CAST("{column}" AS JSON) AS {_MAP}) AS "{column}"')
    return f"COPY (SELECT * REPLACE ({', '.join(casts)}) FROM '{path}') TO '{target}' (FORMAT parquet, COMPRESSION zstd)"


def _engine(sql: str) -> str:
    switches = "SET enable_progress_bar=false; SET preserve_insertion_order=false"
    return f"import duckdb\nc = duckdb.connect()\nc.execute({switches!r})\nc.execute({sql!r})\n"


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000), indent=2))
