"""Sessions with AWS by the usual chain of credentials, and what its failures mean to the person who asked."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from finops.errors import OutsideError

_SIGN_IN = "sign in anew (`aws sso login`, or fresh keys in the environment); `aws sts get-caller-identity` shows who you are"
_NO_ONE = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role is attached"
_LATER = "try again later; nothing was loaded"
_MEANINGS: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (("NoSuchBucket",), "there is no such bucket", "check the bucket's name and the account that you are signed in to"),
    (
        ("AccessDenied", "AccessDeniedException", "403", "AllAccessDisabled", "UnauthorizedOperation"),
        "AWS refuses access",
        "the caller needs s3:ListBucket on the bucket and s3:GetObject on its objects; for Cost Explorer ce:GetCostAndUsage",
    ),
    (("ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"), "the session has expired", _SIGN_IN),
    (
        ("InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidClientTokenId", "UnrecognizedClientException", "InvalidToken"),
        "AWS does not accept these credentials",
        _SIGN_IN,
    ),
    (("RequestTimeTooSkewed",), "this machine's clock is off, so AWS refuses its requests", "set the clock"),
    (
        ("SlowDown", "Throttling", "ThrottlingException", "TooManyRequestsException", "LimitExceededException"),
        "AWS asks to slow down",
        _LATER,
    ),
    (("503", "500", "ServiceUnavailable", "InternalError", "RequestTimeout"), "AWS does not answer as it should", _LATER),
    (("InvalidObjectState",), "the object is archived", "restore it first, or name a prefix without it"),
    (("PreconditionFailed", "412"), "the object was replaced while it was read", "run the command again"),
    (("NoSuchKey", "404"), "the object went away while the bucket was read", "run the command again"),
    (("DataUnavailableException",), "Cost Explorer holds no data for this period yet", "switch it on, or ask for a later month"),
)


def session_client(service: str, *, where: str, region: str | None = None) -> Any:
    """A client by the usual chain: environment, profile, role. Five tries with growing pauses."""
    import boto3
    from botocore.config import Config

    config = Config(retries={"max_attempts": 5, "mode": "standard"}, connect_timeout=10, read_timeout=60)
    with aws_errors(where):
        session = boto3.session.Session()
        return session.client(service, region_name=session.region_name or os.environ.get("AWS_REGION") or region, config=config)


@contextmanager
def aws_errors(where: str) -> Iterator[None]:
    """Turns whatever the SDK raises into one OutsideError. Nothing of a credential is in any message."""
    from botocore import exceptions as aws

    try:
        yield
    except aws.ClientError as error:
        raise _refused(error.response.get("Error", {}), where) from None
    except (aws.NoCredentialsError, aws.PartialCredentialsError, aws.CredentialRetrievalError):
        raise OutsideError("there are no AWS credentials", where=where, hint=_NO_ONE) from None
    except (aws.ProfileNotFound, aws.ConfigParseError) as error:
        raise OutsideError(f"the AWS profile can't be used: {error}", where=where, hint="check AWS_PROFILE") from None
    except (aws.SSOError, aws.TokenRetrievalError, aws.UnauthorizedSSOTokenError):
        raise OutsideError("the session has expired", where=where, hint=_SIGN_IN) from None
    except aws.NoRegionError:
        raise OutsideError("no AWS region is set", where=where, hint="set AWS_DEFAULT_REGION, for example us-east-1") from None
    except (aws.HTTPClientError, aws.ConnectionError, aws.IncompleteReadError, aws.ResponseStreamingError) as error:
        what = f"AWS can't be reached ({type(error).__name__})"
        hint = f"check the network, proxies and AWS_ENDPOINT_URL, then {_LATER}"
        raise OutsideError(what, where=where, hint=hint) from None
    except (aws.BotoCoreError, ValueError) as error:
        raise OutsideError(f"AWS can't be asked: {str(error)[:200]}", where=where, hint="check the AWS configuration") from None


def _refused(said: dict[str, Any], where: str) -> OutsideError:
    code = str(said.get("Code", ""))
    for codes, what, hint in _MEANINGS:
        if code in codes:
            return OutsideError(f"{what} ({code})", where=where, hint=hint)
    message = str(said.get("Message", ""))[:200]
    return OutsideError(f"AWS refuses: {code} {message}".rstrip(), where=where, hint="check the name, the region and your rights")
