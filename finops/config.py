"""Settings: `finops.toml` and what the command line overrides, checked key by key."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from finops.core.double_checks import check_doubles
from finops.core.rule_checks import check_rules
from finops.core.section_checks import FAR, Place, check_plan, check_sections
from finops.core.settings import (
    AccountMap,
    Budget,
    Calendar,
    Counting,
    Currencies,
    Envelope,
    Exempt,
    Identity,
    Import,
    Invoice,
    LayerRule,
    LedgerPlace,
    Placement,
    Plan,
    Revenue,
    Rule,
    Seats,
    SourceOptions,
    Tenant,
    Value,
    Workflow,
    WorkUnit,
)
from finops.core.settings_reader import Fault, Section, read_sections
from finops.core.units.work_units import check_work_units
from finops.errors import UsageError

__all__ = ["Overrides", "Settings", "load_settings"]

CONFIG_NAME = "finops.toml"

SECTIONS: tuple[Section, ...] = (
    Section("calendar", Calendar),
    Section("ledger", LedgerPlace),
    Section("currency", Currencies),
    Section("identity", Identity),
    Section("placement", Placement),
    Section("map", AccountMap, many=True),
    Section("rule", Rule, many=True),
    Section("layer", LayerRule, many=True),
    Section("budget", Budget, many=True),
    Section("value", Value, many=True),
    Section("seats", Seats, many=True),
    Section("tenant", Tenant, many=True),
    Section("revenue", Revenue, many=True),
    Section("workflow", Workflow, many=True),
    Section("unit", WorkUnit, many=True),
    Section("count", Counting, many=True),
    Section("invoice", Invoice, many=True),
    Section("plan", Plan, many=True),
    Section("envelope", Envelope, many=True),
    Section("exempt", Exempt, many=True),
    Section("source", SourceOptions, many=True),
    Section("import", Import, many=True, apart=True),
)


@dataclass(frozen=True)
class Overrides:
    """Plain values from the command line; None means not given."""

    config: Path | None = None
    ledger: Path | None = None
    prices: Path | None = None
    as_of: date | None = None
    currency: str | None = None
    view: Literal["billed", "incurred"] = "billed"
    told: list[str] = field(default_factory=list, compare=False)
    """What is to be said of the configuration beside the answer."""
    rates: list[str] = field(default_factory=list, compare=False)
    """What is to be said in the answer of the exchange rates that it rests on."""
    reported_in: list[str] = field(default_factory=list, compare=False)
    """The currency that the answer tells cost in, where it is one for all bills."""


@dataclass(frozen=True)
class Settings:
    """What a step works with. Paths are absolute; `as_of` is the business date."""

    root: Path
    config: Path | None
    ledger: Path
    as_of: date
    prices: Path | None = None
    exchange_rates: Path | None = None
    carbon: Path | None = None
    currency: str | None = None
    reporting: str | None = None
    """The currency that cost is told in; None: each in the currency of its bill."""
    rates_told: list[str] = field(default_factory=list, compare=False)
    reported_in: list[str] = field(default_factory=list, compare=False)
    view: Literal["billed", "incurred"] = "billed"
    calendar: Calendar = field(default_factory=Calendar)
    ledger_place: LedgerPlace = field(default_factory=LedgerPlace)
    identity: Identity = field(default_factory=Identity)
    placement: Placement = field(default_factory=Placement)
    maps: tuple[AccountMap, ...] = ()
    rules: tuple[Rule, ...] = ()
    budgets: tuple[Budget, ...] = ()
    values: tuple[Value, ...] = ()
    seats: tuple[Seats, ...] = ()
    tenants: tuple[Tenant, ...] = ()
    revenues: tuple[Revenue, ...] = ()
    workflows: tuple[Workflow, ...] = ()
    units: tuple[WorkUnit, ...] = ()
    counting: tuple[Counting, ...] = ()
    layers: tuple[LayerRule, ...] = ()
    invoices: tuple[Invoice, ...] = ()
    plans: tuple[Plan, ...] = ()
    envelopes: tuple[Envelope, ...] = ()
    exempt: tuple[Exempt, ...] = ()
    source_options: tuple[SourceOptions, ...] = ()
    imports: tuple[Import, ...] = ()
    import_faults: tuple[Fault, ...] = ()

    @property
    def memory(self) -> str | None:
        return self.ledger_place.memory

    @property
    def threads(self) -> int | None:
        return self.ledger_place.threads


def load_settings(overrides: Overrides, *, today: date | None = None, as_written: bool = False) -> Settings:
    """Settings from the file that `overrides` names, else `finops.toml` in the working folder, else defaults. Where cost is told
    in one currency, so are amounts of the file, unless they are wanted `as_written`."""
    path = _config_path(overrides.config)
    text = read_text(path) if path else ""
    data = _parsed(text, path) if path else {}
    root = path.parent if path else Path.cwd()
    parts = read_sections(SECTIONS, data, text, where=str(path) if path else CONFIG_NAME)
    place: LedgerPlace = parts["ledger"]
    settings = Settings(
        root=root,
        config=path,
        ledger=_absolute(overrides.ledger, Path.cwd()) or _absolute(Path(place.path), root) or root / "finops.duckdb",
        as_of=overrides.as_of or place.as_of or today or datetime.now(UTC).date(),
        prices=_absolute(overrides.prices, Path.cwd()) or _absolute(place.prices and Path(place.prices), root),
        exchange_rates=_absolute(parts["currency"].rates, root),
        carbon=_absolute(parts["placement"].carbon, root),
        currency=_currency(overrides.currency),
        reporting=_reporting(parts["currency"], overrides.currency, Place(str(path), "[currency]", parts["currency_line"])),
        rates_told=overrides.rates,
        reported_in=overrides.reported_in,
        view=overrides.view,
        calendar=parts["calendar"],
        ledger_place=place,
        identity=parts["identity"],
        placement=parts["placement"],
        maps=parts["map"],
        rules=parts["rule"],
        budgets=parts["budget"],
        values=parts["value"],
        seats=parts["seats"],
        tenants=parts["tenant"],
        revenues=parts["revenue"],
        workflows=parts["workflow"],
        units=parts["unit"],
        counting=parts["count"],
        layers=parts["layer"],
        invoices=parts["invoice"],
        plans=parts["plan"],
        envelopes=parts["envelope"],
        exempt=parts["exempt"],
        source_options=parts["source"],
        imports=parts["import"],
        import_faults=parts["import_faults"],
    )
    _check(settings, Place(str(path), "[calendar]", parts["calendar_line"]))
    check_sections(parts, str(path) if path else CONFIG_NAME)
    check_doubles(parts, str(path) if path else CONFIG_NAME)
    _check_files(settings, parts)
    _check_sources(settings)
    if overrides.as_of is not None and not FAR[0] <= overrides.as_of <= FAR[1]:
        hint = f"a day from {FAR[0]} to {FAR[1]}"
        raise UsageError(f"{overrides.as_of} is no business date", where="--as-of", hint=hint)
    for fault in settings.import_faults:
        if (note := f"{fault.error.where}: {fault.error.what}: `finops ingest` does not read such files") not in overrides.told:
            overrides.told.append(note)
    return settings if as_written or settings.reporting is None else _in_one_currency(settings)


def _in_one_currency(settings: Settings) -> Settings:
    """Budgets, values, revenues and plans in the currency that cost is told in."""
    from finops.core.reporting import foreign_notes, told_in
    from finops.prices.exchange import read_exchange

    exchange, quote = read_exchange(settings.exchange_rates), settings.reporting or ""

    def rate_of(base: str) -> Decimal | None:
        return exchange.rate(settings.as_of, base, quote)

    foreign: dict[str, list[str]] = {}
    told = replace(
        settings,
        budgets=told_in(settings.budgets, quote, rate_of, foreign),
        values=told_in(settings.values, quote, rate_of, foreign),
        revenues=told_in(settings.revenues, quote, rate_of, foreign),
        plans=told_in(settings.plans, quote, rate_of, foreign),
    )
    settings.rates_told.extend(foreign_notes(foreign, quote, rate_of))
    return told


def read_plans(path: Path) -> tuple[Plan, ...]:
    """The [[plan]] tables of a file of their own."""
    if not path.is_file():
        raise UsageError(f"there is no file of plans `{path}`", hint="a TOML file with [[plan]] tables, as in finops.toml")
    text = read_text(path)
    plans: tuple[Plan, ...] = read_sections((Section("plan", Plan, many=True),), _parsed(text, path), text, where=str(path))[
        "plan"
    ]
    for plan in plans:
        check_plan(plan, Place(str(path), f"[[plan]] {plan.what},", plan.line))
    return plans


def _config_path(given: Path | None) -> Path | None:
    if given is not None:
        if not given.exists():
            raise UsageError(f"there is no configuration file `{given}`", hint="`finops init` writes one")
        return given.resolve()
    default = Path.cwd() / CONFIG_NAME
    return default if default.exists() or default.is_symlink() else None


def read_text(path: Path) -> str:
    """The text of a file of settings, with or without a mark of its byte order."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        what, hint = f"the configuration is not UTF-8 (byte {error.start})", "save it as UTF-8"
    except OSError as error:
        what, hint = (
            f"the configuration can't be read: {(error.strerror or str(error)).lower()}",
            "a file of text, as `finops init` writes",
        )
    raise UsageError(what, where=str(path), hint=hint)


