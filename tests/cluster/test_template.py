"""The template: sound by cfn-lint, in an order that keeps the guard's role to the last, and with no right too many."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import cfnlint.decode
import pytest
from cfnlint import api
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER
from tests.cluster.cloud import ACCOUNT, REGION
from tests.cluster.conftest import Run

from sparkify.cluster import stack
from sparkify.cluster.aws import Cloud
from sparkify.cluster.stack import template

PATH = Path(stack.__file__).parent / "template.yaml"


@pytest.fixture(scope="module")
def parsed() -> Any:
    found, matches = cfnlint.decode.decode(str(PATH))
    assert not matches
    return found


def test_cfn_lint_finds_nothing() -> None:
    assert api.lint(template()) == []


def test_cfn_lint_would_find_something() -> None:
    assert api.lint(template().replace("ManageMasterPassword: true", "ManageMasterPasword: true")) != []


def test_the_template_may_be_sent_as_a_text() -> None:
    assert len(template().encode()) <= 51_200  # what CloudFormation takes without S3


def _named(value: Any) -> set[str]:
    """The names that a part of the template refers to."""
    if isinstance(value, dict):
        found = set().union(*map(_named, value.values())) if value else set()
        if "Ref" in value:
            found.add(value["Ref"])
        if "Fn::GetAtt" in value:
            given = value["Fn::GetAtt"]
            found.add((given if isinstance(given, str) else given[0]).split(".")[0])
        if "Fn::Sub" in value:
            found |= set(re.findall(r"\$\{(\w+)[.}]", str(value["Fn::Sub"])))
        return found
    return set().union(*map(_named, value)) if isinstance(value, list) and value else set()


def _listed(given: Any) -> set[str]:
    return {given} if isinstance(given, str) else set(given)


CLUSTER, SERVERLESS = {"Cluster"}, {"Namespace", "Workgroup"}
"""The resources of a stack of one kind that one of the other lacks."""


def _deletions(resources: dict[str, Any]) -> dict[str, set[str]]:
    """For each resource, those that CloudFormation deletes after it: all that it depends on, near and far."""
    near = {
        name: _listed(resource.get("DependsOn", [])) | (_named(resource["Properties"]) & set(resources))
        for name, resource in resources.items()
    }
    far: dict[str, set[str]] = {}
    for name in resources:
        found, new = set[str](), near[name]
        while new - found:
            found |= new
            new = set[str]().union(*(near[other] for other in found))
        far[name] = found
    return far


def test_the_guards_role_is_deleted_last_and_the_cluster_first(parsed: Any) -> None:
    deleted_after = _deletions(parsed["Resources"])
    everything = set(parsed["Resources"])
    assert deleted_after["Cluster"] == everything - CLUSTER - SERVERLESS
    assert deleted_after["Workgroup"] == everything - CLUSTER - {"Workgroup"}
    for name in everything - {"GuardRole"}:
        assert "GuardRole" in deleted_after[name], name
    for name in everything - {"GuardRole", "Guard"}:
        assert "Guard" in deleted_after[name], f"{name} outlives the guard, which could not try again"


def test_without_its_depends_on_the_order_would_be_lost(parsed: Any) -> None:
    resources = {
        name: {k: v for k, v in found.items() if k != "DependsOn"} for name, found in parsed["Resources"].items()
    }
    assert "GuardRole" not in _deletions(resources)["Cluster"]


def test_nothing_is_retained(parsed: Any) -> None:
    assert {
        name: found.get("DeletionPolicy", "Delete") for name, found in parsed["Resources"].items()
    } == dict.fromkeys(parsed["Resources"], "Delete")


def test_no_password_is_in_the_template(parsed: Any) -> None:
    cluster = parsed["Resources"]["Cluster"]["Properties"]
    assert cluster["ManageMasterPassword"] is True
    assert cluster["Encrypted"] is True
    assert parsed["Resources"]["Namespace"]["Properties"]["ManageAdminPassword"] is True
    assert "MasterUserPassword" not in template() and "AdminUserPassword" not in template()
    assert not [name for name in parsed["Parameters"] if "assword" in name]


SOURCES = ("--logs", "s3://udacity-dend/log_data/", "--songs", "s3://songs-bucket", "--copy-spool", "s3://mine/a/spool")


def _create(run: Run, *arguments: str) -> None:
    done = run("cluster", "create", "--yes", *arguments)
    assert done.code == 0, done.err


def _role(account: Cloud, name: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The trust policy of a role of the stack, and the statements of its policies."""
    iam = account.client("iam")
    role = next(r for r in iam.list_roles(PathPrefix="/sparkify/sparkify/")["Roles"] if name in r["RoleName"])
    policies = iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]
    assert iam.list_attached_role_policies(RoleName=role["RoleName"])["AttachedPolicies"] == []
    documents = [iam.get_role_policy(RoleName=role["RoleName"], PolicyName=p)["PolicyDocument"] for p in policies]
    documents = [ast.literal_eval(found) if isinstance(found, str) else found for found in documents]  # moto's repr
    return role["AssumeRolePolicyDocument"], [statement for found in documents for statement in found["Statement"]]


