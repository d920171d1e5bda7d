"""Which cloud a URI of a bucket belongs to."""

from __future__ import annotations

import re

from finops.errors import UsageError
from finops.sources.clouds.objects import Bucket

SCHEMES = ("s3", "gs")
_URI = re.compile(r"(s3|gs)://([A-Za-z0-9][A-Za-z0-9._-]{1,221})(?:/(.*))?")


def bucket_and_prefix(uri: str) -> tuple[Bucket, str]:
    """The bucket that a URI such as `s3://bucket/exports/cur` names, and the prefix of the keys below it."""
    found = _URI.fullmatch(uri)
    if found is None:
        raise UsageError(f"`{uri}` names no bucket", hint="write it as s3://BUCKET/PREFIX or gs://BUCKET/PREFIX")
    prefix = (found[3] or "").strip("/")
    if found[1] == "s3":
        from finops.sources.clouds.s3 import S3Bucket

        return S3Bucket(found[2]), prefix
    from finops.sources.clouds.gcs import GcsBucket

    return GcsBucket(found[2]), prefix
