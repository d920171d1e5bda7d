"""Asking a server over HTTP with patience: a bounded number of tries, pauses that grow, and one clear error in the end."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

from finops.errors import OutsideError

if TYPE_CHECKING:
    from requests import Response

TRIES = 5
PAUSE_S = 0.5
"""The first pause; each is twice the one before, and none is longer than LONGEST_S, whatever the server asks for."""
LONGEST_S = 20.0
TIMEOUT_S = (10.0, 60.0)
"""To connect, and between two pieces of an answer."""
_BUSY = frozenset({408, 429, 500, 502, 503, 504})


def patiently(send: Callable[[], Response], where: str, *, hint: str) -> Response:
    """The first answer that is not a server's excuse. Errors that a second try won't mend are answers too: the caller reads
    `status_code`. Raises OutsideError where no try came through."""
    import requests

    for attempt in range(TRIES):
        try:
            answer = send()
        except requests.exceptions.SSLError as error:
            raise OutsideError(
                f"the certificate of this server is not trusted: {_brief(error)}", where=where, hint=hint
            ) from None
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
            if attempt == TRIES - 1:
                raise OutsideError(f"this can't be reached: {_brief(error)}", where=where, hint=hint) from None
            time.sleep(_pause(attempt, None))
            continue
        except requests.RequestException as error:
            raise OutsideError(f"this can't be asked: {_brief(error)}", where=where, hint=hint) from None
        if answer.status_code not in _BUSY or attempt == TRIES - 1:
            return answer
        answer.close()
        time.sleep(_pause(attempt, answer.headers.get("Retry-After")))
    return _never()


def bounded_body(answer: Response, limit: int) -> bytes | None:
    """The whole answer; None where it is longer than `limit` bytes. Raises what requests raises where it breaks off."""
    blocks, size = [], 0
    with answer:
        for block in answer.iter_content(1 << 20):
            size += len(block)
            if size > limit:
                return None
            blocks.append(block)
    return b"".join(blocks)


def _pause(attempt: int, asked: str | None) -> float:
    pause: float = PAUSE_S * 2**attempt
    if asked is not None and asked.isdigit():
        pause = max(pause, float(asked))
    return min(pause, LONGEST_S)


def _brief(error: Exception) -> str:
    """The last reason of a chain of causes, without the object addresses that the library prints."""
    cause: BaseException = error
    while (inner := cause.__cause__ or cause.__context__) is not None:
        cause = inner
    text = str(cause) or type(cause).__name__
    return text.rsplit(": ", 1)[-1][:160]


def _never() -> NoReturn:
    raise AssertionError("the last try answers or raises")
