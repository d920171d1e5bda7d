"""What every rule matched and did not, how it ended, and the cost that it moved: from where, and on whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from finops.config import Settings
from finops.core.numbers import count, money_table
from finops.core.periods import Period, month_text
from finops.core.result import Column, Result
from finops.core.rule_checks import driver_of, without_effect
from finops.core.settings import Rule
from finops.errors import DataError, UsageError
from finops.ledger.engine.build import built_by, fingerprint_of
from finops.ledger.engine.matching import values_of
from finops.ledger.rule_reach import Reach, placed_without, rule_reach
from finops.ledger.store import Reader
from finops.steps.build import allocation_of

Row = dict[str, Any]
COLUMNS = (
    *(Column("period", "Month"), Column("rule", "Rule"), Column("line", "Line", "count", wide_only=True)),
    *(Column("finding", "Finding"), Column("what", "Which"), Column("method", "Method", wide_only=True)),
    *(Column("driver", "Driver", wide_only=True), Column("joined_by", "Joined by", wide_only=True)),
    *(Column("window_used", "Window", wide_only=True), Column("verdict", "Verdict", wide_only=True)),
    *(Column("other", "Other rule", wide_only=True), Column("tenant", "Tenant", wide_only=True)),
    *(Column("agent", "Agent", wide_only=True), Column("groups", "Groups", "count", wide_only=True)),
    *(Column("currency", "Currency", wide_only=True), Column("charges", "Charges", "count")),
    *(Column("billed", "Billed", "money", "billed_cost"), Column("driver_total", "Driven by", "number")),
    Column("reference_total", "Of", "number"),
)
FINDINGS = {
    "matched": "what the rule has",
    "taken from": "what would have it without the rule",
    "placed on": "whom the rule gave it to",
    "passed over": "charges that the rule fits and something that goes before it has",
    "not charged": "what was measured and no rule has a charge for",
}
"""In the order in which a rule's rows stand."""
VERDICTS = {
    "no_driver": "no driver was measured, so the cost is unexplained",
    "scaled_down": "calls at list price exceed the bill beyond the tolerance and were scaled down to it",
    "over_capacity": "meters exceed the capacity that was paid for; check the meters' capacity",
    "capacity_unknown": "no capacity is known, so nothing can be idle",
    "unexplained_rest": "the bill exceeds the priced calls beyond the tolerance; the rest is unexplained",
    "not_comparable": "`[currency] rates` has no rate between bill and prices on the day; calls share by list price alone",
}
NO_CHARGE, LEFT = "no-charge", "__left__"
_EMPTY = dict.fromkeys(column.key for column in COLUMNS)


def rule_answer(reader: Reader, settings: Settings, period: Period | None, meta: Row, *, strict: bool = False) -> Result:
    """Per month and rule: `matched` rows add up to the bill; `taken from` and `placed on` rows of a rule each add up to what it
    matched; `passed over` and `not charged` rows stand beside it and are in no total. With `strict` the first rule that matches
    nothing, places nothing, says something without effect or overlaps another is a UsageError with its line."""
    allocation = allocation_of(settings)
    if built_by(reader) != fingerprint_of(allocation):
        raise DataError("the configuration has changed since the last build", where=str(settings.ledger), hint="`finops build`")
    reach = rule_reach(reader, allocation, period.first if period else None, settings.currency)
    month = month_text(period.first) if period else None
    lines = {(month, name): rule.line for month, rules in reach.rules.items() for name, rule in rules}
    rows = [*_matched(reader, month, settings.currency), *_moved(reach)]
    rows += [
        *_reshared(reader, reach, month, settings.currency),
        *_placed(reader, month, settings.currency),
        *_unbilled(reach),
        *_nothing(reach),
    ]
    order = list(FINDINGS)
    for row in rows:
        row["line"] = lines.get((row["period"], row["rule"])) or None
    rows.sort(key=lambda row: (row["period"], row["rule"], row["currency"] or "", order.index(row["finding"]), -_size(row)))
    notes = [f"{verdict}: {VERDICTS[verdict]}" for verdict in sorted({row["verdict"] for row in rows} & VERDICTS.keys())]
    doubts = [
        *_empty_notes(reach, settings),
        *_driven_by_nothing(rows, settings),
        *_overlap_notes(reach, settings),
        *_unread_notes(settings),
    ]
    if strict and doubts:
        raise UsageError(doubts[0], where=str(settings.config), hint=_more(doubts[1:]))
    notes += [*doubts, *_apart_notes(reader, reach, month, settings), *_later_notes(reader, month, settings)]
    return Result(COLUMNS, rows, _totals(rows), {**meta, "findings": FINDINGS}, notes)


