"""Names in `finops.toml` that the ledger does not know: entries that hold for nobody, and say nothing of it where they act."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from finops.config import Settings
from finops.core.section_checks import CALL_SCOPE, COST_SCOPE
from finops.ledger.store import Reader
from finops.prices.names import canonical_provider

_ACCOUNTS = "account"


def unknown_names(reader: Reader, settings: Settings) -> list[str]:
    """One line each, with the entry's section, its line and the nearest name that is known."""
    known: dict[str, set[str]] = {}
    found = []
    for section, line, dimension, name in _named(settings):
        if dimension not in known:
            known[dimension] = _known(reader, dimension)
        own = (canonical_provider(name) or name) if dimension == "provider" else name
        if own in known[dimension] or name in known[dimension]:
            continue
        near = difflib.get_close_matches(name, sorted(known[dimension]), 1)
        hint = f"; did you mean `{near[0]}`?" if near else ""
        file = settings.config.name if settings.config else "finops.toml"
        found.append(f"{file}:{line} [[{section}]]: no {dimension.replace('_', ' ')} `{name}`{hint}")
    return found


def _named(settings: Settings) -> Iterator[tuple[str, int, str, str]]:
    """Section, line, dimension and name of whatever the configuration speaks of."""
    for entry in settings.maps:
        yield "map", entry.line, _ACCOUNTS, entry.account
    scoped = [("budget", one.line, one.scope) for one in settings.budgets]
    scoped += [("envelope", one.line, one.scope) for one in settings.envelopes]
    scoped += [("plan", one.line, one.scope) for one in settings.plans if one.from_ <= settings.as_of]
    for section, line, scope in scoped:
        for dimension, name in scope.items():
            yield section, line, dimension, name
    for value in settings.values:
        for dimension, told in (("workflow", value.workflow), ("agent", value.agent)):
            if told is not None:
                yield "value", value.line, dimension, told
    tenants = [("seats", one.line, one.tenant) for one in settings.seats]
    tenants += [("revenue", one.line, one.tenant) for one in settings.revenues]
    tenants += [("tenant", one.line, one.name) for one in settings.tenants]
    for section, line, name in tenants:
        yield section, line, "tenant", name
    for workflow in settings.workflows:
        yield "workflow", workflow.line, "workflow", workflow.name
    for exempt in settings.exempt:
        yield "exempt", exempt.line, "agent", exempt.agent
    for counting in settings.counting:
        if counting.provider != "*":
            yield "count", counting.line, "provider", counting.provider
    for invoice in settings.invoices:
        yield "invoice", invoice.line, "issuer", invoice.issuer


def _known(reader: Reader, dimension: str) -> set[str]:
    """What cost and calls are called in a dimension."""
    if dimension == _ACCOUNTS:
        sources = [f"SELECT {column} AS name FROM charge" for column in ('"SubAccountId"', '"BillingAccountId"')]
        sources.append("SELECT account AS name FROM fct_call")
    else:
        sources = [f"SELECT {dimension} AS name FROM fct_cost"] if dimension in COST_SCOPE else []
        sources += [f"SELECT {dimension} AS name FROM fct_call"] if dimension in CALL_SCOPE else []
    rows = reader.query(
        f"SELECT DISTINCT CAST(name AS VARCHAR) AS name FROM ({' UNION ALL '.join(sources)}) WHERE name IS NOT NULL"
    )
    return {row["name"] for row in rows}
