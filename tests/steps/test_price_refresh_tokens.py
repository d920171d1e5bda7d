"""`finops prices refresh tokens`: the project's list over HTTP, what it changes from then on, and answers that will not do."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from datetime import date, time
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from finops.prices import token_updates
from finops.prices.token_updates import TokenUpdates
from tests.conftest import Ran

Finops = Callable[..., Ran]
D = Decimal
LATER = "2026-12-01"


class Project:
    """A server that gives one answer."""

    def __init__(self) -> None:
        self.body, self.status = b"", 200
        project = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(project.status)
                self.send_header("Content-Length", str(len(project.body)))
                self.end_headers()
                self.wfile.write(project.body)

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/data.json"
        Thread(target=self.http.serve_forever, daemon=True).start()

    def lists(self, providers: list[dict[str, Any]]) -> None:
        self.body = json.dumps(providers).encode()


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    made = Project()
    monkeypatch.setattr(token_updates, "PROVIDER", TokenUpdates(made.url, lambda _: None))
    yield made
    made.http.shutdown()
    made.http.server_close()


@pytest.fixture(scope="module")
def installed() -> list[dict[str, Any]]:
    """The installed list's prices in the shape in which the project gives its own."""
    from genai_prices.data_snapshot import get_snapshot

    return [
        {
            **{name: getattr(provider, name) for name in ("id", "name", "api_pattern", "fallback_model_providers")},
            "models": [
                {"id": one.id, "match": {"equals": one.id}, "prices": raw(one.prices), "price_variants": raw(one.price_variants)}
                for one in provider.models
            ],
        }
        for provider in get_snapshot().providers
    ]


def raw(value: Any) -> Any:
    """An object of the library as JSON."""
    if isinstance(value, list | tuple):
        return [raw(one) for one in value]
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if hasattr(value, "__dict__"):
        return {name: raw(one) for name, one in vars(value).items() if one is not None and not name.startswith("_")}
    return value


def changed(providers: list[dict[str, Any]], maker: str, model: str, **prices: float) -> list[dict[str, Any]]:
    found = copy.deepcopy(providers)
    (one,) = [one for provider in found if provider["id"] == maker for one in provider["models"] if one["id"] == model]
    one["prices"] = {**one["prices"], **{f"{name}_mtok": price for name, price in prices.items()}}
    return found


def refreshed(finops: Finops, as_of: str, *more: str) -> Ran:
    return finops("prices", "refresh", "tokens", "-f", "json", "--as-of", as_of, *more)


def price(finops: Finops, model: str, token_class: str, as_of: str, provider: str = "openai", *more: str) -> list[Decimal]:
    asked = ("prices", "list", "--provider", provider, "--model", model, "-f", "json", "--as-of", as_of, *more)
    rows = [row for row in finops(*asked).json["rows"] if (row["token_class"], row["service_tier"]) == (token_class, "standard")]
    return [D(row["price"]) * 1_000_000 for row in rows]


def test_a_list_that_is_as_installed_changes_nothing(finops: Finops, project: Project, installed: list[Any]) -> None:
    project.lists(installed)
    ran = refreshed(finops, LATER)
    assert ran.code == 0, ran.err
    (row,) = ran.json["rows"]
    assert (row["provider"], row["status"], row["reason"]) == ("tokens", "unchanged", "the list is as installed")
    stale = finops("prices", "stale", "-f", "json", "--as-of", "2026-12-20").json["rows"]
    (age,) = [row for row in stale if row["provider"] == "*"]
    assert (age["as_of"], age["stale"]) == (LATER, False)
    assert age["source"].endswith("its project was asked on 2026-12-01")


def test_new_prices_hold_from_the_day_on_which_they_were_asked(finops: Finops, project: Project, installed: list[Any]) -> None:
    """Down to 2 and later to 1 for a model that resellers take over, then back; a model that is new is known from then on."""
    new = changed(installed, "openai", "gpt-4o", input=2.0)
    (openai,) = [provider for provider in new if provider["id"] == "openai"]
    openai["models"].append({"id": "gpt-9", "match": {"equals": "gpt-9"}, "prices": {"input_mtok": 7, "output_mtok": 70}})
    project.lists(new)
    dry = refreshed(finops, LATER, "--dry-run").json
    names = {(row["provider"], row["sku"]): (row["before"], row["after"]) for row in dry["rows"]}
    assert names["openai", "gpt-4o/input_uncached"] == ("0.0000025", "0.000002")
    assert price(finops, "gpt-4o", "input_uncached", LATER) == [D("2.5")]
    (row,) = refreshed(finops, LATER).json["rows"]
    assert (row["status"], row["rejected"]) == ("refreshed", 0)
    assert [price(finops, "gpt-4o", "input_uncached", day) for day in ("2026-11-30", LATER)] == [[D("2.5")], [D(2)]]
    assert price(finops, "gpt-4o", "output", LATER) == [D(10)]
    assert price(finops, "gpt-4o", "input_uncached", LATER, "azure") == [D(2)]
    assert price(finops, "gpt-9", "output", LATER) == [D(70)]
    assert refreshed(finops, LATER).json["rows"][0]["status"] == "unchanged"

    project.lists(installed)
    assert refreshed(finops, "2027-01-05").json["rows"][0]["status"] == "refreshed"
    on = [price(finops, "gpt-4o", "input_uncached", "2027-01-06", "openai", "--on", day) for day in ("2026-11-30", "2026-12-20")]
    assert on == [[D("2.5")], [D(2)]], "what held between two refreshes stays"
    days = ("2026-11-30", LATER, "2027-01-04", "2027-01-05")
    assert [price(finops, "gpt-4o", "input_uncached", day) for day in days] == [[D("2.5")], [D(2)], [D(2)], [D("2.5")]]


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"[", 200, "the answer is no list of token prices"),
        (b'{"error": "moved"}', 200, "it holds dict and no array"),
        (b"[]", 200, "it is cut short"),
        (b'[{"id": 3}]', 200, "the answer is no list of token prices"),
        (b"", 503, "does not answer as it should (HTTP 503)"),
    ],
)
def test_an_answer_that_will_not_do_leaves_the_prices(
    finops: Finops, project: Project, body: bytes, status: int, said: str
) -> None:
    project.body, project.status = body, status
    ran = refreshed(finops, LATER)
    assert ran.code == 3
    assert said in ran.err
    assert price(finops, "gpt-4o", "input_uncached", LATER) == [D("2.5")]


def test_more_than_a_list_can_be_is_not_read(finops: Finops, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_updates, "LARGEST_BYTES", 10)
    project.body = b"[" + b" " * 20 + b"]"
    ran = refreshed(finops, LATER)
    assert (ran.code, "the answer has 22 bytes, more than 10" in ran.err) == (3, True)


def test_without_a_network_it_says_what_to_do(finops: Finops, project: Project) -> None:
    project.http.shutdown()
    project.http.server_close()
    ran = refreshed(finops, LATER)
    assert ran.code == 3
    assert "the list can't be reached" in ran.err
    assert "hint: a newer genai-prices brings newer prices without a network" in ran.err
