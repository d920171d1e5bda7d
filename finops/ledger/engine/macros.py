"""The SQL macros that models use; the split is `core.money` in integers of 128 bits."""

from __future__ import annotations

from finops.core.attribution import OWNER_PATTERNS
from finops.ledger.engine.charge_macros import CHARGE_MACROS
from finops.ledger.engine.database import Database, quoted

MACROS = (
    # DECIMAL(38,12) to units of 1e-12 and back, without a product that could overflow.
    """CREATE OR REPLACE TEMP MACRO money_units(amount) AS
    CAST(trunc(amount) AS HUGEINT) * 1000000000000 + CAST((amount - trunc(amount)) * 1000000000000 AS HUGEINT)""",
    """CREATE OR REPLACE TEMP MACRO money_of(units) AS
    CAST(CAST(units AS DECIMAL(38, 0)) * 0.000000000001 AS DECIMAL(38, 12))""",
    # core.money.muldiv: towards zero, in steps that stay within 128 bits. // truncates towards zero.
    """CREATE OR REPLACE TEMP MACRO money_muldiv(units, weight, weight_total) AS
    CAST(CASE WHEN units < 0 THEN -1 ELSE 1 END AS HUGEINT)
    * ((abs(units) // weight_total) * weight + ((abs(units) % weight_total) * weight) // weight_total)""",
    # n // d, exactly, for |n| < d * d and d below 10^18: the engine divides integers of 128 bits bit by bit, which costs more
    # than all else of a split. A guess in floating point is less than 1,000 off; what it leaves is guessed again and is then
    # less than d; the last step is taken in integers. No digit of the answer depends on how a guess was rounded.
    """CREATE OR REPLACE TEMP MACRO guessed_quotient(n, d) AS CAST(round(CAST(n AS DOUBLE) / CAST(d AS DOUBLE)) AS HUGEINT)""",
    "CREATE OR REPLACE TEMP MACRO closer_quotient(n, guess, d) AS guess + guessed_quotient(n - guess * d, d)",
    """CREATE OR REPLACE TEMP MACRO settled_quotient(n, close, d) AS
    close + CASE WHEN n >= 0 AND n - close * d < 0 THEN -1 WHEN n < 0 AND n - close * d > 0 THEN 1 ELSE 0 END""",
    """CREATE OR REPLACE TEMP MACRO quotient(n, d) AS
    settled_quotient(n, closer_quotient(n, guessed_quotient(n, d), d), d)""",
    # core.money.split: the share of the target whose cumulative weight reaches `upto` and whose own weight is `weight`, of an
    # amount that is divided by all weights already. % has the sign of the amount, and // truncates, so that signs need no care.
    """CREATE OR REPLACE TEMP MACRO split_piece(whole, rest, upto, weight, weight_total) AS
    whole * weight + quotient(rest * upto, weight_total) - quotient(rest * (upto - weight), weight_total)""",
    # The same of an amount that is not divided yet. `quotient` would repeat what the rest is made of: it is for columns.
    """CREATE OR REPLACE TEMP MACRO split_rest(rest, upto, weight, weight_total) AS
    (rest * upto) // weight_total - (rest * (upto - weight)) // weight_total""",
    """CREATE OR REPLACE TEMP MACRO split_units(units, upto, weight, weight_total) AS
    units // CAST(weight_total AS HUGEINT) * CAST(weight AS HUGEINT)
    + split_rest(
        units % CAST(weight_total AS HUGEINT), CAST(upto AS HUGEINT), CAST(weight AS HUGEINT), CAST(weight_total AS HUGEINT)
    )""",
    """CREATE OR REPLACE TEMP MACRO split_share(amount, upto, weight, weight_total) AS
    money_of(split_units(money_units(amount), upto, weight, weight_total))""",
    # core.money.fitted_weights: how many last digits to drop so that weights stay below 10^18.
    """CREATE OR REPLACE TEMP MACRO weight_step(units_total) AS
    CAST(rpad('1', CAST(1 + greatest(0, length(CAST(units_total AS VARCHAR)) - 18) AS INTEGER), '0') AS HUGEINT)""",
    # An owner's name as given. Names that begin with a double underscore are kept for what has no owner: one that is given gets
    # `name:` before it, so that no two names become one.
    """CREATE OR REPLACE TEMP MACRO owner_name(given) AS
    nullif(CASE WHEN starts_with(trim(given), '__') THEN 'name:' || trim(given) ELSE trim(given) END, '')""",
    # Whether an instance type of AWS, Azure or Google Cloud carries accelerators, by the families that do; null is no.
    r"""CREATE OR REPLACE TEMP MACRO has_gpu(instance_type) AS
    coalesce(regexp_matches(
        lower(instance_type),
        '^(ml\.)?(p[2-9]|g[3-9]|gr[0-9]|trn|inf|dl)[a-z0-9]*[.-]|^standard_n[cdvg]|^(a[2-9]|g[2-9])-|^ct[0-9]|^tpu'
    ), FALSE)""",
    # Whether an attribute or tag of that name may say the tenant, agent or workflow.
    f"""CREATE OR REPLACE TEMP MACRO names_owner(dimension, name) AS CASE dimension
    {" ".join(f"WHEN {quoted(d)} THEN regexp_matches(lower(name), {quoted(p)})" for d, p in OWNER_PATTERNS.items())} END""",
    # One part of a key: null and every text apart, and no text can reach over into the next part.
    """CREATE OR REPLACE TEMP MACRO key_part(v) AS
    CASE WHEN v IS NULL THEN '-' ELSE '=' || replace(CAST(v AS VARCHAR), '|', '||') END""",
    """CREATE OR REPLACE TEMP MACRO month_of(moment) AS CAST(date_trunc('month', moment) AS DATE)""",
    # A billing period starts at midnight of the issuer's own zone: the nearest midnight decides its month.
    """CREATE OR REPLACE TEMP MACRO billing_month_of(period_start) AS month_of(period_start + INTERVAL 12 HOUR)""",
    *CHARGE_MACROS,
)


def define_macros(database: Database, zone: str = "UTC") -> None:
    """Makes the macros known to this connection. Business days are those of the zone."""
    moment = "moment" if zone == "UTC" else f"timezone({quoted(zone)}, timezone('UTC', moment))"
    database.execute(f"CREATE OR REPLACE TEMP MACRO business_day(moment) AS CAST({moment} AS DATE)")
    for macro in MACROS:
        database.execute(macro)
