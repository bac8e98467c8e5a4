"""Redshift Serverless: who signs in to a workgroup, and the limit of what it may use.

CloudFormation has no resource for a usage limit, so it is set by the API as soon as the workgroup is there. The stack's
parameter `UsageLimit` says what it is to be, and whoever runs `cluster create` again sets it again.
"""

from __future__ import annotations

from datetime import UTC
from typing import Any

from sparkify.cluster.address import Login
from sparkify.cluster.aws import Cloud, connect, translated
from sparkify.errors import CloudError

_USAGE = "serverless-compute"
_PERIOD = "daily"
_AT_THE_LIMIT = "deactivate"
"""What happens at the limit: queries of users are refused until the next day."""


def workgroup_login(workgroup: str, database: str, region: str | None = None, *, cloud: Cloud | None = None) -> Login:
    """A user and a password of a workgroup for an hour, by the right of who is signed in, whose own user it is.

    Raises:
        CloudError: AWS refuses.
    """
    cloud = cloud or connect(region)
    try:
        with translated(f"get a password for the workgroup {workgroup}"):
            found = cloud.client("redshift-serverless").get_credentials(
                workgroupName=workgroup, dbName=database, durationSeconds=3600
            )
    except CloudError as error:
        raise CloudError(
            error.what,
            hint=f"{error.hint}\nWithout a password IAM is asked for one: it takes redshift-serverless:GetCredentials "
            "on the workgroup, and ?workgroup=NAME and &region=REGION where the host's name does not tell them.",
        ) from error
    return Login(found["dbUser"], found["dbPassword"], found["expiration"].astimezone(UTC))


def limit_usage(cloud: Cloud, workgroup: str, rpu_hours: int) -> None:
    """Let a workgroup use so many RPU hours a day, and refuse queries beyond.

    Raises:
        CloudError: AWS refuses.
    """
    api = cloud.client("redshift-serverless")
    with translated(f"limit what the workgroup {workgroup} may use"):
        arn = api.get_workgroup(workgroupName=workgroup)["workgroup"]["workgroupArn"]
        found: list[Any] = api.list_usage_limits(resourceArn=arn, usageType=_USAGE).get("usageLimits", [])
        daily = [limit for limit in found if limit.get("period") == _PERIOD]
        wanted = {"amount": rpu_hours, "breachAction": _AT_THE_LIMIT}
        if not daily:
            api.create_usage_limit(resourceArn=arn, usageType=_USAGE, period=_PERIOD, **wanted)
        elif any(daily[0].get(name) != value for name, value in wanted.items()):
            api.update_usage_limit(usageLimitId=daily[0]["usageLimitId"], **wanted)
