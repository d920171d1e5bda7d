"""Signs that need no statistics: which days show one, what a stretch is, and whom it names."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from finops.core.detecting.signatures import signs

DAY = date(2026, 10, 12)


def needless(cause: str, day: int, calls: int, cost: str | None = "0.05", tenant: str = "acme") -> dict[str, Any]:
    owner = {"agent": "writer", "tenant": tenant, "currency": "USD" if cost else None}
    return {"cause": cause, "day": DAY + timedelta(days=day), "calls": calls, "cost": cost and Decimal(cost) * calls, **owner}


def counted(day: int, calls: int, failed: int = 0, tenant: str = "acme") -> dict[str, Any]:
    own = {"agent": "writer", "tenant": tenant, "day": DAY + timedelta(days=day)}
    return {**own, "model_calls": calls, "with_status": calls, "failed": failed}


def test_a_loop_is_a_stretch_of_days_with_its_cost() -> None:
    calls = [counted(day, 100) for day in range(10)]
    (loop,) = signs([needless("loop", day, 60) for day in (2, 3, 5)], calls, DAY + timedelta(days=9))
    assert (loop.kind, loop.opened, loop.closed) == ("loop", DAY + timedelta(days=2), DAY + timedelta(days=5))
    assert (loop.calls, loop.among, loop.cost) == (180, 300, Decimal("9.00"))
    (open_,) = signs([needless("loop", 8, 60)], calls, DAY + timedelta(days=9))
    assert open_.closed is None


def test_a_few_needless_calls_of_many_are_waste_and_no_incident() -> None:
    calls = [counted(day, 100) for day in range(3)]
    assert signs([needless("loop", 1, 19), needless("copy", 1, 49)], calls, DAY + timedelta(days=2)) == []
    assert signs([needless("loop", 1, 9)], [counted(1, 9)], DAY + timedelta(days=2)) == []
    assert [one.kind for one in signs([needless("copy", 1, 50)], calls, DAY + timedelta(days=2))] == ["copies"]


def test_failing_calls_are_told_at_unknown_cost() -> None:
    (errors,) = signs([], [counted(0, 100, 3), counted(1, 100, 40)], DAY + timedelta(days=1))
    assert (errors.kind, errors.calls, errors.cost, errors.currency) == ("errors", 40, None, None)
    (priced,) = signs([needless("retried", 1, 40)], [counted(1, 100, 40)], DAY + timedelta(days=1))
    assert priced.cost == Decimal("2.00")


def test_a_tenant_is_named_only_where_the_others_have_none_of_it() -> None:
    both = [counted(0, 100), counted(0, 100, tenant="bolt")]
    one = [needless("loop", 0, 60)]
    shared = [*one, needless("loop", 0, 20, tenant="bolt")]
    assert [sign.tenant for sign in signs(one, both, DAY)] == ["acme"]
    assert [sign.tenant for sign in signs(shared, both, DAY)] == [None]
    assert [sign.tenant for sign in signs(one, both[:1], DAY)] == [None], "the only tenant goes without saying"
