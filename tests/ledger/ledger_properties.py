"""Properties of a whole ledger that others share: margins of the cube, ways to share, rules that go, a round trip."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from finops.core.exchange import converted, ratio
from finops.ledger.converting import in_currency
from finops.ledger.cube import DIMENSIONS, METRICS, CubeQuestion, conversion_residue, cube_rows
from finops.ledger.store import open_reader
from tests.conftest import LONG

Row = Mapping[str, Any]
Rows = Callable[[str], list[dict[str, Any]]]
INVOICE = ("issuer", "invoice", "account", "month")


def every_margin_of_the_cube(ledger: Path, billed: Mapping[tuple[str, ...], Decimal]) -> None:
    """P14: the cube over all dimensions has in every margin what is told by that dimension alone, and in the margin of the
    invoice what was billed."""
    by = tuple(DIMENSIONS)
    with open_reader(ledger) as reader:
        for metric in METRICS if LONG else METRICS[:1]:
            cube = cube_rows(reader, CubeQuestion(by, metric))
            for name in by:
                alone = {(row[name], row["currency"], row["basis"]): row["cost"] for row in _known(reader, (name,), metric)}
                assert summed(cube, (name, "currency", "basis")) == alone, name
            if metric == "billed":
                own = [row for row in cube if row["basis"] == "billed"]
                assert _spent(summed(own, (*INVOICE, "currency"))) == _spent(billed)


def cost_told_in_one_currency(ledger: Path, seed: int) -> None:
    """P17: no sum mixes currencies, each is the same however it is grouped, and is what the days' sums come to but for what
    cutting each amount leaves, which is told."""

    def rate(day: date, base: str) -> Decimal:
        return Decimal(1 + (day.toordinal() * 7919 + len(base) + seed) % 10**6) / 10 ** (seed % 7)

    with open_reader(ledger) as reader:
        days = reader.query(
            "SELECT charge_day AS day, currency, count(*) AS n, sum(billed) AS billed FROM fct_cost GROUP BY ALL ORDER BY ALL"
        )
        used = in_currency(reader, "EUR", lambda day, base: ratio(rate(day, base)), "UTC")
        assert [one.currency for one in used] == sorted({row["currency"] for row in days} - {"EUR"})
        whole = Decimal(0)
        for row in days:
            known = row["billed"] or Decimal(0)
            whole += known if row["currency"] == "EUR" else converted(known, rate(row["day"], row["currency"]))
        told = {
            by: cube_rows(reader, CubeQuestion(by, "billed"))
            for by in ((), ("agent",), ("tenant", "model"), ("day",), ("invoice",))
        }
        assert {row["currency"] for rows in told.values() for row in rows} <= {"EUR"}
        sums = {sum((row["cost"] or Decimal(0) for row in rows), Decimal(0)) for rows in told.values()}
        assert len(sums) == 1
        assert whole - sums.pop() == conversion_residue(reader, CubeQuestion((), "billed"))
        assert abs(conversion_residue(reader, CubeQuestion((), "billed"))) <= sum(row["n"] for row in days) * Decimal("1e-12")
        (day,) = reader.query("SELECT sum(billed) AS billed, list(DISTINCT currency) AS names FROM mart_agent_day")
        (cost,) = reader.query("SELECT sum(billed) AS billed FROM fct_cost")
        assert (day["billed"], set(day["names"] or ()) <= {"EUR"}) == (cost["billed"], True)


def _known(reader: Any, by: tuple[str, ...], metric: str) -> list[dict[str, Any]]:
    return [row for row in cube_rows(reader, CubeQuestion(by, metric)) if row["cost"] is not None]


def summed(rows: Iterable[Row], by: Sequence[str], amount: str = "cost") -> dict[tuple[Any, ...], Decimal]:
    """Amounts that are known, by names."""
    sums: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    for row in rows:
        if row[amount] is not None:
            sums[tuple(row[name] for name in by)] += Decimal(row[amount])
    return dict(sums)


def _spent(sums: Mapping[tuple[Any, ...], Decimal]) -> dict[tuple[Any, ...], Decimal]:
    return {key: amount for key, amount in sums.items() if amount}


def owners(rows: Rows) -> list[dict[str, Any]]:
    """Billed cost by what placed it and on whom."""
    return rows(
        "SELECT strftime(charge_day, '%Y-%m') AS period, rule, method, currency, issuer, invoice, account, tenant, agent,"
        " sum(billed) AS cost FROM fct_cost WHERE basis = 'billed' GROUP BY ALL"
    )


def other_options_move_no_total(before: Sequence[Row], after: Sequence[Row]) -> None:
    """P11: another way to share moves nothing between invoices, currencies, months or rules, and nobody's own cost."""
    for by in (("issuer", "invoice", "account", "currency"), ("period", "rule", "currency")):
        assert _spent(summed(before, by)) == _spent(summed(after, by))
    own = [[row for row in rows if row["rule"] != "shared"] for rows in (before, after)]
    by = ("period", "rule", "method", "currency", "tenant", "agent")
    assert _spent(summed(own[0], by)) == _spent(summed(own[1], by))


