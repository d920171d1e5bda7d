"""Prices and names that a build goes by, written into the ledger from what the prices room knows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

from finops.ledger.engine.database import Database, literal

TABLES = """
CREATE TABLE IF NOT EXISTS provider_alias (alias VARCHAR, provider VARCHAR);
CREATE TABLE IF NOT EXISTS model_alias (provider_raw VARCHAR, model_raw VARCHAR, provider VARCHAR, model VARCHAR);
CREATE TABLE IF NOT EXISTS price_token (batch VARCHAR, provider VARCHAR, model VARCHAR, token_class VARCHAR, service_tier VARCHAR,
    variant VARCHAR, min_input_tokens BIGINT, valid_from TIMESTAMP, valid_to TIMESTAMP, tod_from TIME, tod_to TIME,
    price DECIMAL(38, 18), currency VARCHAR, source VARCHAR, as_of DATE);
CREATE TABLE IF NOT EXISTS price_month (call_month DATE, batch VARCHAR);
CREATE TABLE IF NOT EXISTS price_instance (provider VARCHAR, region VARCHAR, instance_type VARCHAR, purchase_option VARCHAR,
    price DECIMAL(38, 18), currency VARCHAR, as_of DATE, source VARCHAR);
"""
TOKEN_COLUMNS = (
    *("provider", "model", "token_class", "service_tier", "variant", "min_input_tokens"),
    *("valid_from", "valid_to", "tod_from", "tod_to", "price", "currency"),
)


class TokenPrices(Protocol):
    """A dated batch of token prices."""

    @property
    def name(self) -> str: ...
    @property
    def as_of(self) -> date: ...
    @property
    def source(self) -> str: ...
    def of(self, models: Collection[tuple[str, str]], /) -> Sequence[Any]:
        """The prices of these (provider, model), with the columns of TOKEN_COLUMNS."""
        ...


@dataclass(frozen=True)
class HourPrice:
    """The price of one instance for one hour."""

    price: Decimal
    currency: str
    as_of: date
    source: str


Place = tuple[str, str, str, str]
"""Provider, region, instance type and purchase option."""


@dataclass(frozen=True)
class PriceInputs:
    """What the prices room knows, as the ledger needs it. Functions are asked only for names that the ledger holds."""

    provider_aliases: Mapping[str, str] = field(default_factory=dict)
    tokens: Callable[[], TokenPrices | None] = lambda: None
    resolve_model: Callable[[str | None, str | None], tuple[str, str] | None] = lambda _provider, _model: None
    hour_price: Callable[[Place], HourPrice | None] = lambda _place: None


def write_prices(
    database: Database,
    inputs: PriceInputs,
    as_of: date,
    *,
    kept: frozenset[date] = frozenset(),
    restated: frozenset[date] = frozenset(),
) -> bool:
    """Brings prices and names up to date; answers whether rows that were built before would now come out differently.
    The batch that prices a past month stays; closed months that are `kept` keep theirs in any case, `restated` ones take
    today's."""
    for statement in TABLES.split(";"):
        if statement.strip():
            database.execute(statement)
    changed = _replace(database, "provider_alias", ("alias", "provider"), sorted(inputs.provider_aliases.items()))
    changed |= _write_hour_prices(database, inputs)
    if any(database.query(f"{models} LIMIT 1") for models in ("SELECT 1 AS one FROM call", _CHARGED_MODELS, _COUNTED_MODELS)):
        changed |= _write_token_prices(database, inputs, lambda m: m in restated or (m not in kept and m >= as_of.replace(day=1)))
    return changed


