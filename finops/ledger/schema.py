"""The SQL shape of each contract: its columns' types, and the two columns of lineage."""

from __future__ import annotations

from finops.core.contracts import Contract, Field
from finops.ledger.connect import named

SQL_TYPES = {
    "text": "VARCHAR",
    "money": "DECIMAL(38, 12)",
    "quantity": "DECIMAL(38, 12)",
    "price": "DECIMAL(38, 18)",
    "time": "TIMESTAMP",
    "int": "BIGINT",
    "float": "DOUBLE",
    "bool": "BOOLEAN",
    "map": "MAP(VARCHAR, VARCHAR)",
}
LINEAGE = ("batch_id", "part_row")
"""Which batch and which row of its file a row came from. No figure, order or tie depends on them."""


def sql_type(field: Field) -> str:
    """The stored type of a contract's column."""
    return SQL_TYPES[field.kind]


def table_columns(contract: Contract) -> str:
    """The column list of a table of the contract."""
    own = [f"{named(field.name)} {sql_type(field)}" for field in contract.fields]
    return ", ".join([*own, *(f"{name} BIGINT NOT NULL" for name in LINEAGE)])


def column_names(contract: Contract) -> str:
    """The contract's columns and its lineage, for a SELECT."""
    return ", ".join([*(named(name) for name in contract.names), *LINEAGE])


def empty_select(contract: Contract) -> str:
    """A SELECT of the contract's shape without rows."""
    own = [f"CAST(NULL AS {sql_type(field)}) AS {named(field.name)}" for field in contract.fields]
    return f"SELECT {', '.join([*own, *(f'CAST(NULL AS BIGINT) AS {name}' for name in LINEAGE)])} WHERE false"