def cost_shared_on(source: str, before: Sequence[Row], after: Sequence[Row]) -> None:
    """What an owner hands on stays under its rule, invoice and currency, and none of it stays with the owner in a month in which
    somebody else has cost of their own."""
    for by in (("issuer", "invoice", "account", "currency"), ("period", "rule", "currency")):
        assert _spent(summed(before, by)) == _spent(summed(after, by))
    kept, had = (summed([row for row in rows if row["tenant"] == source], ("period", "currency")) for rows in (after, before))
    assert all(amount in (0, had.get(key)) for key, amount in kept.items())


def a_rule_gone_moves_only_between_named_places(
    gone: str, told: Sequence[Row], before: Sequence[Row], after: Sequence[Row]
) -> None:
    """What a rule's `taken from` rows name is where its charges are without it; everything else stays under its rule."""
    by = ("period", "rule", "currency")
    expected = summed(before, by)
    for key in [key for key in expected if key[1] == gone]:
        del expected[key]
    for row in told:
        if (row["rule"], row["finding"]) == (gone, "taken from"):
            key = (row["period"], row["other"], row["currency"])
            expected[key] = expected.get(key, Decimal(0)) + Decimal(row["billed"])
    assert _spent(summed(after, by)) == _spent(expected)


def tokens_at_their_price(rows: Rows) -> None:
    """P9 and P15: what calls cost at list price is tokens x price to the last digit, and what a cache gave cost no more than it
    would have cost afresh."""
    used = rows(
        """
        SELECT u.model, u.token_class, u.tokens, u.list_cost, p.price, f.price AS fresh
        FROM fct_usage u
        JOIN price_month m ON m.call_month = CAST(date_trunc('month', u.call_day) AS DATE)
        JOIN price_token p ON p.batch = m.batch AND p.model = u.model AND p.provider = u.provider
            AND p.token_class = u.token_class AND p.service_tier = 'standard' AND p.variant = '' AND p.min_input_tokens = 0
            AND coalesce(p.valid_from, TIMESTAMP '0001-01-01') <= u.call_day
            AND u.call_day < coalesce(p.valid_to, TIMESTAMP '9999-01-01')
        LEFT JOIN price_token f ON f.batch = p.batch AND f.model = p.model AND f.provider = p.provider
            AND f.token_class = 'input_uncached' AND f.service_tier = p.service_tier AND f.variant = p.variant
            AND f.min_input_tokens = 0 AND f.valid_from IS NOT DISTINCT FROM p.valid_from
        WHERE u.token_class IS NOT NULL AND u.list_cost IS NOT NULL
        """
    )
    for row in used:
        listed, tokens = Decimal(row["list_cost"]), Decimal(row["tokens"])
        assert listed == tokens * Decimal(row["price"])
        if row["token_class"] == "cache_read" and row["fresh"] is not None:
            assert listed <= tokens * Decimal(row["fresh"])


def sides_of_every_rule_add_up(told: Sequence[Row]) -> None:
    """What each rule matched is what it took from others, and what it placed on owners."""
    by = ("period", "rule", "currency")
    matched = _spent(summed([row for row in told if row["finding"] == "matched"], by, "billed"))
    placed = _spent(summed([row for row in told if row["finding"] == "placed on"], by, "billed"))
    assert matched == placed
    taken = summed([row for row in told if row["finding"] == "taken from"], by, "billed")
    assert all(amount == matched.get(key, 0) for key, amount in taken.items())


def written_as_focus(rows: Rows, path: Path) -> None:
    """P19: the charges as a FOCUS file, as `query` gives them."""
    found = [
        {name: value for name, value in row.items() if name not in ("batch_id", "part_row")}
        for row in rows("SELECT * FROM charge")
    ]
    names = [name for name in found[0] if any(row[name] is not None for row in found)]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, extrasaction="ignore")
        writer.writeheader()
        for row in found:
            writer.writerow({name: _cell(value) for name, value in row.items()})


def _cell(value: Any) -> Any:
    import json

    return json.dumps(value) if isinstance(value, dict | list) else value
