"""Signing in to Amazon MSK with IAM: tokens for librdkafka's OAUTHBEARER, signed with the AWS credentials at hand."""

from __future__ import annotations

import os
import re
from collections.abc import Callable

from sparkify.errors import UsageError, needing

MECHANISM = "AWS_MSK_IAM"
"""What Java's clients call it; librdkafka knows OAUTHBEARER alone."""

_REGION = re.compile(r"\.kafka(?:-serverless)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?:")


def region_of(servers: str) -> str:
    """The region of a cluster: in the names of its brokers, or that of AWS's own configuration.

    Raises:
        UsageError: neither tells it.
    """
    found = _REGION.search(f"{servers}:")
    region = found[1] if found else os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if not region:
        raise UsageError(f"the region of {servers} is not known", hint="Set AWS_REGION.")
    return region


def token_provider(servers: str) -> Callable[[str], tuple[str, float]]:
    """What librdkafka calls for a token; it returns the token, and when that expires, in seconds since the epoch.

    Raises:
        UsageError: the extra `msk` is not installed, or the region is not known.
    """
    with needing(MECHANISM, "msk"):
        from aws_msk_iam_sasl_signer import MSKAuthTokenProvider
    region = region_of(servers)

    def provide(_config: str) -> tuple[str, float]:
        token, milliseconds = MSKAuthTokenProvider.generate_auth_token(region)
        return token, milliseconds / 1000

    return provide