def _more(doubts: Sequence[str]) -> str:
    if not doubts:
        return "`finops reconcile --rules` has what each rule matched"
    return f"{len(doubts):,} more, told by `finops reconcile --rules`; next: {doubts[0]}"


def _size(row: Row) -> Decimal:
    billed: Decimal | None = row["billed"]
    return abs(billed or Decimal(0))


def _matched(reader: Reader, month: str | None, currency: str | None) -> Iterable[Row]:
    """What each rule has, and how that ended."""
    for found in reader.read("reconcile_rules", month=month, currency=currency):
        said = [found["driver"], found["window_used"] and f"by {found['window_used']}", found["verdict"]]
        what = ", ".join(part for part in said if part) or found["method"]
        yield {**_EMPTY, **found, "finding": "matched", "what": what}


def _moved(reach: Reach) -> Iterable[Row]:
    """Where each rule has its charges from, and where charges that it fits went instead."""
    sums: dict[tuple[str, str, str, str, str], list[Any]] = defaultdict(lambda: [0, Decimal(0)])
    for one in reach.fitting:
        for name, _ in one.rules:
            finding = "taken from" if name == one.placed_by else "passed over"
            other = placed_without(one, name) if name == one.placed_by else one.placed_by
            own = sums[one.period, name, finding, other, one.currency]
            own[0] += one.charges
            own[1] += one.billed
    for (period, name, finding, other, currency), (charges, billed) in sorted(sums.items()):
        what = f"for {other}" if finding == "passed over" else other
        yield {
            **_EMPTY,
            **{"period": period, "rule": name, "finding": finding, "what": what, "other": other},
            **{"currency": currency, "charges": charges, "billed": billed},
        }


def _placed(reader: Reader, month: str | None, currency: str | None) -> Iterable[Row]:
    for found in reader.read("rule_owners", month=month, currency=currency):
        owner = [name for name in (found["tenant"], found["agent"]) if not str(name).startswith("__")]
        yield {**_EMPTY, **found, "finding": "placed on", "what": " / ".join(owner) or found["tenant"]}


def _reshared(reader: Reader, reach: Reach, month: str | None, currency: str | None) -> Iterable[Row]:
    """What rules with `of` took from an owner and put on others; of several such rules of a month, together."""
    for found in reader.read("rule_reshared", month=month, currency=currency):
        names = [name for name, rule in reach.rules.get(found["period"], ()) if rule.of]
        amount = found.pop("billed")
        owner = [name for name in (found["tenant"], found["agent"]) if not str(name).startswith("__")]
        row = {**_EMPTY, **found, "rule": ", ".join(names), "what": " / ".join(owner) or found["tenant"], "method": "shared"}
        yield {**row, "finding": "taken from" if amount < 0 else "placed on", "billed": abs(amount)}


def _unbilled(reach: Reach) -> Iterable[Row]:
    for one in reach.unbilled:
        yield {
            **_EMPTY,
            **{"period": one.period, "rule": NO_CHARGE, "finding": "not charged", "what": f"{one.what}, {one.driver}"},
            **{"driver": one.driver, "currency": one.currency, "driver_total": one.quantity},
        }


def _nothing(reach: Reach) -> Iterable[Row]:
    """Rules that no charge of a month fits."""
    for period, rules in sorted(reach.rules.items()):
        fitted = {name for one in reach.fitting if one.period == period for name, _ in one.rules}
        for name, rule in rules:
            if name not in fitted and not rule.of and _in_force(rule, period):
                yield {
                    **_EMPTY,
                    **{"period": period, "rule": name, "finding": "matched", "what": "no charge", "method": rule.method},
                    "charges": 0,
                }


def _in_force(rule: Rule, period: str) -> bool:
    begun = rule.from_ is None or month_text(rule.from_) <= period
    return begun and (rule.to is None or f"{rule.to:%Y-%m-%d}" > f"{period}-01")


def _empty_notes(reach: Reach, settings: Settings) -> list[str]:
    """Rules that place nothing in the whole time that is looked at."""
    fitted: dict[str, int] = defaultdict(int)
    placed = {one.placed_by for one in reach.fitting}
    by: dict[str, set[str]] = defaultdict(set)
    for one in reach.fitting:
        for name, _ in one.rules:
            fitted[name] += one.charges
            by[name].add(one.placed_by)
    notes = []
    for name, rule in {name: rule for rules in reach.rules.values() for name, rule in rules}.items():
        if rule.of:
            continue
        if name not in fitted:
            starred = [key for key, value in rule.match.items() if any("*" in str(one) for one in values_of(value))]
            why = f": what `{starred[0]}` says is compared letter by letter, `*` too" if starred else ""
            notes.append(f"rule `{name}` ({_at(rule, settings)}) matches no charge{why}")
        elif name not in placed:
            others = ", ".join(f"`{other}`" for other in sorted(by[name]))
            fits = f"the {count(fitted[name])} charges that it fits are placed by {others}"
            notes.append(f"rule `{name}` ({_at(rule, settings)}) places nothing: {fits}")
    return notes


