"""Buckets of AWS S3, and of whatever speaks its protocol behind AWS_ENDPOINT_URL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from finops.errors import OutsideError
from finops.sources.clouds.aws import aws_errors, session_client
from finops.sources.clouds.objects import RemoteObject

PAGE_KEYS = 1000
_CHUNK, _TRIES = 1 << 20, 3


class S3Bucket:
    """A bucket that is listed page by page and read object by object, each as the listing saw it."""

    def __init__(self, name: str) -> None:
        self.uri, self._name = f"s3://{name}", name
        self._client: Any = session_client("s3", where=self.uri)

    def objects(self, prefix: str) -> Iterator[RemoteObject]:
        with aws_errors(f"{self.uri}/{prefix}"):
            pages = self._client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self._name, Prefix=prefix, PaginationConfig={"PageSize": PAGE_KEYS}):
                for found in page.get("Contents", ()):
                    yield RemoteObject(
                        found["Key"], int(found["Size"]), found["ETag"].strip('"'), found["LastModified"].isoformat()
                    )

    def fetch(self, found: RemoteObject, path: Path, told: Callable[[int], None]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        where = f"{self.uri}/{found.key}"
        for attempt in range(1, _TRIES + 1):
            with aws_errors(where):
                answer = self._client.get_object(Bucket=self._name, Key=found.key, IfMatch=f'"{found.tag}"')
            try:
                with aws_errors(where), answer["Body"] as body, path.open("wb") as file:
                    while chunk := body.read(_CHUNK):
                        file.write(chunk)
                        told(len(chunk))
            except OutsideError:  # the SDK tries requests again, but not what breaks off within an answer
                path.unlink(missing_ok=True)
                if attempt == _TRIES:
                    raise
                continue
            if path.stat().st_size == found.size:
                return
        raise OutsideError("the object came with another size than listed", where=where, hint="run the command again")
