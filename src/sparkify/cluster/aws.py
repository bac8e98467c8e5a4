"""AWS, as far as it is asked here: clients, who is asking and from where, and AWS's errors in our words."""

from __future__ import annotations

import ipaddress
import os
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sparkify.errors import CloudError, UsageError, needing

if TYPE_CHECKING:
    import boto3
    from botocore.exceptions import ClientError

CREDENTIAL_CHAIN = "AWS_PROFILE, the environment's AWS_ACCESS_KEY_ID, `aws configure` or `aws sso login`"
"""Where AWS's tools find credentials, as it is said to users."""

ADDRESS_SERVICE = "https://checkip.amazonaws.com"
"""Amazon's own service that answers with the address that it is asked from."""

_EXPIRED = ("ExpiredToken", "ExpiredTokenException", "RequestExpired")
_INVALID = ("InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "AuthFailure")
_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
_WRONG_SECRET = ("SignatureDoesNotMatch", "IncompleteSignature")


class Cloud:
    """One account in one region, with the clients that are asked for."""

    def __init__(self, session: boto3.Session) -> None:
        self._session = session

    def client(self, service: str) -> Any:
        """The client of a service."""
        from botocore.config import Config

        with translated():
            return self._session.client(service, config=Config(retries={"mode": "standard", "max_attempts": 8}))

    @cached_property
    def cloudformation(self) -> Any:
        """The client of CloudFormation."""
        return self.client("cloudformation")

    @property
    def region(self) -> str:
        """The region."""
        return str(self._session.region_name)

    def caller(self) -> str:
        """The ARN of who is asking."""
        with translated("ask who is signed in"):
            return str(self.client("sts").get_caller_identity()["Arn"])


def connect(region: str | None = None) -> Cloud:
    """The account and region that AWS's own configuration names; nothing is asked yet.

    Raises:
        UsageError: boto3 is not installed, no region is named, or a profile is missing.
    """
    with needing("AWS", "redshift"):
        import boto3
    with translated():
        # boto3 itself does not read AWS_REGION, as the other tools of AWS do.
        session = boto3.Session(region_name=region or os.environ.get("AWS_REGION") or None)
    if not session.region_name:
        raise UsageError(
            "no AWS region is named", hint="Name it in AWS_REGION or by aws configure; cluster also takes --region."
        )
    return Cloud(session)


@contextmanager
def translated(what: str = "sign in to AWS") -> Iterator[None]:
    """Turn botocore's errors into ours; `what` was being done.

    AWS answers a wrong signature with the text that was signed, which may hold a token: that text is not shown.
    """
    from botocore import exceptions

    try:
        yield
    except exceptions.ProfileNotFound as error:
        raise UsageError(str(error), hint="Check AWS_PROFILE, or make it with: aws configure --profile NAME") from error
    except (exceptions.NoCredentialsError, exceptions.PartialCredentialsError, exceptions.CredentialRetrievalError,
            exceptions.SSOError) as error:  # fmt: skip
        raise CloudError(f"cannot {what}: no credentials", hint=f"Sign in: {CREDENTIAL_CHAIN}.") from error
    except exceptions.ClientError as error:
        code = error.response["Error"].get("Code", "")
        if code in _WRONG_SECRET:
            raise CloudError(f"cannot {what}: the secret key is wrong", hint=f"Check {CREDENTIAL_CHAIN}.") from None
        raise _refused(what, code, error) from error
    except exceptions.BotoCoreError as error:
        raise CloudError(f"cannot {what}: {error}", hint="Check the network and the region, and run again.") from error


def _refused(what: str, code: str, error: ClientError) -> CloudError:
    said = " ".join(str(error.response["Error"].get("Message") or code).split())
    if code in _EXPIRED:
        return CloudError(f"cannot {what}: the credentials have expired", hint=f"Sign in again: {CREDENTIAL_CHAIN}.")
    if code in _INVALID:
        return CloudError(f"cannot {what}: AWS does not know these credentials", hint=f"Check {CREDENTIAL_CHAIN}.")
    if code in _DENIED:
        return CloudError(
            f"cannot {what}: {said}", hint="Ask for the right to do it, or sign in as someone who has it."
        )
    return CloudError(f"cannot {what}: {said}", hint=f"AWS calls it {code}.")


def code_of(error: ClientError) -> str:
    """AWS's name for an error."""
    return str(error.response["Error"].get("Code", ""))


def own_address() -> str:
    """The address that this machine has for AWS, as a CIDR of one address.

    Raises:
        CloudError: Amazon's service does not answer, or with something else.
    """
    try:
        with urllib.request.urlopen(ADDRESS_SERVICE, timeout=10) as answer:
            return f"{ipaddress.IPv4Address(answer.read(64).decode('ascii').strip())}/32"
    except (OSError, ValueError) as error:
        raise CloudError(
            f"cannot learn this machine's address from {ADDRESS_SERVICE}: {error}",
            hint="Name it with --allow-from, such as 203.0.113.7/32.",
        ) from error
