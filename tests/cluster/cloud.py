"""AWS as moto imitates it, with what moto lacks: declared here, and nowhere else.

moto runs the real template through its own CloudFormation: parameters, conditions and references are resolved, and
roles, a security group and a cluster are made in its IAM, EC2 and Redshift. Added to it:

- a model of AWS::Scheduler::Schedule, on top of moto's EventBridge Scheduler;
- deletion of AWS::Redshift::Cluster, its name, changes to it, and its attributes Endpoint.Address and
  MasterPasswordSecretArn;
- a change set that is executed leaves its parameters, its tags and the outputs at the stack; until then there are no
  tags, as we understand AWS;
- AWS::NoValue in a list of a role's policies, and as a role's condition, which moto hands on as None;
- Redshift Serverless, of which nothing is ever there.

moto makes and deletes at once: states under way, failures and the order of deletion are tested without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache, partial
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.cloudformation.models import CloudFormationBackend
from moto.core.common_models import CloudFormationModel
from moto.iam.models import Role
from moto.redshift.models import Cluster, redshift_backends
from moto.scheduler.models import scheduler_backends

from sparkify.cluster.aws import Cloud

REGION = "us-west-2"
ACCOUNT = "123456789012"


class Schedule(CloudFormationModel):
    """AWS::Scheduler::Schedule, kept by moto's EventBridge Scheduler."""

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def physical_resource_id(self) -> str:
        return self.name

    @staticmethod
    def cloudformation_name_type() -> str:
        return "Name"

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::Scheduler::Schedule"

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_more: Any
    ) -> Schedule:
        given = cloudformation_json["Properties"]
        scheduler_backends[account_id][region_name].create_schedule(
            group_name="default", name=resource_name, action_after_completion=None, **_schedule(given)
        )
        return cls(resource_name)

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> Schedule:
        given = cloudformation_json["Properties"]
        scheduler_backends[account_id][region_name].update_schedule(
            group_name="default", name=original_resource.name, **_schedule(given)
        )
        return cls(original_resource.name)

    @classmethod
    def delete_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
    ) -> None:
        scheduler_backends[account_id][region_name].delete_schedule("default", resource_name)


