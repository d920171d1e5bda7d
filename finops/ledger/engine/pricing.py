"""Prices and names that a build goes by, written into the ledger from what the prices room knows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

from finops.core.periods import next_month
from finops.ledger.engine.database import Database, literal
from finops.ledger.engine.unbuilt import Unbuilt

TABLES = """
CREATE TABLE IF NOT EXISTS provider_alias (alias VARCHAR, provider VARCHAR);
CREATE TABLE IF NOT EXISTS model_alias (provider_raw VARCHAR, model_raw VARCHAR, provider VARCHAR, model VARCHAR);
CREATE TABLE IF NOT EXISTS price_token (batch VARCHAR, provider VARCHAR, model VARCHAR, token_class VARCHAR, service_tier VARCHAR,
    variant VARCHAR, min_input_tokens BIGINT, valid_from TIMESTAMP, valid_to TIMESTAMP, tod_from TIME, tod_to TIME,
    price DECIMAL(38, 18), currency VARCHAR, source VARCHAR, as_of DATE);
CREATE TABLE IF NOT EXISTS price_month (call_month DATE, batch VARCHAR);
CREATE TABLE IF NOT EXISTS price_instance (provider VARCHAR, region VARCHAR, instance_type VARCHAR, purchase_option VARCHAR,
    valid_from DATE, valid_to DATE, price DECIMAL(38, 18), currency VARCHAR, as_of DATE, source VARCHAR);
CREATE TABLE IF NOT EXISTS price_exchange (day DATE, billed VARCHAR, priced VARCHAR, weight HUGEINT, weight_total HUGEINT);
"""
_NAMED_BY = "build.named_by"
"""The key in `meta` of the batch of token prices by whose names `model_alias` holds what models are called."""
_PLACE = ("provider", "region", "instance_type", "purchase_option")
HOUR_COLUMNS = (*_PLACE, "valid_from", "valid_to", "price", "currency", "as_of", "source")
EXCHANGE_COLUMNS = ("day", "billed", "priced", "weight", "weight_total")
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
    """The price of one instance for one hour, on the days from `first` up to but not including `end` (UTC)."""

    first: date
    end: date
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
    hour_prices: Callable[[Sequence[tuple[Place, date]]], Mapping[tuple[Place, date], Sequence[HourPrice]]] = lambda _places: {}
    """Of each place and month (its first day, UTC) the prices in force in it."""
    exchange: Callable[[date, str, str], tuple[int, int] | None] = lambda _day, _billed, _priced: None
    """What one unit of the billed currency is in that of the prices on a day, as a fraction; None where no rate is known."""


def write_prices(
    database: Database,
    inputs: PriceInputs,
    as_of: date,
    *,
    kept: frozenset[date] = frozenset(),
    restated: frozenset[date] = frozenset(),
    everything: bool = True,
) -> bool:
    """Brings prices and names up to date; answers whether rows that were built before would now come out differently.
    The batch that prices a past month stays; closed months that are `kept` keep theirs in any case, `restated` ones take
    today's. Names are looked for in rows that are new, or in `everything`."""
    for statement in TABLES.split(";"):
        if statement.strip():
            database.execute(statement)
    changed = _replace(database, "provider_alias", ("alias", "provider"), sorted(inputs.provider_aliases.items()))
    is_open = _open_month(as_of, kept, restated)
    currencies = _currencies(database)
    unbuilt = Unbuilt(database, everything=everything or changed)
    changed |= _write_hour_prices(database, inputs, is_open, unbuilt)
    if database.query("SELECT 1 AS one FROM model_alias LIMIT 1") or database.query(f"{_models()} LIMIT 1"):
        changed |= _write_token_prices(database, inputs, is_open, unbuilt)
    unbuilt = Unbuilt(database, everything=everything or _currencies(database) != currencies)
    return _write_exchange(database, inputs, kept, unbuilt) or changed


def _open_month(as_of: date, kept: frozenset[date], restated: frozenset[date]) -> Callable[[date], bool]:
    """Whether a month (its first day) is priced anew: those past keep their prices, unless they are restated."""
    return lambda month: month in restated or (month not in kept and month >= as_of.replace(day=1))


