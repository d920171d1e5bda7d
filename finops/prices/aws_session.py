"""Sessions with AWS for price lists by the usual chain of credentials, and what its failures mean to the person who asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from finops.errors import OutsideError

_SIGN_IN = "sign in anew (`aws sso login`, or fresh keys in the environment); the prices are as they were"
_NO_ONE = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role is attached"
_LATER = "try again later; the prices are as they were"
_MEANINGS: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (
        ("ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"),
        "the session with AWS has expired",
        _SIGN_IN,
    ),
    (
        ("AuthFailure", "InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "InvalidAccessKeyId"),
        "AWS does not accept these credentials",
        _SIGN_IN,
    ),
    (
        ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation"),
        "AWS refuses access",
        "the caller needs pricing:GetProducts, savingsplans:DescribeSavingsPlansOfferingRates, ec2:DescribeSpotPriceHistory"
        " and ec2:DescribeRegions",
    ),
    (
        ("Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException"),
        "AWS asks to slow down",
        _LATER,
    ),
    (("InvalidNextTokenException", "ExpiredNextTokenException"), "the list broke off between two pages", _LATER),
    (("InternalErrorException", "InternalServerException", "ServiceUnavailable", "500", "503"), "AWS does not answer", _LATER),
    (("OptInRequired",), "the account has not opted in to this region", "name the regions with `--region`"),
)


def client(service: str, region: str, where: str) -> Any:
    """A client of one service in one region. Five tries with growing pauses."""
    import boto3
    from botocore.config import Config

    config = Config(retries={"max_attempts": 5, "mode": "standard"}, connect_timeout=10, read_timeout=60)
    with aws_errors(where):
        return boto3.session.Session().client(service, region_name=region, config=config)


def pages(ask: Any, token: str, where: str, **question: Any) -> Iterator[dict[str, Any]]:
    """The pages of an answer; `token` is the name by which the next one is asked for. Pages in a circle are an error."""
    seen: set[str] = set()
    while True:
        with aws_errors(where):
            page: dict[str, Any] = ask(**question)
        yield page
        after = page.get(token[0].upper() + token[1:]) or page.get(token)
        if not after:
            return
        if after in seen:
            raise OutsideError("the list comes in a circle", where=where, hint=_LATER)
        seen.add(after)
        question[token] = after


def regions_of(service: str, where: str) -> list[str]:
    """The regions that the SDK knows of a service."""
    import boto3

    with aws_errors(where):  # a session reads the profile, which may be missing or broken
        return list(boto3.session.Session().get_available_regions(service))


@contextmanager
def aws_errors(where: str) -> Iterator[None]:
    """Turns whatever the SDK raises into one OutsideError. Nothing of a credential is in any message."""
    from botocore import exceptions as aws

    try:
        yield
    except aws.ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        for codes, what, hint in _MEANINGS:
            if code in codes:
                raise OutsideError(f"{what} ({code})", where=where, hint=hint) from None
        raise OutsideError(f"AWS refuses: {code}", where=where, hint="check the region and your rights") from None
    except (aws.NoCredentialsError, aws.PartialCredentialsError, aws.CredentialRetrievalError):
        raise OutsideError("there are no AWS credentials", where=where, hint=_NO_ONE) from None
    except (aws.ProfileNotFound, aws.ConfigParseError):
        raise OutsideError("the AWS profile can't be used", where=where, hint="check AWS_PROFILE") from None
    except (aws.SSOError, aws.TokenRetrievalError, aws.UnauthorizedSSOTokenError):
        raise OutsideError("the session with AWS has expired", where=where, hint=_SIGN_IN) from None
    except (aws.HTTPClientError, aws.ConnectionError, aws.IncompleteReadError) as error:
        raise OutsideError(f"AWS can't be reached ({type(error).__name__})", where=where, hint=_LATER) from None
    except aws.BotoCoreError as error:
        raise OutsideError(f"AWS can't be asked ({type(error).__name__})", where=where, hint="check the AWS settings") from None
