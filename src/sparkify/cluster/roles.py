"""The role that COPY acts with, when it is one that Sparkify did not make."""

from __future__ import annotations

import re

from sparkify.cluster.aws import Cloud, connect, translated
from sparkify.errors import CloudError, UsageError

SERVICE = "redshift.amazonaws.com"
_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/(?:[\x21-\x7e]+/)?([\w+=,.@-]+)")

_NEXT_IN_CHAIN = re.compile(r",(?=arn:)")


def check_copy_role(arn: str, *, cloud: Cloud | None = None) -> None:
    """Make sure that a role is there, and that Redshift may act with it.

    Of a chain, `arn,arn`, it is the first: the others may be those of another account, which does not show them.

    Raises:
        UsageError: it is no ARN of a role.
        CloudError: there is no such role, it does not trust Redshift, or AWS refuses to say.
    """
    arn = _NEXT_IN_CHAIN.split(arn)[0]
    found = _ARN.fullmatch(arn)
    if not found:
        raise UsageError(f"copy_role is no ARN of a role: {arn}", hint="Such as arn:aws:iam::123456789012:role/copy.")
    cloud = cloud or connect()
    with translated(f"look at the role {arn}"):
        trust = cloud.client("iam").get_role(RoleName=found[1])["Role"]["AssumeRolePolicyDocument"]
    statements = trust.get("Statement", [])
    for statement in [statements] if isinstance(statements, dict) else statements:
        principal = statement.get("Principal", {})
        services = principal.get("Service", ()) if isinstance(principal, dict) else ()
        if statement.get("Effect") == "Allow" and SERVICE in ([services] if isinstance(services, str) else services):
            return
    raise CloudError(
        f"Redshift may not act with the role {arn}", hint=f"Let its trust policy allow sts:AssumeRole to {SERVICE}."
    )