def _write_token_prices(database: Database, inputs: PriceInputs, is_open: Callable[[date], bool], unbuilt: Unbuilt) -> bool:
    batch = inputs.tokens()
    if batch is None:
        return False
    is_new = not database.query(f"SELECT 1 AS one FROM price_token WHERE batch = {literal(batch.name)} LIMIT 1")
    is_same = bool(
        database.query(f"SELECT 1 AS one FROM meta WHERE key = {literal(_NAMED_BY)} AND value = {literal(batch.name)}")
    )
    if not is_same:
        database.execute("DELETE FROM model_alias")
        database.execute(f"INSERT OR REPLACE INTO meta VALUES ({literal(_NAMED_BY)}, {literal(batch.name)})")
    models = _models(unbuilt) if is_same else _models()
    pairs = [(row["provider_raw"], row["model_raw"]) for row in database.query(_NEW_MODELS.format(models=models))]
    resolved = [(p, m, found) for p, m in pairs if (found := inputs.resolve_model(p or None, m)) is not None]
    _insert(database, "model_alias", [(p, m, *found) for p, m, found in resolved])
    _write_points(database, batch)
    for row in database.query(_CALL_MONTHS):
        month = row["m"]
        known = database.query(f"SELECT batch FROM price_month WHERE call_month = {literal(month)}")
        if not known or is_open(month):
            is_new |= bool(known) and known[0]["batch"] != batch.name
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
        (batch.name, *(getattr(point, column) for column in TOKEN_COLUMNS), *_told_by(point, batch))
        for point in batch.of(known - have)
    ]
    _insert(database, "price_token", rows)


def _told_by(point: Any, batch: TokenPrices) -> tuple[str, date]:
    """Where a price stands and how old it is: a contract's own, else the batch's."""
    return getattr(point, "source", None) or batch.source, getattr(point, "as_of", None) or batch.as_of


def _write_hour_prices(database: Database, inputs: PriceInputs, is_open: Callable[[date], bool], unbuilt: Unbuilt) -> bool:
    """Prices of open months as they are now; those of past months stay, unless there was none. A place without a price has a row
    without one, so that a price that turns up later is seen to change something."""
    columns = {row["column_name"] for row in database.query(_HOUR_TABLE)}
    if columns != set(HOUR_COLUMNS):  # as an older finops made it
        database.execute("DROP TABLE price_instance")
        database.execute(next(one for one in TABLES.split(";") if "price_instance" in one))
        unbuilt = Unbuilt(database, everything=True)
    before: dict[tuple[Place, date], list[tuple[Any, ...]]] = {}
    for row in database.query(f"SELECT {', '.join(HOUR_COLUMNS)} FROM price_instance ORDER BY ALL"):
        place = (row["provider"], row["region"], row["instance_type"], row["purchase_option"])
        before.setdefault((place, row["valid_from"].replace(day=1)), []).append(tuple(row.values()))
    found = database.query(_METERED.format(rows=unbuilt.rows("meter")))
    metered = {((row["provider"], row["region"], row["instance_type"], row["option"]), row["m"]) for row in found}
    places = sorted(metered if unbuilt.is_all("meter") else metered | before.keys())
    unpriced = {key for key, rows in before.items() if rows[0][HOUR_COLUMNS.index("price")] is None}
    asked = [key for key in places if key not in before or key in unpriced or is_open(key[1])]
    told = inputs.hour_prices(asked) if asked else {}
    after = {key: before[key] for key in places if key in before}
    for place, month in asked:
        prices = told.get((place, month), ())
        rows: list[tuple[Any, ...]] = [(*place, p.first, p.end, p.price, p.currency, p.as_of, p.source) for p in prices]
        after[place, month] = rows or [(*place, month, next_month(month), None, None, None, None)]
    _replace(database, "price_instance", HOUR_COLUMNS, [row for key in places for row in after[key]])
    return any(before[key] != after.get(key) for key in before if key in after)


