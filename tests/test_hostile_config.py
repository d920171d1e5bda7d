"""A `finops.toml` that a hostile stranger wrote: every section, one error each, with the entry, its line and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from finops.config import Overrides, load_settings
from finops.errors import FinopsError, UsageError
from tests.conftest import Ran

RULE = '[[rule]]\nid = "r"\nmethod = "shared"\n'
METERED = '[[rule]]\nid = "r"\nmethod = "metered"\n'
FIXED = RULE + 'split = "fixed"\nshares = '
BUDGET = '[[budget]]\nid = "b"\namount = "5"\n'
RAIL = BUDGET + "guardrails = "
VALUE = '[[value]]\nworkflow = "w"\nper_accepted = "1"\n'
PLAN = '[[plan]]\nwhat = "p"\nfrom = 2026-12-01\n'

WRONG = {
    # text: what is said of it, and where behind `finops.toml:1 `
    '[calender]\nzone = "UTC"\n': ("unknown key `calender`", ""),
    '[budget]\namount = "5"\n': ("must be written as [[budget]]", ""),
    'rule = "x"\n': ("must be written as [[rule]]", ""),
    '[[envelope]]\nlatency_ms = "12"\n': ('expected a whole number, found `"12"`', "[[envelope]] latency_ms"),
    '[ledger]\npath = ""\n': ("an empty text", "[ledger] path"),
    '[ledger]\npath = "."\n': ("is a folder", "[ledger] path"),
    '[ledger]\nmemory = "lots"\n': ("`lots` is not an amount of memory", "[ledger] memory"),
    '[ledger]\nmemory = "1KB"\n': ("no command can work within 1KB", "[ledger] memory"),
    '[ledger]\nmemory = "99999999TB"\n': ("more than there is", "[ledger] memory"),
    "[ledger]\nthreads = 0\n": ("0 threads", "[ledger] threads"),
    "[ledger]\nthreads = true\n": ("expected a whole number, found `true`", "[ledger] threads"),
    '[ledger]\nprices = "none"\n': ("there is no folder", "[ledger] prices"),
    "[ledger]\nas_of = 2026-11-20T10:00:00Z\n": ("expected a date", "[ledger] as_of"),
    "[ledger]\nas_of = 0001-01-01\n": ("no business date", "[ledger] as_of"),
    '[currency]\nrates = "none.csv"\n': ("there is no file", "[currency] rates"),
    '[currency]\nrates = "."\n': ("there is no file", "[currency] rates"),
    '[currency]\nrates = ""\n': ("an empty text", "[currency] rates"),
    '[currency]\nreport = "USD"\n': ("needs a table of rates", "[currency] report"),
    '[calendar]\nzone = "Europe"\n': ("no time zone `Europe`", "[calendar] zone"),
    '[calendar]\nzone = "U\\u0000C"\n': ("no time zone", "[calendar] zone"),
    '[identity]\ntenant = ["tga:tenant"]\n': ("no tenant can come from `tga:tenant`", "[identity] tenant"),
    '[identity]\nagent = ["account_map"]\n': ("no agent can come from `account_map`", "[identity] agent"),
    '[identity]\nworkflow = ["attr:"]\n': ("no workflow can come from `attr:`", "[identity] workflow"),
    '[identity]\ntenant = ["tag:a", "tag:a"]\n': ("`tag:a` stands twice", "[identity] tenant"),
    '[placement]\npurchase_option = "reserved_9y"\n': ("no purchase option `reserved_9y`", "[placement] purchase_option"),
    '[placement]\ncarbon = "none.csv"\n': ("there is no file", "[placement] carbon"),
    '[[map]]\naccount = "1"\n': ("mapped to nobody", "[[map]] 1"),
    '[[map]]\naccount = "1"\ntenant = ""\n': ("an empty text", "[[map]] 1, tenant"),
    '[[map]]\naccount = 1\ntenant = "a"\n': ("expected a text, found `1`", "[[map]] a, account"),
    '[[map]]\naccount = "1"\ntenant = "a"\nfrom = 2026-02-01\nto = 2026-01-01\n': ("not after it begins", "[[map]] 1, to"),
    '[[layer]]\nlayer = "observability"\nmatch = {BilledCost = "5"}\n': ("an amount and no name", "[[layer]] match"),
    RULE + 'match = {ServiceName = ""}\n': ("rule `r` matches `ServiceName` against an empty text", "[[rule]] match"),
    RULE + 'match = {ChargeCategory = "Crdit"}\n': ("rule `r` matches `ChargeCategory` against `Crdit`", "[[rule]] match"),
    RULE + 'match = {ChargePeriodStart = "2026-10-01"}\n': ("which is a time", "[[rule]] match"),
    '[[rule]]\nid = " "\nmethod = "shared"\n': ("an empty text", "[[rule]] id"),
    RULE + 'split = "evn"\n': ("`evn` is not known here", "[[rule]] r, split"),
    RULE + 'targets = {tenant = ["__idle__"]}\n': ("rule `r` names `__idle__`", "[[rule]] targets"),
    RULE + "of = {tenant = 5}\n": ("expected a text, found `5`", "[[rule]] r, of tenant"),
    FIXED + '{a = "1e30"}\n': ("rule `r` gives `a` the share 1e30", "[[rule]] shares"),
    FIXED + "{a = 1e-30, b = 1}\n": ("rule `r` gives `a` the share 1E-30", "[[rule]] shares"),
    FIXED + '{a = 1, "a " = 1}\n': ("shares with `a `", "[[rule]] shares"),
    FIXED + '["a"]\n': ("expected a table", "[[rule]] r, shares"),
    METERED + "tolerance = 10\n": ("rule `r` has the tolerance 10", "[[rule]] tolerance"),
    METERED + 'driver = "gpus"\n': ("`gpus` is not known here", "[[rule]] r, driver"),
    METERED + 'join = ["provider", "provider"]\n': ("`provider` stands twice", "[[rule]] r, join"),
    "[[budget]]\namount = -5\n": ("a budget of -5", "[[budget]] amount"),
    "[[budget]]\namount = 1e999999999999999999\n": ("no amount that can be held", "[[budget]] amount"),
    f"[[budget]]\namount = {'9' * 4500}.5\n": ("99…` is no amount", "[[budget]] amount"),
    BUDGET + 'scope = {tennant = "a"}\n': ("can't name `tennant`", "[[budget]] b, scope"),
    BUDGET + "scope = {tenant = 5}\n": ("expected a text, found `5`", "[[budget]] b, scope tenant"),
    BUDGET + 'currency = ""\n': ("an empty text", "[[budget]] b, currency"),
    RAIL + '[{at = "80", action = "warn"}]\n': ("a guardrail at 80", "[[budget]] b, guardrails at"),
    RAIL + '[{at = "-1", action = "warn"}]\n': ("a guardrail at -1", "[[budget]] b, guardrails at"),
    RAIL + '[{at = "1", action = "downgrade"}]\n': ("leads to no model", "[[budget]] b, guardrails to_model"),
    RAIL + '[{at = "1", action = "warn", to_model = "m"}]\n': ("names `m`", "[[budget]] b, guardrails to_model"),
    RAIL + '[{at = "1", action = "warn"}, {at = "1.0", action = "warn"}]\n': ("stands twice", "[[budget]] b, guardrails"),
    '[[value]]\nper_accepted = "1"\n': ("of what", "[[value]]"),
    VALUE + 'low = "2"\n': ("the lowest value 2 is above 1", "[[value]] w, low"),
    VALUE + 'high = "0.5"\n': ("the highest value 0.5 is below 1", "[[value]] w, high"),
    '[[value]]\nagent = "a"\nper_accepted = "-1"\n': ("can't be worth -1", "[[value]] a, per_accepted"),
    '[[seats]]\ntenant = "a"\nseats = 0\n': ("can't have 0 seats", "[[seats]] a, seats"),
    '[[seats]]\ntenant = "a"\nseats = 2.5\n': ("expected a whole number", "[[seats]] a, seats"),
    '[[tenant]]\nname = "a"\ntier = ""\n': ("an empty text", "[[tenant]] a, tier"),
    '[[revenue]]\ntenant = "a"\nper_month = "-5"\n': ("can't pay -5", "[[revenue]] a, per_month"),
    '[[workflow]]\nname = "w"\nsettle_days = -1\n': ("settle after -1 days", "[[workflow]] w, settle_days"),
    '[[unit]]\nname = "u"\nattribute = ""\n': ("an empty text", "[[unit]] u, attribute"),
    '[[count]]\nprovider = "openai"\nsource = "litelm"\n': ("there is no source `litelm`", "[[count]] source"),
    '[[count]]\nprovider = ""\nsource = "otlp"\n': ("an empty text", "[[count]] provider"),
    '[[source]]\nname = "azure_cost"\n': ("there is no source `azure_cost`", "[[source]] name"),
    '[[source]]\nname = "otlp"\ncurrency = "EUR"\n': ("takes no currency", "[[source]] otlp, currency"),
    '[[source]]\nname = "azure_costs"\ncurrency = "euro"\n': ("no code of a currency", "[[source]] azure_costs, currency"),
    '[[invoice]]\nissuer = "A"\nperiod = "2026-13"\ntotal = "5"\n': ("is not a month", "[[invoice]] A, period"),
    '[[invoice]]\nissuer = "A"\nperiod = "2026-10"\ntotal = "NaN"\n': (
        'expected an amount, found `"NaN"`',
        "[[invoice]] A, total",
    ),
    PLAN: ("says no change", "[[plan]] p"),
    PLAN + 'spend = "20%"\n': ("`20%` is no change", "[[plan]] p, spend"),
    PLAN + 'spend = "+20%"\nvolume = "+20%"\n': ("says `spend` and `volume`", "[[plan]] p"),
    PLAN + f'spend = "+{"9" * 40}%"\n': ("more than can be meant", "[[plan]] p, spend"),
    PLAN + 'spend = "+20%"\nscope = {tennant = "a"}\n': ("can't be about `tennant`", "[[plan]] p, scope"),
    PLAN + 'model = "m"\n': ("of which model", "[[plan]] p, scope"),
    PLAN + 'once = "5"\nto = 2026-12-05\n': ("spent once", "[[plan]] p, to"),
    PLAN + 'spend = "+20%"\nto = 2026-12-01\n': ("not after it begins", "[[plan]] p, to"),
    "[[envelope]]\n": ("must say what calls keep", "[[envelope]]"),
    '[[envelope]]\nid = "e"\nlatency_ms = 0\n': ("within 0 ms", "[[envelope]] e, latency_ms"),
    "[[envelope]]\nlatency_ms = 5\nlatency_share = 95\n": ("between 0 and 1, not 95", "[[envelope]] latency_share"),
    '[[envelope]]\nerror_share = "0.1"\nscope = {service = "s"}\n': ("can't name `service`", "[[envelope]] scope"),
    '[[exempt]]\nagent = "a"\nreason = ""\nuntil = 2026-12-01\n': ("an empty text", "[[exempt]] a, reason"),
    '[[exempt]]\nagent = "a"\nreason = "x"\nuntil = "soon"\n': ('expected a date, found `"soon"`', "[[exempt]] a, until"),
    '[[exempt]]\nagent = "a"\nreason = "x"\n': ("`until` is missing", "[[exempt]] a"),
}
TWICE = {
    '[[map]]\naccount = "1"\ntenant = "a"\n[[map]]\naccount = "1"\ntenant = "b"\nfrom = 2026-01-01\n': 4,
    BUDGET + BUDGET: 4,
    VALUE + VALUE: 4,
    '[[seats]]\ntenant = "a"\nseats = 2\nto = 2026-06-02\n[[seats]]\ntenant = "a"\nseats = 3\nfrom = 2026-06-01\n': 5,
    '[[tenant]]\nname = "a"\ntier = "x"\n[[tenant]]\nname = "a"\ntier = "y"\n': 4,
    '[[workflow]]\nname = "a"\n[[workflow]]\nname = "a"\nrun = "session"\n': 3,
    '[[unit]]\nname = "u"\nattribute = "finops.u"\n[[unit]]\nname = "u"\nattribute = "finops.u"\n': 4,
    '[[invoice]]\nissuer = "A"\nperiod = "2026-10"\ntotal = "5"\n' * 2: 5,
    '[[envelope]]\nerror_share = "0.1"\n[[envelope]]\nerror_share = "0.2"\n': 3,
    '[[exempt]]\nagent = "a"\nreason = "x"\nuntil = 2026-12-01\n' * 2: 5,
    '[[count]]\nprovider = "*"\nsource = "otlp"\n[[count]]\nprovider = "openai"\nsource = "litellm_logs"\n': 4,
}
FILES = {
    b"\xff\xfe[\x00": "not UTF-8",
    '[ledger]\nname = "Bücher"\n'.encode("latin-1"): "not UTF-8",
    b"x = " + b"[" * 5000 + b"]" * 5000: "not valid TOML",
    b"[[seats]]\nseats = " + b"9" * 5000: "not valid TOML",
    b"a = 1\na = 2\n": "not valid TOML",
    b'[calendar]\nzone = "UTC\n': "not valid TOML",
}


def refused(folder: Path, content: str | bytes) -> FinopsError:
    path = folder / "finops.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UsageError) as caught:
        load_settings(Overrides(config=path), today=date(2026, 11, 20))
    assert len(caught.value.what) < 250
    assert caught.value.where is not None
    return caught.value


@pytest.mark.parametrize("text", WRONG)
def test_an_entry_that_would_not_do_is_one_error_with_its_name_and_line(tmp_path: Path, text: str) -> None:
    error = refused(tmp_path, text)
    what, where = WRONG[text]
    assert what in error.what
    assert error.where == f"{tmp_path / 'finops.toml'}:1 {where}".rstrip()
    assert error.hint


@pytest.mark.parametrize("text", TWICE)
def test_what_stands_twice_or_is_never_asked_names_both_lines(tmp_path: Path, text: str) -> None:
    error = refused(tmp_path, text)
    assert re.search("(twice|already).*line 1", error.what)
    assert str(error.where).startswith(f"{tmp_path / 'finops.toml'}:{TWICE[text]} ")
    assert error.hint


@pytest.mark.parametrize("content", FILES)
def test_a_file_that_is_no_configuration(tmp_path: Path, content: bytes) -> None:
    assert FILES[content] in refused(tmp_path, content).what


def test_entries_of_parted_dates_and_marks_of_editors_are_taken(tmp_path: Path) -> None:
    seats = '[[seats]]\ntenant = "a"\nseats = 2\nto = 2026-06-01\n[[seats]]\ntenant = "a"\nseats = 3\nfrom = 2026-06-01\n'
    text = seats + '[[budget]]\namount = "5"\ncurrency = "eur"\n'
    (tmp_path / "finops.toml").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    settings = load_settings(Overrides(config=tmp_path / "finops.toml"))
    assert [one.seats for one in settings.seats] == [2, 3]
    assert settings.budgets[0].currency == "EUR"


def test_a_folder_or_a_link_to_nothing_is_no_configuration(finops: Callable[..., Ran]) -> None:
    Path("finops.toml").mkdir()
    ran = finops("cost")
    assert (ran.code, ran.err.splitlines()[0]) == (2, "error: the configuration can't be read: is a directory")
    Path("finops.toml").rmdir()
    Path("finops.toml").symlink_to("gone.toml")
    ran = finops("cost")
    assert (ran.code, ran.err.splitlines()[0]) == (2, "error: the configuration can't be read: no such file or directory")
    assert finops("cost", "--config", "finops.toml").code == 2
    Path("finops.toml").unlink()
    assert finops("build", "--memory", "1KB").err.startswith("error: no command can work within 1KB of memory")
    assert finops("cost", "--as-of", "9999-12-31").err.startswith("error: 9999-12-31 is no business date")


def test_names_that_hold_for_nobody_are_found_by_doctor(finops: Callable[..., Ran]) -> None:
    head = "BillingAccountId,BillingCurrency,BillingPeriodStart,ChargePeriodStart,InvoiceIssuerName,ProviderName,ChargeCategory"
    line = "77,USD,2026-10-01T00:00:00Z,2026-10-05T00:00:00Z,AWS,AWS,Usage,logs,4,4,acme"
    Path("bill.csv").write_text(f"{head},ServiceName,BilledCost,EffectiveCost,x_TenantId\n{line}\n", encoding="utf-8")
    text = (
        '[[map]]\naccount = "78"\nagent = "a"\n[[budget]]\namount = "5"\nscope = {tenant = "acmee", provider = "AWS"}\n'
        '[[exempt]]\nagent = "a"\nreason = "x"\nuntil = 2026-12-01\n'
        '[[invoice]]\nissuer = "AWZ"\nperiod = "2026-10"\ntotal = "5"\n'
        '[[rule]]\nid = "nobody"\nmethod = "shared"\ntargets = {tenant = "zed"}\nmatch = {ServiceName = "support"}\n'
        '[[rule]]\nid = "undriven"\nmethod = "metered"\ndriver = "gpu_seconds"\nmatch = {ServiceName = "logs2"}\n'
    )
    Path("finops.toml").write_text(text, encoding="utf-8")
    more = "".join(line.replace("logs,4,4,acme", f"{service},2,2,") + "\n" for service in ("support", "logs2"))
    with Path("bill.csv").open("a", encoding="utf-8") as file:
        file.write(more)
    assert finops("ingest", "bill.csv").code == 0
    names = [row for row in finops("doctor", "-f", "json").json["rows"] if row["check"] == "names"]
    assert {row["status"] for row in names} == {"unknown"}
    assert sorted(row["detail"] for row in names) == [
        "finops.toml:1 [[map]]: no account `78`",
        "finops.toml:11 [[invoice]]: no issuer `AWZ`; did you mean `AWS`?",
        "finops.toml:4 [[budget]]: no tenant `acmee`; did you mean `acme`?",
        "finops.toml:7 [[exempt]]: no agent `a`",
    ]
    said = " ".join(finops("reconcile", "-f", "json").json["meta"]["notes"])
    assert "invoiced and without charges: 2026-10 AWZ -, 5 USD" in said
    rules = " ".join(finops("reconcile", "--rules", "-f", "json").json["meta"]["notes"])
    assert "rule `nobody` (finops.toml:15) shares with nobody: none of its `targets` has cost" in rules
    assert "rule `undriven` (finops.toml:20) is driven by `gpu_seconds`, which nothing measured" in rules
    assert finops("reconcile", "--rules", "--strict").code == 2
