"""Redshift Serverless: what is asked for and limited, who signs in; by botocore's Stubber, for moto has none of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber
from tests.cluster.cloud import REGION
from tests.cluster.conftest import Run
from tests.cluster.test_failures import STACK_ID, described, event, happened

from sparkify.cluster import address, aws, stack
from sparkify.cluster.aws import Cloud
from sparkify.cluster.leftovers import leftovers
from sparkify.cluster.serverless import limit_usage, workgroup_login
from sparkify.errors import CloudError

ARN = f"arn:aws:redshift-serverless:{REGION}:123456789012:workgroup/1"
GIVEN = {"Kind": "serverless", "BaseCapacity": "16", "UsageLimit": "40", "Nodes": "1", "NodeType": "ra3.large"}
OUTPUTS = {"Host": "lake.123456789012.us-west-2.redshift-serverless.amazonaws.com", "Port": "5439", "Database": "dwh",
           "User": "ada", "CopyRoleArn": "arn:aws:iam::123456789012:role/copy"}  # fmt: skip


class Account:
    """An account whose services answer what they are told to; a call that was not foreseen fails."""

    def __init__(self) -> None:
        session = boto3.Session(region_name=REGION, aws_access_key_id="AKIATEST", aws_secret_access_key="secret")
        self.cloud = Cloud(session)
        self._clients = {name: session.client(name) for name in ("cloudformation", "redshift-serverless", "sts")}
        self.answers = {name: Stubber(client) for name, client in self._clients.items()}
        session.client = lambda name, **_more: self._clients[name]


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    found = Account()
    for module in (aws, address):
        monkeypatch.setattr(module, "connect", lambda _region=None: found.cloud)
    monkeypatch.setattr("sparkify.cluster.serverless.connect", lambda _region=None: found.cloud)
    monkeypatch.setattr(stack, "_POLL_SECONDS", 0.0)
    for stubber in found.answers.values():
        stubber.activate()
    yield found
    for stubber in found.answers.values():
        stubber.assert_no_pending_responses()


def parameters(given: dict[str, str]) -> list[dict[str, str]]:
    return [{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()]


def ready(**more: str) -> dict[str, Any]:
    outputs = [{"OutputKey": name, "OutputValue": value} for name, value in OUTPUTS.items()]
    return described("CREATE_COMPLETE", StackName="lake", Parameters=parameters({**GIVEN, **more}), Outputs=outputs)


def limits(account: Account, *found: dict[str, Any]) -> Stubber:
    api = account.answers["redshift-serverless"]
    api.add_response("get_workgroup", {"workgroup": {"workgroupArn": ARN}}, {"workgroupName": "lake"})
    asked = {"resourceArn": ARN, "usageType": "serverless-compute"}
    api.add_response("list_usage_limits", {"usageLimits": list(found)} if found else {}, asked)
    return api


def test_create_asks_for_a_workgroup_and_limits_it(account: Account, run: Run) -> None:
    api = account.answers["cloudformation"]
    api.add_client_error("describe_stacks", "ValidationError", "Stack with id lake does not exist")
    api.add_client_error("describe_stacks", "ValidationError", "Stack with id lake does not exist")
    account.answers["sts"].add_response("get_caller_identity", {"Arn": "arn:aws:iam::123456789012:user/ada"})
    asked: dict[str, Any] = {}

    def note(params: dict[str, Any], **_more: Any) -> None:
        asked.update({given["ParameterKey"]: given["ParameterValue"] for given in params["Parameters"]})

    account.cloud.cloudformation.meta.events.register("provide-client-params.*.CreateChangeSet", note)
    given = ("StackName", "ChangeSetName", "ChangeSetType", "TemplateBody", "Parameters", "Tags", "Capabilities")
    made = {"Id": "arn:aws:x:change/1", "StackId": STACK_ID}
    api.add_response("create_change_set", made, dict.fromkeys(given, ANY))
    change = {"Action": "Add", "LogicalResourceId": "Workgroup", "ResourceType": "AWS::RedshiftServerless::Workgroup"}
    planned = {"Status": "CREATE_COMPLETE", "Changes": [{"Type": "Resource", "ResourceChange": change}]}
    api.add_response("describe_change_set", planned)
    api.add_response("describe_stack_events", happened(event(1, "REVIEW_IN_PROGRESS")))
    api.add_response("execute_change_set", {})
    api.add_response("describe_stacks", ready())
    api.add_response("describe_stack_events", happened(event(1, "REVIEW_IN_PROGRESS"), event(2, "CREATE_COMPLETE")))
    wanted = {"amount": 40, "breachAction": "deactivate"}
    limit = {"resourceArn": ARN, "usageType": "serverless-compute", "period": "daily", **wanted}
    limits(account).add_response("create_usage_limit", {}, limit)
    done = run("cluster", "create", "--yes", "--serverless", "--name", "lake", "--base-capacity", "16",
               "--usage-limit", "40", "--output", "json")  # fmt: skip
    assert done.code == 0, done.err
    assert (asked["Kind"], asked["BaseCapacity"], asked["UsageLimit"]) == ("serverless", "16", "40")
    assert "at most 5.76 USD an hour" in done.err and "at most 14.40 USD by the usage limit" in done.err
    said = json.loads(done.out)
    assert (said["capacity"], said["warehouse"]) == ("16 RPU", "redshift://?stack=lake")
    assert said["host"] == OUTPUTS["Host"] and said["secret"] is None


def test_a_limit_is_made_once_and_follows_what_is_asked(account: Account) -> None:
    there = {"usageLimitId": "00000000-0000-0000-0000-000000000001", "period": "daily", "amount": 40,
             "breachAction": "deactivate"}  # fmt: skip
    limits(account, {**there, "period": "monthly"}, there)
    limit_usage(account.cloud, "lake", 40)
    limits(account, there).add_response(
        "update_usage_limit", {},
        {"usageLimitId": there["usageLimitId"], "amount": 50, "breachAction": "deactivate"},
    )  # fmt: skip
    limit_usage(account.cloud, "lake", 50)


def test_a_limit_that_may_not_be_set_is_no_success(account: Account) -> None:
    api = account.answers["redshift-serverless"]
    api.add_client_error("get_workgroup", "AccessDeniedException", "not authorized to perform: GetWorkgroup")
    with pytest.raises(CloudError, match="cannot limit what the workgroup lake may use: not authorized"):
        limit_usage(account.cloud, "lake", 40)


def test_iam_gives_the_user_and_the_password(account: Account) -> None:
    answer = {"dbUser": "IAM:ada", "dbPassword": "Temporary-1", "expiration": datetime(2026, 1, 1, tzinfo=UTC)}
    asked = {"workgroupName": "lake", "dbName": "dwh", "durationSeconds": 3600}
    account.answers["redshift-serverless"].add_response("get_credentials", answer, asked)
    login = workgroup_login("lake", "dwh")
    assert (login.user, login.password) == ("IAM:ada", "Temporary-1")
    assert "Temporary-1" not in repr(login)


def test_the_right_that_is_missing_is_that_of_serverless(account: Account) -> None:
    account.answers["redshift-serverless"].add_client_error("get_credentials", "AccessDeniedException", "no")
    with pytest.raises(CloudError, match="cannot get a password for the workgroup lake: no") as found:
        workgroup_login("lake", "dwh")
    assert "redshift-serverless:GetCredentials" in found.value.hint
    assert "redshift:GetClusterCredentials" not in found.value.hint


def test_a_stack_leads_to_its_workgroup(account: Account) -> None:
    account.answers["cloudformation"].add_response("describe_stacks", ready())
    found = address.find_cluster("lake")
    assert (found.workgroup, found.host, found.secret_arn) == ("lake", OUTPUTS["Host"], "")


def test_status_bounds_what_it_has_cost(account: Account, run: Run) -> None:
    described_now = ready()
    described_now["Stacks"][0]["CreationTime"] = datetime.now(UTC) - timedelta(hours=30)
    account.answers["cloudformation"].add_response("describe_stacks", described_now)
    said = json.loads(run("cluster", "status", "--name", "lake", "--output", "json").out)
    assert (said["usd_an_hour"], said["usd_so_far_at_most"]) == (5.76, 28.8)
    assert said["price_is"].startswith("list price of 20")


def test_what_is_left_of_it_is_found(account: Account) -> None:
    api = account.answers["redshift-serverless"]
    api.add_response("get_workgroup", {"workgroup": {"status": "DELETING"}}, {"workgroupName": "lake"})
    api.add_client_error("get_namespace", "ResourceNotFoundException", "no")
    from sparkify.cluster import leftovers as module

    assert list(module._serverless(account.cloud, "lake")) == [
        "the workgroup lake of Redshift Serverless (DELETING), which costs while it works"
    ]
    assert leftovers is module.leftovers


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["--serverless", "--nodes", "2"], ["--nodes is given", "Serverless has no nodes"]),
        (["--serverless", "--node-type", "ra3.large"], ["--node-type is given"]),
        (["--base-capacity", "8"], ["--base-capacity is given", "Say --serverless too"]),
        (["--usage-limit", "8"], ["--usage-limit is given"]),
        (["--serverless", "--base-capacity", "9"], ["cannot have 9 units", "steps of 8"]),
        (["--serverless", "--usage-limit", "0"], ["--usage-limit: 0"]),
        (["--serverless", "--name", "ab"], ["bad name for a workgroup"]),
        (["--serverless", "--database", "_x"], ["bad name for a database"]),
    ],
)
def test_what_cannot_be_is_refused_before_any_call(
    account: Account, run: Run, arguments: list[str], parts: list[str]
) -> None:
    done = run("cluster", "create", "--yes", *arguments)
    assert done.code == 2, done.err
    for part in parts:
        assert part in done.err
