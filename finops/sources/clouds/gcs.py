"""Buckets of Google Cloud Storage over its JSON interface; no more of Google's libraries than those that sign in."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from finops.errors import OutsideError
from finops.sources.clouds.objects import RemoteObject
from finops.sources.web import TIMEOUT_S, patiently

if TYPE_CHECKING:
    from requests import Response

_SCOPE = "https://www.googleapis.com/auth/devstorage.read_only"
_HOME = "https://storage.googleapis.com"
_CHUNK, _TRIES = 1 << 20, 3
_SIGN_IN = "`gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS"
_RIGHTS = "the caller needs storage.objects.list and storage.objects.get: the role Storage Object Viewer"
_NETWORK = "check the network and proxies, then try again; nothing was loaded"
_MEANINGS = {
    401: ("Google does not accept these credentials", _SIGN_IN),
    403: ("Google refuses access", _RIGHTS),
    404: ("there is no such bucket or object", "check the bucket's name and the project that you are signed in to"),
    412: ("the object was replaced while it was read", "run the command again"),
    429: ("Google asks to slow down", "try again later; nothing was loaded"),
}


class GcsBucket:
    """A bucket that is listed page by page and read object by object, each in the generation that the listing saw."""

    def __init__(self, name: str) -> None:
        self.uri, self._name = f"gs://{name}", name
        home = os.environ.get("STORAGE_EMULATOR_HOST", "").rstrip("/")
        self._home = (home if "://" in home else f"http://{home}") if home else _HOME
        self._session = _session(self.uri, emulated=bool(home))

    def objects(self, prefix: str) -> Iterator[RemoteObject]:
        where = f"{self.uri}/{prefix}"
        fields = "nextPageToken,items(name,size,md5Hash,generation,updated,contentEncoding)"
        asked: dict[str, str | int] = {"prefix": prefix, "fields": fields, "maxResults": 1000}
        while True:
            answer = self._get(f"{self._home}/storage/v1/b/{quote(self._name, safe='')}/o", where, params=asked)
            page = _json(answer, where)
            for found in page.get("items", ()):
                tag = f"{found.get('md5Hash', '')}#{found.get('generation', '')}"
                packed = found.get("contentEncoding") == "gzip"
                yield RemoteObject(found["name"], int(found.get("size", 0)), tag, found.get("updated", ""), packed)
            if not page.get("nextPageToken"):
                return
            asked["pageToken"] = page["nextPageToken"]

    def fetch(self, found: RemoteObject, path: Path, told: Callable[[int], None]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        where = f"{self.uri}/{found.key}"
        digest, _, generation = found.tag.partition("#")
        url = f"{self._home}/storage/v1/b/{quote(self._name, safe='')}/o/{quote(found.key, safe='')}"
        for _ in range(_TRIES):
            answer = self._get(url, where, params={"alt": "media", "generation": generation}, stream=True)
            if _written(answer, path, told, found.size, digest):
                return
            path.unlink(missing_ok=True)
        raise OutsideError("the object comes cut short or damaged", where=where, hint=_NETWORK)

    def _get(self, url: str, where: str, **options: Any) -> Response:
        from google.auth.exceptions import GoogleAuthError, RefreshError

        def send() -> Response:
            return self._session.get(url, timeout=TIMEOUT_S, headers={"Accept-Encoding": "gzip"}, **options)  # type: ignore[no-any-return]

        try:
            answer = patiently(send, where, hint=_NETWORK)
        except RefreshError:
            raise OutsideError("the Google session has expired", where=where, hint=_SIGN_IN) from None
        except GoogleAuthError:
            raise OutsideError("Google can't be signed in to", where=where, hint=_SIGN_IN) from None
        if answer.status_code == 200:
            return answer
        answer.close()
        what, hint = _MEANINGS.get(
            answer.status_code, ("Google does not answer as it should", "try again later; nothing was loaded")
        )
        raise OutsideError(f"{what} (HTTP {answer.status_code})", where=where, hint=hint)


def _session(where: str, *, emulated: bool) -> Any:
    """A session with the application's default credentials; an emulator asks for none unless a file of them is named."""
    import requests

    if emulated and not os.environ.get("GOOGLE_APPLICATION_CREDENTIALS"):
        return requests.Session()
    import google.auth
    from google.auth.exceptions import GoogleAuthError
    from google.auth.transport.requests import AuthorizedSession

    try:
        credentials, _ = google.auth.default(scopes=[_SCOPE])
    except (GoogleAuthError, ValueError):
        raise OutsideError("there are no Google credentials", where=where, hint=_SIGN_IN) from None
    return AuthorizedSession(credentials)  # type: ignore[no-untyped-call]


def _json(answer: Response, where: str) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise OutsideError("the answer is no list of objects", where=where, hint="check STORAGE_EMULATOR_HOST and proxies")
    return found


def _written(answer: Response, path: Path, told: Callable[[int], None], size: int, digest: str) -> bool:
    """Writes the object's own bytes, packed as they are; false where they break off or are not those that were listed."""
    import requests
    from urllib3.exceptions import HTTPError

    checked, count = hashlib.md5(usedforsecurity=False), 0
    try:
        with answer, path.open("wb") as file:
            while chunk := answer.raw.read(_CHUNK, decode_content=False):
                checked.update(chunk)
                count += len(chunk)
                file.write(chunk)
                told(len(chunk))
    except (HTTPError, requests.RequestException, ConnectionError, TimeoutError):
        return False
    return count == size and (not digest or base64.b64encode(checked.digest()).decode() == digest)