def _parsed(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError, ArithmeticError) as error:  # numbers of thousands of digits, tables within tables
        said = str(error) or "it can't be read"
        line = re.search(r"\(at line (\d+), column \d+\)", said)
        where = f"{path}:{line[1]}" if line else str(path)
        hint = 'texts stand in quotes: key = "value"; `finops init` writes an example'
        raise UsageError(f"the configuration is not valid TOML: {said}", where=where, hint=hint) from None


def _currency(given: str | None) -> str | None:
    """A code of three letters is written large; names of virtual currencies stay as they are."""
    return given.strip().upper() if given and re.fullmatch("[A-Za-z]{3}", given.strip()) else given


def _reporting(told: Currencies, asked: str | None, where: Place) -> str | None:
    """What `[currency] report` says, unless another currency is asked for: that is then the billing currency alone."""
    report = _currency(told.report)
    if report is not None and told.rates is None:
        hint = 'rates = "rates.csv", a table of date,from,to,rate,source'
        raise where.refuse("a currency to report in needs a table of rates", "report", hint)
    return report if asked is None or _currency(asked) == report else None


def _absolute(path: Path | str | None, base: Path) -> Path | None:
    if not path:
        return None
    return (base / path).resolve()


def _check(settings: Settings, calendar: Place) -> None:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo(settings.calendar.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # the last of a folder of zones, such as "Europe"
        what = f"there is no time zone `{settings.calendar.zone}`"
        raise calendar.refuse(what, "zone", 'use an IANA name such as "Europe/Berlin"') from None
    check_rules(settings.rules, settings.layers, str(settings.config))
    check_work_units(settings.units, str(settings.config))


def _check_files(settings: Settings, parts: Mapping[str, Any]) -> None:
    """Files and folders that the configuration names are there."""
    own = parts["ledger"].prices is not None and settings.prices == _absolute(parts["ledger"].prices, settings.root)
    named = (
        ("currency", "rates", settings.exchange_rates, "file", "a table of date,from,to,rate,source"),
        ("placement", "carbon", settings.carbon, "file", "a dated table of what places emit"),
        ("ledger", "prices", settings.prices if own else None, "folder", "a folder of price facts"),
    )
    for section, key, path, kind, hint in named:
        if path is not None and not (path.is_file() if kind == "file" else path.is_dir()):
            place = Place(str(settings.config), f"[{section}]", parts[f"{section}_line"])
            raise place.refuse(f"there is no {kind} `{path}`", key, hint)
    if settings.ledger.is_dir():
        place = Place(str(settings.config or settings.root), "[ledger]", parts["ledger_line"])
        raise place.refuse(f"the ledger `{settings.ledger}` is a folder", "path", "name a file, such as finops.duckdb")


def _check_sources(settings: Settings) -> None:
    """Sources that [[source]] and [[count]] speak of are there, and take what they are told."""
    if not (settings.source_options or settings.counting):
        return
    from finops.sources import names, source

    described = [one.name for one in settings.imports] + [str(fault.given.get("name")) for fault in settings.import_faults]
    asked = [("source", "name", one.name, one.line) for one in settings.source_options]
    asked += [("count", "source", one.source, one.line) for one in settings.counting]
    for section, key, name, line in asked:
        known = (*names(), *(("*", *described) if section == "count" else ()))
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean `{near[0]}`?" if near else "`finops sources list` names them"
            raise Place(str(settings.config), f"[[{section}]]", line).refuse(f"there is no source `{name}`", key, hint)
    takers = [name for name in names() if getattr(source(name), "takes_currency", False)]
    for one in settings.source_options:
        where = Place(str(settings.config), f"[[source]] {one.name},", one.line)
        if one.currency is not None and one.name not in takers:
            hint = "these take one: " + ", ".join(takers)
            raise where.refuse(f"`{one.name}` takes no currency: its files name it", "currency", hint)
        if one.currency is not None and not re.fullmatch("[A-Z]{3}", one.currency):
            raise where.refuse(f"`{one.currency}` is no code of a currency", "currency", 'three letters, such as "EUR"')


def with_ledger(settings: Settings, ledger: Path) -> Settings:
    """The same settings on another ledger file."""
    return replace(settings, ledger=ledger.resolve())