def _driven_by_nothing(rows: Sequence[Row], settings: Settings) -> list[str]:
    """Rules whose driver was never measured, and shared ones whose cost nobody took."""
    rules = {rule.id: rule for rule in settings.rules}
    notes = []
    for name, rule in rules.items():
        matched = [row for row in rows if row["rule"] == name and row["finding"] == "matched" and row["charges"]]
        if rule.method == "metered" and matched and all(row["verdict"] == "no_driver" for row in matched):
            notes.append(f"rule `{name}` ({_at(rule, settings)}) is driven by `{driver_of(rule)}`, which nothing measured")
        takers = {row["tenant"] for row in rows if row["rule"] == name and row["finding"] == "placed on"}
        if rule.method == "shared" and rule.split in ("proportional", "even") and not rule.of and takers == {LEFT}:
            of = " of its `targets`" if rule.targets else ""
            notes.append(
                f"rule `{name}` ({_at(rule, settings)}) shares with nobody: none{of} has cost of its own in the currency"
            )
    return notes


def _apart_notes(reader: Reader, reach: Reach, month: str | None, settings: Settings) -> list[str]:
    """Rules that share by cost of one's own, and whose cost in another currency took no part."""
    rules = {(period, name): rule for period, rules in reach.rules.items() for name, rule in rules}
    notes = []
    for row in reader.read("rule_apart", month=month, currency=settings.currency):
        rule = rules.get((row["period"], row["rule"]))
        if rule is not None and (rule.method, rule.split) == ("shared", "proportional"):
            days = "a day of it has" if row["days"] == 1 else f"{count(row['days'])} days of it have"
            notes.append(
                f"rule `{row['rule']}` ({_at(rule, settings)}) shares {row['currency']} of {row['period']} without what owners "
                f"have in {row['other']}: {days} no rate in `[currency] rates`"
            )
    return notes


def _later_notes(reader: Reader, month: str | None, settings: Settings) -> list[str]:
    """Charges whose month here is another than the one that `reconcile` counts them in."""
    (found,) = reader.read("rule_other_months", month=month, currency=settings.currency)
    if not found["charges"]:
        return []
    are = "1 charge is" if found["charges"] == 1 else f"{count(found['charges'])} charges are"
    return [f"rules go by the month of use: {are} on the bill of another month, where `finops reconcile` counts them"]


def _overlap_notes(reach: Reach, settings: Settings) -> list[str]:
    """Pairs of rules that fit the same charges: which of them is first, and how much that decides."""
    rules: dict[str, Rule] = {}
    both: dict[tuple[str, str, str], list[Any]] = defaultdict(lambda: [0, Decimal(0)])
    for one in reach.fitting:
        rules |= dict(one.rules)
        names = [name for name, _ in one.rules]
        for later in names[1:]:
            own = both[names[0], later, one.currency]
            own[0] += one.charges
            own[1] += one.billed
    return [
        f"rules `{first}` ({_at(rules[first], settings)}) and `{later}` ({_at(rules[later], settings)}) both fit "
        f"{count(charges)} charges of {money_table(billed, currency)}: the first in the file has them"
        for (first, later, currency), (charges, billed) in sorted(both.items())
    ]


def _unread_notes(settings: Settings) -> list[str]:
    notes = []
    for rule in settings.rules:
        if unread := without_effect(rule):
            keys = ", ".join(f"`{key}`" for key in unread)
            split = f" with split `{rule.split}`" if rule.method == "shared" else ""
            hint = '; `method = "metered"` shares by a driver' if "driver" in unread else ""
            notes.append(f"rule `{rule.id}` ({_at(rule, settings)}): {keys} say nothing in a {rule.method} rule{split}{hint}")
    return notes


def _at(rule: Rule, settings: Settings) -> str:
    name = settings.config.name if settings.config else "finops.toml"
    return f"{name}:{rule.line}" if rule.line else name


def _totals(rows: Sequence[Mapping[str, Any]]) -> list[Row]:
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        if row["finding"] == "matched" and row["currency"]:
            totals[row["currency"]] += row["billed"] or 0
    return [{"currency": currency, "billed": amount} for currency, amount in sorted(totals.items())]