def _schedule(given: dict[str, Any]) -> dict[str, Any]:
    start = given.get("StartDate")
    return {
        "description": given["Description"],
        "end_date": None,
        "flexible_time_window": given["FlexibleTimeWindow"],
        "kms_key_arn": None,
        "schedule_expression": given["ScheduleExpression"],
        "schedule_expression_timezone": given["ScheduleExpressionTimezone"],
        "start_date": datetime.strptime(start, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp() if start else None,
        "state": given["State"],
        "target": given["Target"],
    }


def complete(monkeypatch: pytest.MonkeyPatch, address: str = "") -> None:
    """Add to moto, in this process, what it lacks; clusters are at an address, if one is given."""
    made = Cluster.create_from_cloudformation_json.__func__  # type: ignore[attr-defined]

    def create(cls: Any, resource_name: str, cloudformation_json: Any, *more: Any, **named: Any) -> Any:
        name = cloudformation_json["Properties"]["ClusterIdentifier"]
        cluster = made(cls, name, cloudformation_json, *more, **named)
        cluster.iam_roles_arn = cloudformation_json["Properties"]["IamRoles"]
        return cluster

    def change(_cls: Any, /, original_resource: Any, cloudformation_json: Any, **_more: Any) -> Any:
        given = cloudformation_json["Properties"]
        original_resource.number_of_nodes = int(given.get("NumberOfNodes", 1))
        original_resource.node_type = given["NodeType"]
        original_resource.publicly_accessible = given["PubliclyAccessible"]
        return original_resource

    def delete(cls: Any, resource_name: str, _json: Any, account_id: str, region_name: str) -> None:
        redshift_backends[account_id][region_name].delete_cluster(
            cluster_identifier=resource_name, skip_final_snapshot=True, final_cluster_snapshot_identifier=None
        )

    def attribute(self: Any, name: str) -> Any:
        return {
            "Endpoint": address or self.address,  # of Endpoint.Address in YAML, moto asks for the first word
            "MasterPasswordSecretArn": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:redshift!{self.name}",
        }[name]

    roles = Role.create_from_cloudformation_json.__func__  # type: ignore[attr-defined]

    def create_role(cls: Any, resource_name: str, cloudformation_json: Any, *more: Any, **named: Any) -> Any:
        given = cloudformation_json["Properties"]
        given["Policies"] = [policy for policy in given.get("Policies", ()) if policy]
        for statement in given["AssumeRolePolicyDocument"]["Statement"]:
            if statement.get("Condition", "") is None:
                del statement["Condition"]
        return roles(cls, resource_name, cloudformation_json, *more, **named)

    planned, executed = CloudFormationBackend.create_change_set, CloudFormationBackend.execute_change_set

    def plan(self: Any, *more: Any, **named: Any) -> Any:
        change_set_id, stack_id = planned(self, *more, **named)
        if self.stacks[stack_id].status == "REVIEW_IN_PROGRESS":
            self.stacks[stack_id].tags = {}
        return change_set_id, stack_id

    def execute(self: Any, change_set_name: str, stack_name: str | None = None) -> None:
        executed(self, change_set_name, stack_name)
        change_set = self.change_sets.pop(change_set_name)
        stack = change_set.stack
        stack.tags, stack.parameters = change_set.tags, change_set.parameters
        stack._parse_template()
        stack.output_map = stack._create_output_map()

    monkeypatch.setattr(CloudFormationBackend, "create_change_set", plan)
    monkeypatch.setattr(CloudFormationBackend, "execute_change_set", execute)
    monkeypatch.setattr(Role, "create_from_cloudformation_json", classmethod(create_role))
    monkeypatch.setattr(Cluster, "create_from_cloudformation_json", classmethod(create))
    monkeypatch.setattr(Cluster, "update_from_cloudformation_json", classmethod(change))
    monkeypatch.setattr(Cluster, "delete_from_cloudformation_json", classmethod(delete))
    monkeypatch.setattr(Cluster, "get_cfn_attribute", attribute)
    monkeypatch.setattr(Cluster, "has_cfn_attr", classmethod(lambda _cls, _name: True))
    monkeypatch.setattr(Cluster, "name", property(lambda self: self.cluster_identifier), raising=False)
    monkeypatch.setattr(Cluster, "physical_resource_id", property(lambda self: self.cluster_identifier), raising=False)


@contextmanager
def imitated(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """moto in place of AWS, with what it lacks."""
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    complete(monkeypatch)
    with mock_aws():
        yield


class Killed(BaseException):
    """The process ends here: nothing catches it but the test."""


_listeners: list[Callable[[str, bool], None]] = []


@cache
def _session() -> boto3.Session:
    """One session for all tests, with one client of each service: to make one takes longer than to use it."""
    session = boto3.Session(region_name=REGION, aws_access_key_id="AKIATEST", aws_secret_access_key="secret-for-moto")
    session.events.register("before-call.*.*", partial(_tell, answered=False))
    session.events.register("after-call.*.*", partial(_tell, answered=True))
    session.events.register("before-call.redshift-serverless.*", _nothing_is_there)
    make, made = session.client, dict[str, Any]()

    def client(service: str, **more: Any) -> Any:
        if service not in made:
            made[service] = make(service, **more)
        return made[service]

    session.client = client
    return session


def _nothing_is_there(**_more: Any) -> tuple[Any, dict[str, Any]]:
    """What Redshift Serverless answers for names that it does not know."""
    error = {"Code": "ResourceNotFoundException", "Message": "it does not exist"}
    return SimpleNamespace(status_code=404), {"Error": error, "ResponseMetadata": {}}


def _tell(model: Any, *, answered: bool, **_more: Any) -> None:
    for listener in _listeners:
        listener(f"{model.service_model.service_name}.{model.name}", answered)


def cloud() -> Cloud:
    """An account, signed in."""
    return Cloud(_session())


class Process:
    """A process that dies when AWS has answered so many calls of it, or before its first call, and asks nothing more.

    `calls` are those that were answered; `late` those that it made when it was dead, of which there may be none.
    """

    def __init__(self, dies_after: int) -> None:
        self.calls: list[str] = []
        self.late: list[str] = []
        self._dies_after = dies_after
        self.is_dead = False

    def __enter__(self) -> Process:
        _listeners.append(self._hear)
        return self

    def __exit__(self, *_exception: object) -> None:
        _listeners.remove(self._hear)

    def _hear(self, name: str, answered: bool) -> None:
        if self.is_dead:
            self.late.append(name)
        elif answered:
            self.calls.append(name)
        if self.is_dead or len(self.calls) == self._dies_after:
            self.is_dead = True
            raise Killed(name)
