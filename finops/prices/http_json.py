"""JSON over HTTP from public price lists: patient with throttles and failures, clear where they do not end."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from finops.errors import OutsideError

TRIES = 5
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_LONGEST_S = 60.0
_LATER = "try again later; the prices are as they were"


def get_json(url: str, params: Mapping[str, str] | None = None, *, pause: Callable[[float], None] | None = None) -> Any:
    """What `url` answers, numbers with a point as Decimal. Throttles and server errors are tried again, after pauses that grow
    or as long as the server says."""
    answer = _answered(url, params, pause)
    try:
        return answer.json(parse_float=Decimal)
    except ValueError:
        raise OutsideError("the answer is cut short or not JSON", where=url.partition("?")[0], hint=_LATER) from None


def get_bytes(url: str, largest: int, *, pause: Callable[[float], None] | None = None) -> bytes:
    """What `url` answers, as it is; an error where that is more than `largest` bytes."""
    content: bytes = _answered(url, None, pause).content
    if len(content) > largest:
        raise OutsideError(f"the answer has {len(content):,} bytes, more than {largest:,}", where=url, hint=_LATER)
    return content


def _answered(url: str, params: Mapping[str, str] | None, pause: Callable[[float], None] | None) -> Any:
    import requests

    where = url.partition("?")[0]
    answer, wait = None, 1.0
    for attempt in range(TRIES):
        try:
            answer = requests.get(url, params=params, timeout=60, headers={"Accept": "application/json"})
        except requests.RequestException as error:
            answer, said = None, type(error).__name__
        if answer is not None and answer.status_code not in _AGAIN:
            break
        if attempt + 1 < TRIES:
            (pause or time.sleep)(min(_asked(answer) or wait, _LONGEST_S))
            wait *= 2
    if answer is None:
        raise OutsideError(f"the list can't be reached ({said})", where=where, hint="check the network and proxies")
    if answer.status_code == 429:
        raise OutsideError("the list asks to slow down (HTTP 429)", where=where, hint=_LATER)
    if answer.status_code != 200:
        hint = "check the filter: region and instance type" if answer.status_code in (400, 404) else _LATER
        raise OutsideError(f"the list does not answer as it should (HTTP {answer.status_code})", where=where, hint=hint)
    return answer


def _asked(answer: Any) -> float | None:
    """The seconds that the server asks to wait."""
    text = answer.headers.get("Retry-After", "") if answer is not None else ""
    return float(text) if text.isdigit() else None
