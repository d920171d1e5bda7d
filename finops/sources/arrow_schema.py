"""The Arrow schema in which a source hands over the rows of a contract."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from finops.core.contracts import CONTRACTS, Contract

if TYPE_CHECKING:
    import pyarrow as pa


def arrow_schema(contract: str | Contract) -> pa.Schema:
    """One column per field of the contract, in its order. Money, prices and quantities are text: the ledger casts them."""
    return _schema(contract if isinstance(contract, Contract) else CONTRACTS[contract])


@cache
def _schema(contract: Contract) -> pa.Schema:
    import pyarrow as pa

    types = {
        "text": pa.string(),
        "money": pa.string(),
        "quantity": pa.string(),
        "price": pa.string(),
        "time": pa.timestamp("us"),
        "int": pa.int64(),
        "float": pa.float64(),
        "bool": pa.bool_(),
        "map": pa.map_(pa.string(), pa.string()),
    }
    return pa.schema([pa.field(field.name, types[field.kind]) for field in contract.fields])
