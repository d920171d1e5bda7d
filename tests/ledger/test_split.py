"""The split in SQL is the split of core.money: P1-P3 and P10-P14 of exact allocation, a thousand cases each, more if long; and
P17, the conversion in SQL is that of core.exchange."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finops.core.exchange import converted, ratio
from finops.core.money import amount_of, fitted_weights, split, split_rows, units_of
from finops.ledger.engine.macros import define_macros
from tests.conftest import LONG
from tests.ledger.tables import Tables

BATCH = 25
"""Cases per SQL statement; 45 examples of a batch are more than a thousand cases, the 90 of long runs more than two thousand."""

DATABASE = Tables()
define_macros(DATABASE)

PROPERTY = settings(max_examples=90 if LONG else 45, deadline=None, suppress_health_check=list(HealthCheck))


@dataclass(frozen=True)
class Case:
    amount: int
    weights: dict[str, int]


def cases(amounts: st.SearchStrategy[int] | None = None) -> st.SearchStrategy[list[Case]]:
    """Batches of amounts of any size and sign, with weights of which some are zero and some huge."""
    keys = st.text("abAB_é", min_size=1, max_size=3)
    weight = st.one_of(st.integers(0, 3), st.integers(0, 10**17))
    weights = st.dictionaries(keys, weight, min_size=1, max_size=6).filter(lambda w: 0 < sum(w.values()) < 10**18)
    amount = amounts if amounts is not None else st.one_of(st.integers(-20, 20), st.integers(-(10**38) + 1, 10**38 - 1))
    return st.lists(st.builds(Case, amount, weights), min_size=BATCH, max_size=BATCH)


def sql_splits(batch: Sequence[Case], order: random.Random | None = None) -> list[dict[str, int]]:
    """Each case's shares as SQL makes them, in units, from rows in any order."""
    rows = [(n, str(amount_of(case.amount)), key, weight) for n, case in enumerate(batch) for key, weight in case.weights.items()]
    if order is not None:
        order.shuffle(rows)
    found = asked(
        """WITH target AS (SELECT unnest($1::INTEGER[]) AS n, unnest($2::VARCHAR[])::DECIMAL(38, 12) AS amount,
            unnest($3::VARCHAR[]) AS key, unnest($4::BIGINT[]) AS weight),
        ordered AS (SELECT n, amount, key, weight,
            sum(weight) OVER (PARTITION BY n ORDER BY key ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS upto,
            sum(weight) OVER (PARTITION BY n) AS total FROM target),
        divided AS (SELECT *, money_units(amount) // total::HUGEINT AS whole, money_units(amount) % total::HUGEINT AS rest
            FROM ordered)
        SELECT n, key, split_share(amount, upto, weight, total) AS share,
            money_of(split_piece(whole, rest, upto::HUGEINT, weight::HUGEINT, total::HUGEINT)) AS same
        FROM divided ORDER BY n, key""",
        rows,
    )
    shares: list[dict[str, int]] = [{} for _ in batch]
    for n, key, share, same in found:
        assert share == same
        shares[n][key] = units_of(share)
    return shares


