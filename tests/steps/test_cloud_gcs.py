"""`ingest gs://…` against a server on loopback that speaks Cloud Storage's JSON interface: pages, generations, faults."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from finops.errors import ExitCode
from finops.sources import web
from tests.conftest import Ran
from tests.steps.test_manifests import cur, version

Finops = Callable[..., Ran]
PAGE = 2


@dataclass
class Store:
    """What the server holds, what it was asked, and the faults that it answers with before it answers well."""

    objects: dict[str, bytes] = field(default_factory=dict)
    encoded: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)
    faults: list[int | str] = field(default_factory=list)
    url: str = ""

    def put(self, folder: Path, prefix: str) -> None:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self.objects[f"{prefix}/{path.relative_to(folder).as_posix()}"] = path.read_bytes()

    def fetched(self) -> list[str]:
        return [key for key in self.asked if not key.startswith("?")]

    def item(self, key: str) -> dict[str, str]:
        content = self.objects[key]
        item = {"name": key, "size": str(len(content)), "generation": self.generation(key), "updated": "2026-10-02T00:00:00Z"}
        item["md5Hash"] = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
        return {**item, "contentEncoding": "gzip"} if key in self.encoded else item

    def generation(self, key: str) -> str:
        return str(int(hashlib.sha256(self.objects[key]).hexdigest()[:12], 16))


class Handler(BaseHTTPRequestHandler):
    store: Store

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        asked = {key: values[0] for key, values in parse_qs(url.query).items()}
        words = url.path.split("/")
        self.store.tokens.append(self.headers.get("Authorization"))
        fault = self.store.faults.pop(0) if self.store.faults and (len(words) > 6 or self.store.faults[0] != "cut") else None
        if isinstance(fault, int):
            self.answer(fault, b'{"error": {"message": "no"}}')
        elif words[4] != "bills":
            self.answer(404, b"{}")
        elif len(words) == 6:
            self.page(asked)
        else:
            self.content(unquote(words[6]), asked, cut=fault == "cut")

    def page(self, asked: dict[str, str]) -> None:
        assert "items(name" in asked["fields"]
        keys = sorted(key for key in self.store.objects if key.startswith(asked["prefix"]))
        start = int(asked.get("pageToken", "0"))
        self.store.asked.append(f"?{start}")
        page: dict[str, object] = {"items": [self.store.item(key) for key in keys[start : start + PAGE]]}
        if start + PAGE < len(keys):
            page["nextPageToken"] = str(start + PAGE)
        self.answer(200, json.dumps(page).encode())

    def content(self, key: str, asked: dict[str, str], *, cut: bool) -> None:
        self.store.asked.append(key)
        if asked.get("alt") != "media" or asked["generation"] != self.store.generation(key):
            self.answer(404, b"{}")
            return
        content = self.store.objects[key]
        headers = {"Content-Encoding": "gzip"} if key in self.store.encoded else {}
        self.answer(200, content, headers, cut=cut)

    def answer(self, code: int, content: bytes, headers: dict[str, str] | None = None, *, cut: bool = False) -> None:
        self.send_response(code)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if cut else content)
        self.close_connection = cut

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    found = Store()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"store": found}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", found.url)
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.setattr(web, "PAUSE_S", 0.001)
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def ingested(finops: Finops, *arguments: object) -> dict[str, tuple[str, int, str | None]]:
    ran = finops("ingest", *arguments, "--no-build", "-f", "json")
    assert ran.code == ExitCode.OK, ran.err
    return {row["path"]: (row["status"], row["rows"], row["amount"]) for row in ran.json["rows"]}


def test_a_bucket_is_read_page_by_page_and_nothing_twice(finops: Finops, store: Store, tmp_path: Path) -> None:
    for month in range(1, 6):
        cur(tmp_path / "in" / "a b" / f"2026-0{month}.csv.gz", str(month), month=f"2026-0{month}")
    store.put(tmp_path / "in", "exports")
    store.objects["exports-of-others/x.csv"] = b"not ours"
    rows = ingested(finops, "gs://bills/exports")
    assert {row[0] for row in rows.values()} == {"loaded"}
    assert sorted(rows) == [f"gs://bills/exports/a b/2026-0{month}.csv.gz" for month in range(1, 6)]
    assert [one for one in store.asked if one.startswith("?")] == ["?0", "?2", "?4"]
    store.asked.clear()
    cur(tmp_path / "in" / "a b" / "2026-05.csv.gz", "50", month="2026-05")
    store.put(tmp_path / "in", "exports")
    rows = ingested(finops, "gs://bills/exports")
    assert sorted(row[0] for row in rows.values()) == ["replaced", *["unchanged"] * 4]
    assert store.fetched() == ["exports/a b/2026-05.csv.gz"]


def test_manifests_are_read_first(finops: Finops, store: Store, tmp_path: Path) -> None:
    version(tmp_path / "cur", "a1", ("1", "2"))
    version(tmp_path / "cur", "a2", ("4",))
    store.put(tmp_path / "cur", "copied/from/aws")
    assert list(ingested(finops, "gs://bills/copied").values()) == [("loaded", 1, "4")]
    assert [key for key in store.fetched() if key.endswith(".csv.gz")] == [
        "copied/from/aws/acme/20261001-20301101/a2/acme-1.csv.gz"
    ]


def test_objects_that_are_stored_packed_under_a_plain_name(finops: Finops, store: Store, tmp_path: Path) -> None:
    path = cur(tmp_path / "a.csv.gz", "1")
    store.objects["x/a.csv"] = path.read_bytes()
    store.encoded.add("x/a.csv")
    assert gzip.decompress(store.objects["x/a.csv"])
    assert ingested(finops, "gs://bills/x") == {"gs://bills/x/a.csv": ("loaded", 1, "1")}
    assert ingested(finops, "gs://bills/x") == {"gs://bills/x/a.csv": ("unchanged", 0, None)}


@pytest.mark.parametrize("faults", [[503], [429, 500, 503], ["cut"], ["cut", "cut"]], ids=str)
def test_what_passes_is_waited_for(finops: Finops, store: Store, tmp_path: Path, faults: list[int | str]) -> None:
    cur(tmp_path / "in" / "a.csv.gz", "1")
    store.put(tmp_path / "in", "x")
    store.faults = list(faults)
    assert ingested(finops, "gs://bills/x") == {"gs://bills/x/a.csv.gz": ("loaded", 1, "1")}
    assert not store.faults


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        ([401], "does not accept these credentials"),
        ([403], "refuses access"),
        ([429] * 9, "slow down"),
        ([503] * 9, "does not answer as it should (HTTP 503)"),
        (["cut"] * 9, "cut short"),
        ([418], "HTTP 418"),
    ],
    ids=str,
)
def test_what_does_not_pass_is_one_clear_error(
    finops: Finops, store: Store, tmp_path: Path, faults: list[int | str], said: str
) -> None:
    cur(tmp_path / "in" / "a.csv.gz", "1")
    store.put(tmp_path / "in", "x")
    store.faults = list(faults)
    ran = finops("ingest", "gs://bills/x")
    assert (ran.code, said in ran.err, "hint:" in ran.err) == (ExitCode.OUTSIDE, True, True), ran.err
    assert "gs://bills/x" in ran.err
    assert not (tmp_path / "finops.duckdb").exists()
    assert not list(tmp_path.glob(".finops*"))


def test_an_object_that_changes_between_list_and_fetch(
    finops: Finops, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cur(tmp_path / "in" / "a.csv.gz", "1")
    store.put(tmp_path / "in", "x")
    monkeypatch.setattr(Store, "item", lambda self, key, item=Store.item: {**item(self, key), "generation": "1"})
    ran = finops("ingest", "gs://bills/x")
    assert ran.code == ExitCode.OUTSIDE
    assert "no such bucket or object" in ran.err


def test_no_bucket_and_no_server(finops: Finops, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = finops("ingest", "gs://nobodys/x")
    assert ran.code == ExitCode.OUTSIDE
    assert "no such bucket" in ran.err
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "127.0.0.1:9")
    ran = finops("ingest", "gs://bills/x")
    assert ran.code == ExitCode.OUTSIDE
    assert "can't be reached" in ran.err


def test_nobody_is_signed_in(finops: Finops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
    for name, text in (("absent.json", None), ("odd.json", "{"), ("empty.json", "{}")):
        if text is not None:
            (tmp_path / name).write_text(text)
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / name))
        ran = finops("ingest", "gs://bills/x")
        assert ran.code == ExitCode.OUTSIDE, ran.err
        assert "no Google credentials" in ran.err
        assert "gcloud auth" in ran.err


def test_a_service_account_signs_in(finops: Finops, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The token comes from the account's own server; the key is in no message, and neither is the token."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    text = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()

    def give_token(self: BaseHTTPRequestHandler) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps({"access_token": "ya29.example", "expires_in": 3600, "token_type": "Bearer"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    monkeypatch.setattr(Handler, "do_POST", give_token, raising=False)
    account = {"type": "service_account", "client_email": "a@example.com", "private_key": text, "private_key_id": "1"}
    (tmp_path / "account.json").write_text(json.dumps({**account, "token_uri": f"{store.url}/token", "project_id": "p"}))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "account.json"))
    cur(tmp_path / "in" / "a.csv.gz", "1")
    store.put(tmp_path / "in", "x")
    assert ingested(finops, "gs://bills/x") == {"gs://bills/x/a.csv.gz": ("loaded", 1, "1")}
    assert set(store.tokens) == {"Bearer ya29.example"}
    monkeypatch.setattr(Handler, "do_POST", lambda self: Handler.answer(self, 400, b'{"error": "invalid_grant"}'), raising=False)
    ran = finops("ingest", "gs://bills/x")
    assert ran.code == ExitCode.OUTSIDE
    assert "session has expired" in ran.err
    assert "PRIVATE KEY" not in ran.err