def _write_token_prices(database: Database, inputs: PriceInputs, is_open: Callable[[date], bool]) -> bool:
    batch = inputs.tokens()
    if batch is None:
        return False
    is_new = not database.query(f"SELECT 1 AS one FROM price_token WHERE batch = {literal(batch.name)} LIMIT 1")
    if is_new:
        database.execute("DELETE FROM model_alias")
    pairs = [(row["provider_raw"], row["model_raw"]) for row in database.query(_NEW_MODELS)]
    resolved = [(p, m, found) for p, m in pairs if (found := inputs.resolve_model(p or None, m)) is not None]
    _insert(database, "model_alias", [(p, m, *found) for p, m, found in resolved])
    _write_points(database, batch)
    for row in database.query("SELECT DISTINCT month_of(start_time) AS m FROM call ORDER BY m"):
        month = row["m"]
        known = database.query(f"SELECT batch FROM price_month WHERE call_month = {literal(month)}")
        if not known or is_open(month):
            database.execute(f"DELETE FROM price_month WHERE call_month = {literal(month)}")
            database.execute(f"INSERT INTO price_month VALUES ({literal(month)}, {literal(batch.name)})")
    return is_new


def _write_points(database: Database, batch: TokenPrices) -> None:
    """The prices of the models that the ledger knows; other models are added when they turn up."""
    known = {(row["provider"], row["model"]) for row in database.query("SELECT DISTINCT provider, model FROM model_alias")}
    have = {
        (row["provider"], row["model"])
        for row in database.query(f"SELECT DISTINCT provider, model FROM price_token WHERE batch = {literal(batch.name)}")
    }
    rows = [
        (batch.name, *(getattr(point, column) for column in TOKEN_COLUMNS), batch.source, batch.as_of)
        for point in batch.of(known - have)
    ]
    _insert(database, "price_token", rows)


def _write_hour_prices(database: Database, inputs: PriceInputs) -> bool:
    places = database.query(
        """SELECT DISTINCT coalesce(a.provider, lower(trim(m.provider))) AS provider, m.region, m.instance_type,
            coalesce(m.purchase_option, 'on_demand') AS purchase_option
        FROM meter m LEFT JOIN provider_alias a ON a.alias = lower(trim(m.provider))
        WHERE m.region IS NOT NULL AND m.instance_type IS NOT NULL AND m.provider IS NOT NULL ORDER BY ALL"""
    )
    rows = []
    for row in places:
        place = (row["provider"], row["region"], row["instance_type"], row["purchase_option"])
        found = inputs.hour_price(place)
        if found is not None:
            rows.append((*place, found.price, found.currency, found.as_of, found.source))
    columns = ("provider", "region", "instance_type", "purchase_option", "price", "currency", "as_of", "source")
    return _replace(database, "price_instance", columns, rows)


def _replace(database: Database, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> bool:
    """Makes the table hold these rows; answers whether it held others."""
    before = [tuple(row.values()) for row in database.query(f"SELECT {', '.join(columns)} FROM {table} ORDER BY ALL")]
    if before == list(rows):
        return False
    database.execute(f"DELETE FROM {table}")
    _insert(database, table, rows)
    return bool(before)


def _insert(database: Database, table: str, rows: Iterable[Sequence[Any]]) -> None:
    lines = [f"({', '.join(map(literal, row))})" for row in rows]
    for start in range(0, len(lines), 1000):
        database.execute(f"INSERT INTO {table} VALUES {', '.join(lines[start : start + 1000])}")


_CHARGED_MODELS = """SELECT DISTINCT coalesce("ServiceProviderName", '') AS provider_raw, coalesce("x_Model",
    "SkuPriceDetails"['ModelId'], "SkuPriceDetails"['x_ModelId'], "SkuPriceDetails"['model']) AS model_raw FROM charge
    WHERE model_raw IS NOT NULL"""

_COUNTED_MODELS = """SELECT DISTINCT coalesce(labels['provider'], '') AS provider_raw, labels['model'] AS model_raw FROM sample
    WHERE signal = 'provider_tokens' AND labels['model'] IS NOT NULL"""
"""Of what a provider itself counted, in its reports of usage."""

_NEW_MODELS = f"""SELECT DISTINCT n.provider_raw, n.model_raw
FROM (SELECT DISTINCT coalesce(provider, '') AS provider_raw, model AS model_raw FROM call WHERE model IS NOT NULL
    UNION {_CHARGED_MODELS} UNION {_COUNTED_MODELS}) n
LEFT JOIN model_alias a ON a.provider_raw = n.provider_raw AND a.model_raw = n.model_raw
WHERE a.model IS NULL ORDER BY n.provider_raw, n.model_raw"""