def test_copy_may_read_the_configured_prefixes_and_nothing_else(account: Cloud, run: Run) -> None:
    _create(run, *SOURCES)
    _, statements = _role(account, "CopyRole")
    granted = {
        (statement["Action"], statement["Resource"], str(statement.get("Condition", ""))) for statement in statements
    }

    def below(keys: str) -> str:
        return str({"StringLike": {"s3:prefix": keys}})

    assert granted == {
        *(
            ("s3:GetBucketLocation", f"arn:aws:s3:::{bucket}", "")
            for bucket in ("udacity-dend", "songs-bucket", "mine")
        ),
        ("s3:ListBucket", "arn:aws:s3:::udacity-dend", below("log_data/*")),
        ("s3:GetObject", "arn:aws:s3:::udacity-dend/log_data/*", ""),
        ("s3:ListBucket", "arn:aws:s3:::songs-bucket", below("*")),
        ("s3:GetObject", "arn:aws:s3:::songs-bucket/*", ""),
        ("s3:ListBucket", "arn:aws:s3:::mine", below("a/spool/*")),
        ("s3:GetObject", "arn:aws:s3:::mine/a/spool/*", ""),
    }


def test_copy_may_read_nothing_when_nothing_lies_in_s3(account: Cloud, run: Run) -> None:
    _create(run, "--logs", "data/log_data")
    assert _role(account, "CopyRole")[1] == []


def test_only_redshift_may_act_with_the_copy_role_and_only_for_users_of_this_cluster(account: Cloud, run: Run) -> None:
    _create(run)
    trust, _ = _role(account, "CopyRole")
    (statement,) = trust["Statement"]
    assert statement["Principal"] == {"Service": "redshift.amazonaws.com"}
    assert statement["Action"] == "sts:AssumeRole"
    assert statement["Condition"] == {
        "StringLike": {"sts:ExternalId": f"arn:aws:redshift:{REGION}:{ACCOUNT}:dbuser:sparkify/*"}
    }


def test_the_guard_may_delete_this_stack_and_what_is_in_it(account: Cloud, run: Run) -> None:
    _create(run)
    trust, statements = _role(account, "GuardRole")
    assert trust["Statement"][0]["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert trust["Statement"][0]["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    stack_id = account.cloudformation.describe_stacks()["Stacks"][0]["StackId"]
    granted: dict[str, Any] = {}
    for statement in statements:
        for action in [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]:
            granted[action] = statement
    assert granted["cloudformation:DeleteStack"]["Resource"] == stack_id
    assert granted["redshift:DeleteCluster"]["Resource"] == f"arn:aws:redshift:{REGION}:{ACCOUNT}:cluster:sparkify"
    assert granted["iam:DeleteRole"]["Resource"] == f"arn:aws:iam::{ACCOUNT}:role/sparkify/sparkify/*"
    assert granted["scheduler:DeleteSchedule"]["Resource"].endswith(":schedule/default/sparkify-guard")
    wide = {action for action, statement in granted.items() if statement["Resource"] == "*"}
    assert {action for action in wide if "Describe" not in action} == {"ec2:DeleteSecurityGroup"}
    assert granted["ec2:DeleteSecurityGroup"]["Condition"] == {
        "StringEquals": {"aws:ResourceTag/aws:cloudformation:stack-id": stack_id}
    }


NO_PART_OF_A_DELETION = {
    "iam:TagRole",
    "iam:UntagRole",
    "iam:PassRole",
    "kms:RetireGrant",
    "redshift:DeleteResourcePolicy",
}
"""What the registry lists for a deletion all the same, such as for a namespace with a key or a policy of its own."""


def test_cloudformation_has_no_resource_for_a_usage_limit() -> None:
    """Once it has one, the limit belongs into the template, and `cluster.serverless.limit_usage` goes."""
    types = PROVIDER_SCHEMA_MANAGER.get_resource_types(REGION)
    assert sorted(name for name in types if name.startswith("AWS::RedshiftServerless::")) == [
        "AWS::RedshiftServerless::Namespace",
        "AWS::RedshiftServerless::Snapshot",
        "AWS::RedshiftServerless::Workgroup",
    ]


def test_a_workgroup_never_has_more_than_its_base_capacity(parsed: Any) -> None:
    given = parsed["Resources"]["Workgroup"]["Properties"]
    assert given["BaseCapacity"] == given["MaxCapacity"] == {"Ref": "BaseCapacity"}


def test_what_each_resource_needs_to_be_deleted_is_granted_to_the_guard(parsed: Any) -> None:
    """By the registry of CloudFormation, as cfn-lint holds it: `handlers.delete.permissions` of each type."""
    (policy,) = parsed["Resources"]["GuardRole"]["Properties"]["Policies"]
    granted: set[str] = set()
    for statement in policy["PolicyDocument"]["Statement"]:
        actions = statement["Action"]
        granted |= {actions} if isinstance(actions, str) else set(actions)
    for resource in parsed["Resources"].values():
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, resource["Type"]).schema
        needed = set(schema["handlers"]["delete"]["permissions"])
        assert needed, resource["Type"]
        assert needed - NO_PART_OF_A_DELETION <= granted, resource["Type"]