def _write_exchange(database: Database, inputs: PriceInputs, kept: frozenset[date], unbuilt: Unbuilt) -> bool:
    """The rates by which bills in other currencies than the prices' are held against calls at list price. A day without a rate
    has a row without one, so that a rate that turns up later is seen to change something."""
    before = {tuple(row.values())[:3]: tuple(row.values())[3:] for row in database.query("SELECT * FROM price_exchange")}
    foreign = {tuple(row.values()) for row in database.query(_FOREIGN_DAYS.format(rows=unbuilt.rows("charge")))}
    after = {}
    for key in sorted(foreign if unbuilt.is_all("charge") else foreign | before.keys()):
        is_kept = key in before and key[0].replace(day=1) in kept
        after[key] = before[key] if is_kept else inputs.exchange(*key) or (None, None)
    _replace(database, "price_exchange", EXCHANGE_COLUMNS, [(*key, *rate) for key, rate in after.items()])
    return any(before[key] != after[key] for key in before.keys() & after.keys())


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


_HOUR_TABLE = (
    "SELECT column_name FROM duckdb_columns() WHERE table_name = 'price_instance' AND database_name = current_database()"
)
_METERED = """SELECT DISTINCT coalesce(a.provider, lower(trim(m.provider))) AS provider, m.region, m.instance_type,
    coalesce(m.purchase_option, 'on_demand') AS option, CAST(date_trunc('month', m.hour) AS DATE) AS m
FROM (SELECT * FROM meter WHERE {rows}) m LEFT JOIN provider_alias a ON a.alias = lower(trim(m.provider))
WHERE m.region IS NOT NULL AND m.instance_type IS NOT NULL AND m.provider IS NOT NULL"""
_FOREIGN_DAYS = """SELECT DISTINCT CAST(c."ChargePeriodStart" AS DATE) AS day, c."BillingCurrency" AS billed, p.currency AS priced
FROM (SELECT * FROM charge WHERE {rows}) c JOIN (SELECT DISTINCT currency FROM price_token) p ON p.currency <> c."BillingCurrency"
WHERE c."ChargePeriodStart" IS NOT NULL"""
_CALL_MONTHS = """SELECT DISTINCT month_of(s.day) AS m FROM slice s JOIN batch b ON b.batch_id = s.batch_id
WHERE b.contract = 'call' AND b.superseded_by IS NULL AND s.day IS NOT NULL ORDER BY m"""
_MODELS = """SELECT DISTINCT coalesce(provider, '') AS provider_raw, model AS model_raw FROM call
    WHERE model IS NOT NULL AND {call}
UNION SELECT DISTINCT coalesce("ServiceProviderName", '') AS provider_raw, coalesce("x_Model",
    "SkuPriceDetails"['ModelId'], "SkuPriceDetails"['x_ModelId'], "SkuPriceDetails"['model']) AS model_raw FROM charge
    WHERE model_raw IS NOT NULL AND {charge}
UNION SELECT DISTINCT coalesce(labels['provider'], '') AS provider_raw, labels['model'] AS model_raw FROM sample
    WHERE signal = 'provider_tokens' AND labels['model'] IS NOT NULL AND {sample}"""
"""Of calls, bills, and what a provider itself counted in its reports of usage."""

_NEW_MODELS = """SELECT DISTINCT n.provider_raw, n.model_raw FROM ({models}) n
LEFT JOIN model_alias a ON a.provider_raw = n.provider_raw AND a.model_raw = n.model_raw
WHERE a.model IS NULL ORDER BY n.provider_raw, n.model_raw"""


def _models(unbuilt: Unbuilt | None = None) -> str:
    """SQL for the models as they are called in what is unbuilt, or in everything."""
    return _MODELS.format(**{name: unbuilt.rows(name) if unbuilt else "TRUE" for name in ("call", "charge", "sample")})


def _currencies(database: Database) -> list[dict[str, Any]]:
    return database.query("SELECT DISTINCT currency FROM price_token ORDER BY currency")
