"""Finds the account of the bill that a call belongs to: the level that both sides name, else the only one there is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from finops.core.periods import month_text

Row = Mapping[str, Any]
Owner = tuple[str, str | None]
"""Month and provider."""
CLOUDS = ("aws", "azure", "gcp")
"""Their bills are of much besides models; what others bill without naming a model is of their models all the same."""


class Place(NamedTuple):
    """Where a call stands; the currency is None where no bill is loaded."""

    account: str | None
    currency: str | None


class Accounts:
    """The billing accounts of each month and provider. An account that a call names may be a billing account or a sub-account.
    Where calls name none of several accounts of one currency, all accounts stand together; where a bill names no model, all
    models (`whole`)."""

    def __init__(self, charges: Iterable[Row], told: Iterable[Row]) -> None:
        """`charges` and `told` (calls, and what gateways and reports say) have a day, a provider and an account."""
        billed: dict[Owner, dict[str | None, dict[str, Decimal]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(Decimal)))
        self._parents: dict[Owner, dict[str, set[str | None]]] = defaultdict(lambda: defaultdict(set))
        charges, told = list(charges), list(told)
        called = {(month_text(row["day"]), row["provider"]) for row in told}
        self.whole = _without_models(charges, called)
        for row in charges:
            owner = (month_text(row["day"]), row["provider"])
            if row["model"] is not None or (row["kind"] == "usage" and (*owner, row["account"]) in self.whole):
                billed[owner][row["account"]][row["currency"]] += abs(row["billed"])
                self._parents[owner][row["subaccount"]].add(row["account"])
        self._currencies = {
            owner: {account: max(sums, key=lambda name: (sums[name], name)) for account, sums in accounts.items()}
            for owner, accounts in billed.items()
        }
        self.merged: set[Owner] = set()
        self.apart: set[Owner] = set()
        """Months and providers of which calls name no account, and bills are in several currencies."""
        for row in told:
            owner = (month_text(row["day"]), row["provider"])
            accounts = self._currencies.get(owner, {})
            if len(accounts) > 1 and self._mapped(owner, row["account"]) is None:
                (self.merged if len(set(accounts.values())) == 1 else self.apart).add(owner)

    def place(self, month: str, provider: str | None, account: str | None) -> Place:
        """The account and currency of the bill for a call that names `account`."""
        owner = (month, provider)
        accounts = self._currencies.get(owner, {})
        if owner in self.merged:
            return Place(None, next(iter(accounts.values())))
        if len(accounts) == 1:
            return Place(*next(iter(accounts.items())))
        mapped = self._mapped(owner, account)
        return Place(account, None) if mapped is None else Place(mapped, accounts[mapped])

    def is_whole(self, month: str, provider: str | None, account: str | None) -> bool:
        """Whether the bill says no model, so that all models of the account stand together."""
        if (month, provider) in self.merged:
            return any((month, provider, one) in self.whole for one in self._currencies[month, provider])
        return (month, provider, account) in self.whole

    def bills_models(self, month: str, charge: Row) -> bool:
        """Whether the account of a charge is billed for model calls in the month."""
        return charge["account"] in self._currencies.get((month, charge["provider"]), {})

    def of_charge(self, month: str, provider: str | None, account: str | None) -> str | None:
        """The account under which a charge stands."""
        return None if (month, provider) in self.merged else account

    def _mapped(self, owner: Owner, account: str | None) -> str | None:
        if account is None:
            return None
        if account in self._currencies.get(owner, {}):
            return account
        parents = self._parents[owner].get(account, set()) if owner in self._parents else set()
        return next(iter(parents)) if len(parents) == 1 else None


def _without_models(charges: Iterable[Row], called: set[Owner]) -> set[tuple[str, str | None, str | None]]:
    """Months, providers and accounts with usage, none of which names a model, of providers that calls are known of."""
    found: dict[tuple[str, str | None, str | None], bool] = {}
    for row in charges:
        month = month_text(row["day"])
        if row["kind"] == "usage" and row["provider"] not in CLOUDS and (month, row["provider"]) in called:
            key = (month, row["provider"], row["account"])
            found[key] = found.get(key, False) or row["model"] is not None
    return {key for key, names_model in found.items() if not names_model}
