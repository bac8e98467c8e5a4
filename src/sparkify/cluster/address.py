"""Where a cluster is, for those who connect to it: `redshift://?stack=NAME` leads here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from sparkify.cluster.aws import Cloud, connect, translated
from sparkify.cluster.request import check_name
from sparkify.cluster.stack import Stack, failure
from sparkify.cluster.states import Phase
from sparkify.errors import CloudError


@dataclass(frozen=True)
class ClusterAddress:
    """All that is needed to connect to a cluster and to let it COPY.

    `role_arn` is the role that COPY acts with; `secret_arn` is where AWS keeps the first user's password, empty for
    Serverless, of which `workgroup` is the name.
    """

    stack: str
    host: str
    port: int
    database: str
    user: str
    role_arn: str
    secret_arn: str
    region: str
    workgroup: str = ""

    @property
    def cluster_identifier(self) -> str:
        """The cluster's name in Redshift, which is the stack's."""
        return self.stack


@dataclass(frozen=True)
class Login:
    """A user and a password that Redshift takes for a while; the password is in no text of it."""

    user: str
    password: str = field(repr=False)
    expires_at: datetime


def find_cluster(stack: str, region: str | None = None, *, cloud: Cloud | None = None) -> ClusterAddress:
    """Find a cluster by the name of its stack.

    Raises:
        UsageError: the name is malformed, the stack is not Sparkify's, or boto3 or a region is missing.
        CloudError: there is no such stack, it is not ready, or AWS refuses.
    """
    check_name(stack)
    cloud = cloud or connect(region)
    status = Stack(cloud, stack).ours()
    if status is None:
        raise CloudError(
            f"there is no stack {stack} in {cloud.region}", hint=f"Make it with: sparkify cluster create --name {stack}"
        )
    if status.meaning.phase is not Phase.READY:
        raise failure(status)
    outputs = status.outputs
    return ClusterAddress(
        stack,
        outputs["Host"],
        int(outputs["Port"]),
        outputs["Database"],
        outputs["User"],
        outputs["CopyRoleArn"],
        outputs.get("SecretArn", ""),
        cloud.region,
        status.name if status.is_serverless else "",
    )


def temporary_login(address: ClusterAddress, *, seconds: int = 3600, cloud: Cloud | None = None) -> Login:
    """A password for the cluster's first user, made for `seconds` (900 to 3600) by the right of who is signed in.

    Raises:
        CloudError: AWS refuses: `redshift:GetClusterCredentials` is the right that it takes.
    """
    cloud = cloud or connect(address.region)
    with translated(f"get a password for the cluster {address.cluster_identifier}"):
        found = cloud.client("redshift").get_cluster_credentials(
            DbUser=address.user,
            DbName=address.database,
            ClusterIdentifier=address.cluster_identifier,
            DurationSeconds=seconds,
            AutoCreate=False,
        )
    return Login(found["DbUser"], found["DbPassword"], found["Expiration"].astimezone(UTC))
