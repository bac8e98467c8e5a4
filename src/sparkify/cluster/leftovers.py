"""What a cluster leaves behind: the services themselves are asked, for the word of CloudFormation is not enough."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sparkify.cluster.aws import Cloud, code_of, translated


def leftovers(cloud: Cloud, name: str, *, is_cluster: bool = True, is_serverless: bool = True) -> list[str]:
    """Whatever of the cluster of that name is still there, in words; nothing if all of it is gone.

    `is_cluster` and `is_serverless` say what it may have been.

    Raises:
        CloudError: AWS refuses to say.
    """
    with translated(f"make sure that nothing of {name} is left"):
        found = [*_clusters(cloud, name), *_snapshots(cloud, name)] if is_cluster else []
        found += _serverless(cloud, name) if is_serverless else []
        return [*found, *_schedules(cloud, name), *_roles(cloud, name), *_security_groups(cloud, name)]


def _found(ask: Callable[[], Any], *absent: str) -> Any:
    """The answer, or None if AWS says that there is no such thing."""
    from botocore.exceptions import ClientError

    try:
        return ask()
    except ClientError as error:
        if code_of(error) in absent:
            return None
        raise


def _clusters(cloud: Cloud, name: str) -> Iterator[str]:
    api = cloud.client("redshift")
    found = _found(lambda: api.describe_clusters(ClusterIdentifier=name), "ClusterNotFound", "ClusterNotFoundFault")
    for cluster in found["Clusters"] if found else ():
        yield f"the Redshift cluster {cluster['ClusterIdentifier']} ({cluster['ClusterStatus']}), which costs"


def _snapshots(cloud: Cloud, name: str) -> Iterator[str]:
    api = cloud.client("redshift")
    found = _found(
        lambda: api.describe_cluster_snapshots(ClusterIdentifier=name, SnapshotType="manual"),
        "ClusterNotFound",
        "ClusterNotFoundFault",
        "ClusterSnapshotNotFound",
    )
    for snapshot in found["Snapshots"] if found else ():
        if snapshot["SnapshotType"] == "manual":
            yield f"the snapshot {snapshot['SnapshotIdentifier']}, which costs"


def _serverless(cloud: Cloud, name: str) -> Iterator[str]:
    api = cloud.client("redshift-serverless")
    if found := _found(lambda: api.get_workgroup(workgroupName=name), "ResourceNotFoundException"):
        state = found["workgroup"]["status"]
        yield f"the workgroup {name} of Redshift Serverless ({state}), which costs while it works"
    if found := _found(lambda: api.get_namespace(namespaceName=name), "ResourceNotFoundException"):
        yield f"the namespace {name} of Redshift Serverless ({found['namespace']['status']}), whose storage costs"


def _schedules(cloud: Cloud, name: str) -> Iterator[str]:
    api = cloud.client("scheduler")
    if _found(lambda: api.get_schedule(Name=f"{name}-guard"), "ResourceNotFoundException"):
        yield f"the schedule {name}-guard of EventBridge Scheduler"


def _roles(cloud: Cloud, name: str) -> Iterator[str]:
    for page in cloud.client("iam").get_paginator("list_roles").paginate(PathPrefix=f"/sparkify/{name}/"):
        for role in page["Roles"]:
            yield f"the role {role['Arn']}"


def _security_groups(cloud: Cloud, name: str) -> Iterator[str]:
    wanted = [
        {"Name": "tag:aws:cloudformation:stack-name", "Values": [name]},
        {"Name": "tag:aws:cloudformation:logical-id", "Values": ["SecurityGroup"]},
    ]
    for group in cloud.client("ec2").describe_security_groups(Filters=wanted)["SecurityGroups"]:
        yield f"the security group {group['GroupId']}"