def asked(sql: str, *tables: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The answer on the columns of the tables, given as lists: a statement of that many literals takes long to read."""
    return DATABASE.connection.execute(sql, [list(column) for rows in tables for column in zip(*rows, strict=True)]).fetchall()


@PROPERTY
@given(cases())
def test_p1_conservation(batch: list[Case]) -> None:
    shares = sql_splits(batch)
    assert [sum(s.values()) for s in shares] == [case.amount for case in batch]
    assert shares == [split(case.amount, case.weights) for case in batch]


@PROPERTY
@given(cases(st.integers(-(10**30), 10**30)), st.lists(st.integers(-(10**30), 10**30), min_size=1, max_size=5))
def test_p2_every_row_keeps_its_amount(batch: list[Case], more: list[int]) -> None:
    rows = [[case.amount, *more] for case in batch]
    for parts, amounts, case in zip(sql_rows(rows, batch), rows, batch, strict=True):
        assert [sum(part.values()) for part in parts] == amounts
        assert parts == split_rows(amounts, case.weights)
    wholes = [Case(case.amount + sum(more), case.weights) for case in batch]
    for whole, shares in zip(wholes, sql_splits(wholes), strict=True):
        parts = split_rows([whole.amount - sum(more), *more], whole.weights)
        assert shares == {key: sum(part[key] for part in parts) for key in whole.weights}


def sql_rows(rows: Sequence[Sequence[int]], batch: Sequence[Case]) -> list[list[dict[str, int]]]:
    """The two-way rule as `explain --trace` uses it, for each case's rows over its weights."""
    lines = [(n, i, str(amount)) for n, row in enumerate(rows) for i, amount in enumerate(row)]
    targets = [(n, key, weight) for n, case in enumerate(batch) for key, weight in case.weights.items()]
    found = asked(
        """WITH line AS (SELECT unnest($1::INTEGER[]) AS n, unnest($2::INTEGER[]) AS i, unnest($3::VARCHAR[])::HUGEINT AS units),
        target AS (SELECT unnest($4::INTEGER[]) AS n, unnest($5::VARCHAR[]) AS key, unnest($6::BIGINT[]) AS weight),
        summed AS (SELECT n, i, units, sum(units) OVER (PARTITION BY n ORDER BY i) AS upto FROM line),
        ordered AS (SELECT n, key, weight, sum(weight) OVER (PARTITION BY n ORDER BY key) AS w_upto,
            sum(weight) OVER (PARTITION BY n) AS total FROM target)
        SELECT s.n, i, key, split_units(upto, w_upto, weight, total) - split_units(upto - units, w_upto, weight, total) AS share
        FROM summed s JOIN ordered o ON o.n = s.n ORDER BY s.n, i, key""",
        lines,
        targets,
    )
    parts: list[list[dict[str, int]]] = [[{} for _ in row] for row in rows]
    for n, i, key, share in found:
        parts[n][i][key] = int(share)
    return parts


def quotients() -> st.SearchStrategy[tuple[int, int]]:
    """Dividends and divisors, with those that come out whole, or one off it, among them."""
    parts = st.integers(1, 10**18 - 1).flatmap(
        lambda d: st.tuples(st.just(d), st.integers(0, d - 1), st.sampled_from((0, 1, d // 2, d - 1)), st.sampled_from((-1, 1)))
    )
    return parts.map(lambda p: (p[3] * (p[0] * p[1] + p[2] % p[0]), p[0]))


@PROPERTY
@given(st.lists(quotients(), min_size=BATCH, max_size=BATCH))
def test_quotients_are_exact(batch: list[tuple[int, int]]) -> None:
    rows = [(number, str(n), d) for number, (n, d) in enumerate(batch)]
    found = asked(
        """WITH pair AS (
            SELECT unnest($1::INTEGER[]) AS number, unnest($2::VARCHAR[])::HUGEINT AS n, unnest($3::BIGINT[])::HUGEINT AS d
        )
        SELECT quotient(n, d) FROM pair ORDER BY number""",
        rows,
    )
    assert [int(quotient) for (quotient,) in found] == [abs(n) // d * (-1 if n < 0 else 1) for n, d in batch]


@PROPERTY
@given(cases(), st.randoms(use_true_random=False))
def test_p3_order_does_not_matter(batch: list[Case], order: random.Random) -> None:
    assert sql_splits(batch) == sql_splits(batch, order)


@PROPERTY
@given(cases())
def test_p10_rules_that_change_nothing(batch: list[Case]) -> None:
    nothing = sql_splits([Case(0, case.weights) for case in batch])
    assert all(set(shares.values()) == {0} for shares in nothing)
    alone = sql_splits([Case(case.amount, {"only": max(case.weights.values())}) for case in batch])
    assert alone == [{"only": case.amount} for case in batch]
    before = sql_splits(batch)
    joined = sql_splits([Case(case.amount, {**case.weights, "newcomer": 0}) for case in batch])
    assert joined == [{**shares, "newcomer": 0} for shares in before]


@PROPERTY
@given(cases())
def test_p11_sharing_options_keep_totals(batch: list[Case]) -> None:
    """Idle kept apart, or shared in a second round over the same owners: the total is the same."""
    with_idle = [Case(case.amount, {**case.weights, "__idle__": 7}) for case in batch]
    first = sql_splits(with_idle)
    again = sql_splits([Case(shares["__idle__"], case.weights) for shares, case in zip(first, batch, strict=True)])
    for case, apart, shared in zip(batch, first, again, strict=True):
        combined = {key: apart[key] + shared[key] for key in case.weights}
        assert sum(combined.values()) == sum(apart.values()) == case.amount


@PROPERTY
@given(cases(), st.integers(2, 9))
def test_p12_bounded_fair_and_scale_free(batch: list[Case], factor: int) -> None:
    for case, shares in zip(batch, sql_splits(batch), strict=True):
        total = sum(case.weights.values())
        for key, share in shares.items():
            assert abs(share) <= abs(case.amount)
            assert share * case.amount >= 0
            assert abs(share - Fraction(case.amount * case.weights[key], total)) < 1
            assert all(abs(share - shares[k]) <= 1 for k in shares if case.weights[k] == case.weights[key])
    small = [Case(case.amount, {k: w % 10**16 + 1 for k, w in case.weights.items()}) for case in batch]
    scaled = [Case(case.amount, {k: w * factor for k, w in case.weights.items()}) for case in small]
    assert sql_splits(small) == sql_splits(scaled)


@PROPERTY
@given(cases(st.integers(0, 10**37)), st.integers(0, 10**37))
def test_p13_a_credit_mirrors_its_charge(batch: list[Case], credit: int) -> None:
    gross = sql_splits(batch)
    back = sql_splits([Case(-case.amount, case.weights) for case in batch])
    assert back == [{key: -share for key, share in shares.items()} for shares in gross]
    credits = sql_splits([Case(-credit, case.weights) for case in batch])
    for case, plus, minus in zip(batch, gross, credits, strict=True):
        assert all(share <= 0 for share in minus.values())
        assert sum(plus.values()) + sum(minus.values()) == case.amount - credit


@PROPERTY
@given(cases(st.integers(-(10**36), 10**36)))
def test_p14_any_grouping_adds_up(batch: list[Case]) -> None:
    groups: dict[str, int] = defaultdict(int)
    for shares in sql_splits(batch):
        for key, share in shares.items():
            groups[key[0]] += share
    assert sum(groups.values()) == sum(case.amount for case in batch)


@PROPERTY
@given(cases(), st.integers(1, 10**19))
def test_weights_are_fitted_alike(batch: list[Case], factor: int) -> None:
    for case in batch[:3]:
        drivers = {key: weight * factor for key, weight in case.weights.items()}
        step = DATABASE.query(f"SELECT weight_step(CAST('{sum(drivers.values())}' AS HUGEINT)) AS step")[0]["step"]
        assert {key: drivers[key] // int(step) for key in sorted(drivers)} == fitted_weights(drivers)


def test_money_keeps_every_digit() -> None:
    for text in ("99999999999999999999999999.999999999999", "-99999999999999999999999999.999999999999", "-0.000000000001"):
        row = DATABASE.query(f"SELECT money_of(money_units(CAST('{text}' AS DECIMAL(38, 12)))) AS amount")[0]
        assert row["amount"] == Decimal(text)


@settings(PROPERTY, max_examples=45)
@given(
    st.lists(
        st.tuples(
            *(st.one_of(st.integers(-1000, 1000), st.integers(-(10**30), 10**30)),) * 2,
            st.decimals("0.000001", "100000", places=6) | st.decimals("1e-9", "1e5", places=15),
        ),
        min_size=2 * BATCH,
        max_size=2 * BATCH,
    )
)
def test_p17_the_conversion_of_a_sum_is_that_of_its_parts_to_one_unit(batch: list[tuple[int, int, Decimal]]) -> None:
    """Two amounts and their sum at a rate, 2,250 times: SQL as in Python, parts within a unit of the whole, signs mirrored."""
    rows = []
    for first, second, rate in batch:
        weight, total = ratio(rate)
        assert 0 < weight < 10**18
        assert total <= 10**17
        assert abs(Fraction(weight, total) - Fraction(rate)) <= Fraction(1, 10**17) * max(1, Fraction(rate))
        rows += [(first, weight, total), (second, weight, total), (first + second, weight, total)]
    values = ", ".join(
        f"({n}, {amount}::HUGEINT, {weight}::HUGEINT, {total}::HUGEINT)" for n, (amount, weight, total) in enumerate(rows)
    )
    found = DATABASE.query(
        f"WITH t(n, units, weight, total) AS (VALUES {values})"
        " SELECT CAST(money_muldiv(units, weight, total) AS VARCHAR) AS made FROM t ORDER BY n"
    )
    made = [int(row["made"]) for row in found]
    for number, (first, _, rate) in enumerate(batch):
        one, two, both = made[3 * number : 3 * number + 3]
        assert amount_of(one) == converted(amount_of(first), rate)
        assert converted(amount_of(-first), rate) == amount_of(one).copy_negate()
        assert abs(both - one - two) <= 1
