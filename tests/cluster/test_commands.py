"""Clusters come and go, in moto: created, shown, changed, destroyed; and killed after every single call."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.cluster.cloud import Killed, Process
from tests.cluster.conftest import Run
from tests.schemas import faults

from sparkify.cluster import aws
from sparkify.cluster.address import find_cluster, temporary_login
from sparkify.cluster.aws import Cloud
from sparkify.cluster.leftovers import leftovers

RESOURCES = {"GuardRole", "Guard", "CopyRole", "SecurityGroup", "Cluster"}
CREATE = ("cluster", "create", "--yes")
DESTROY = ("cluster", "destroy", "--yes")


def stacks(account: Cloud) -> list[tuple[str, str]]:
    """All stacks that are there, with their states."""
    found = account.cloudformation.describe_stacks()["Stacks"]
    return [(stack["StackName"], stack["StackStatus"]) for stack in found]


def plans(account: Cloud) -> list[str]:
    """The change sets of the stack; moto lists those of stacks that are gone, too."""
    stack_id = account.cloudformation.describe_stacks(StackName="sparkify")["Stacks"][0]["StackId"]
    found = account.cloudformation.list_change_sets(StackName="sparkify")["Summaries"]
    return [summary["ChangeSetName"] for summary in found if summary["StackId"] == stack_id]


def clusters(account: Cloud) -> list[dict[str, Any]]:
    return list(account.client("redshift").describe_clusters()["Clusters"])


def guard(account: Cloud, name: str = "sparkify") -> dict[str, Any]:
    return dict(account.client("scheduler").get_schedule(Name=f"{name}-guard"))


def ingress(account: Cloud) -> list[dict[str, Any]]:
    (group,) = [
        found
        for found in account.client("ec2").describe_security_groups()["SecurityGroups"]
        if "Redshift cluster" in found["Description"]
    ]
    return list(group["IpPermissions"])


def test_status_and_destroy_print_one_document(account: Cloud, run: Run) -> None:
    assert run(*CREATE).code == 0
    done = run("cluster", "status", "--output", "json")
    assert (done.code, done.err) == (0, "")
    assert faults(json.loads(done.out), "cluster") == []
    assert json.loads(done.out)["state"] == "CREATE_COMPLETE"
    done = run("cluster", "destroy", "--yes", "--output", "json")
    assert done.code == 0
    assert faults(json.loads(done.out), "cluster-destroy") == []
    assert json.loads(done.out) == {"name": "sparkify", "destroyed": True, "left": []}


def test_create_makes_one_cluster_and_says_where_it_is(account: Cloud, run: Run) -> None:
    done = run(*CREATE, "--output", "json")
    assert done.code == 0, done.err
    assert stacks(account) == [("sparkify", "CREATE_COMPLETE")]
    (cluster,) = clusters(account)
    assert cluster["ClusterIdentifier"] == "sparkify"
    assert cluster["NodeType"] == "ra3.large"
    assert cluster["NumberOfNodes"] == 1
    assert cluster["Encrypted"] is True
    assert cluster["PubliclyAccessible"] is False
    assert ingress(account) == []
    said = json.loads(done.out)
    assert faults(said, "cluster") == []
    assert said["state"] == "CREATE_COMPLETE"
    assert said["warehouse"] == "redshift://?stack=sparkify"
    assert said["host"].endswith(".redshift.amazonaws.com")
    for resource in RESOURCES:
        assert resource in done.err
    assert "CREATE_COMPLETE" in done.err, "the events are shown"


def test_node_type_and_count(account: Cloud, run: Run) -> None:
    assert run(*CREATE, "--node-type", "ra3.4xlarge", "--nodes", "3").code == 0
    (cluster,) = clusters(account)
    assert (cluster["NodeType"], cluster["NumberOfNodes"]) == ("ra3.4xlarge", 3)


def test_public_admits_one_address_on_one_port(account: Cloud, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws, "own_address", lambda: "198.51.100.9/32")
    done = run(*CREATE, "--public", "--port", "8200")
    assert done.code == 0, done.err
    (rule,) = ingress(account)
    assert (rule["FromPort"], rule["ToPort"], rule["IpProtocol"]) == (8200, 8200, "tcp")
    assert [found["CidrIp"] for found in rule["IpRanges"]] == ["198.51.100.9/32"]
    assert clusters(account)[0]["PubliclyAccessible"] is True


def test_allow_from_asks_nobody_for_the_address(account: Cloud, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws, "own_address", lambda: pytest.fail("asked"))
    assert run(*CREATE, "--public", "--allow-from", "203.0.113.7").code == 0
    assert ingress(account)[0]["IpRanges"][0]["CidrIp"] == "203.0.113.7/32"


def test_the_guard_deletes_the_stack_at_the_time_that_is_shown(account: Cloud, run: Run) -> None:
    before = datetime.now(UTC)
    done = run(*CREATE, "--ttl", "8h", "--output", "json")
    expiry = datetime.fromisoformat(json.loads(done.out)["expires"])
    assert before + timedelta(hours=8, minutes=-1) <= expiry <= datetime.now(UTC) + timedelta(hours=8)
    found = guard(account)
    stack = account.cloudformation.describe_stacks()["Stacks"][0]
    assert found["State"] == "ENABLED"
    assert found["StartDate"] == expiry - timedelta(minutes=1)
    assert found["ScheduleExpression"] == f"cron({expiry.minute} * * * ? *)"
    assert found["ScheduleExpressionTimezone"] == "UTC"
    assert found["Target"]["Arn"] == "arn:aws:scheduler:::aws-sdk:cloudformation:deleteStack"
    assert json.loads(found["Target"]["Input"]) == {"StackName": stack["StackId"]}
    assert "GuardRole" in found["Target"]["RoleArn"]
    assert {tag["Key"]: tag["Value"] for tag in stack["Tags"]} == {
        "owner": "moto",
        "purpose": "sparkify warehouse",
        "expiry": f"{expiry:%Y-%m-%dT%H:%M:%SZ}",
    }


def test_twelve_hours_unless_it_is_said(account: Cloud, run: Run) -> None:
    done = run(*CREATE, "--output", "json")
    left = datetime.fromisoformat(json.loads(done.out)["expires"]) - datetime.now(UTC)
    assert timedelta(hours=11, minutes=58) < left <= timedelta(hours=12)


def test_ttl_none_switches_the_guard_off(account: Cloud, run: Run) -> None:
    done = run(*CREATE, "--ttl", "none")
    assert done.code == 0
    assert guard(account)["State"] == "DISABLED"
    assert "never: it costs until it is destroyed" in done.err


def test_create_again_changes_nothing(account: Cloud, run: Run) -> None:
    run(*CREATE, "--ttl", "8h")
    expires = guard(account)["StartDate"]
    done = run(*CREATE)
    assert done.code == 0, done.err
    assert "already as asked" in done.err
    assert guard(account)["StartDate"] == expires, "the time that it has left is not prolonged silently"
    assert stacks(account) == [("sparkify", "CREATE_COMPLETE")]
    assert plans(account) == []


def test_create_again_leads_to_what_is_asked(account: Cloud, run: Run) -> None:
    run(*CREATE, "--ttl", "8h")
    before = guard(account)["StartDate"]
    done = run(*CREATE, "--nodes", "2", "--ttl", "10h")
    assert done.code == 0, done.err
    assert clusters(account)[0]["NumberOfNodes"] == 2
    assert guard(account)["StartDate"] > before
    assert stacks(account) == [("sparkify", "UPDATE_COMPLETE")]


def test_status_shows_state_age_and_time_left(account: Cloud, run: Run) -> None:
    run(*CREATE, "--ttl", "8h")
    done = run("cluster", "status")
    assert done.code == 0
    lines = dict(line.split(None, 1) for line in done.out.splitlines() if len(line.split(None, 1)) == 2)
    assert lines["state"] == "CREATE_COMPLETE"
    assert lines["age"] == "0 h 0 min"
    assert lines["time_left"] in ("7 h 59 min", "7 h 58 min")
    assert lines["owner"] == "moto"


def test_status_without_a_cluster(account: Cloud, run: Run) -> None:
    done = run("cluster", "status")
    assert done.code == 1
    assert "there is no stack sparkify in us-west-2" in done.err
    assert "sparkify cluster create" in done.err


def test_destroy_leaves_nothing(account: Cloud, run: Run) -> None:
    run(*CREATE, "--logs", "s3://bucket/logs")
    assert leftovers(account, "sparkify") != []
    done = run(*DESTROY)
    assert done.code == 0, done.err
    for resource in RESOURCES:
        assert resource in done.err, "what will go is shown"
    assert "is gone, and nothing of it is left" in done.err
    assert nothing_is_left(account)


def test_destroy_when_nothing_is_there(account: Cloud, run: Run) -> None:
    done = run(*DESTROY)
    assert done.code == 0
    assert "there is no sparkify" in done.err


def test_destroy_says_what_is_left(account: Cloud, run: Run) -> None:
    run(*CREATE)
    account.client("redshift").create_cluster_snapshot(SnapshotIdentifier="mine", ClusterIdentifier="sparkify")
    done = run(*DESTROY)
    assert done.code == 1
    assert "of sparkify there is still the snapshot mine, which costs" in done.err


@pytest.mark.parametrize("command", ["create", "destroy"])
def test_without_a_terminal_and_yes_nothing_is_done(account: Cloud, run: Run, command: str) -> None:
    if command == "destroy":
        run(*CREATE)
    done = run("cluster", command)
    assert done.code == 2
    assert "--yes" in done.err
    assert stacks(account) == ([("sparkify", "CREATE_COMPLETE")] if command == "destroy" else [])


def test_no_leaves_everything_as_it_was(account: Cloud, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    asked: list[str] = []
    monkeypatch.setattr("typer.confirm", lambda question, err: asked.append(question))
    assert run("cluster", "create").code == 2
    assert nothing_is_left(account)
    run(*CREATE)
    assert run("cluster", "create", "--nodes", "2").code == 2
    assert run("cluster", "destroy").code == 2
    assert asked == ["Make it?", "Change it?", "Destroy it?"]
    assert stacks(account) == [("sparkify", "CREATE_COMPLETE")]
    assert clusters(account)[0]["NumberOfNodes"] == 1
    assert plans(account) == []


def test_two_clusters_beside_each_other(account: Cloud, run: Run) -> None:
    run(*CREATE, "--name", "one")
    run(*CREATE, "--name", "two")
    assert run(*DESTROY, "--name", "one").code == 0
    assert stacks(account) == [("two", "CREATE_COMPLETE")]
    assert leftovers(account, "one") == []
    assert len(leftovers(account, "two")) == 4


def test_a_stack_of_somebody_else_is_left_alone(account: Cloud, run: Run) -> None:
    body = json.dumps(
        {"Resources": {"Topic": {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": "x"}}}}
    )
    account.cloudformation.create_stack(StackName="sparkify", TemplateBody=body)
    for command in (CREATE, DESTROY, ("cluster", "status")):
        done = run(*command)
        assert done.code == 2
        assert "was not made by Sparkify" in done.err
    assert stacks(account) == [("sparkify", "CREATE_COMPLETE")]


def test_a_plan_of_somebody_else_is_left_alone(account: Cloud, run: Run) -> None:
    body = json.dumps(
        {"Resources": {"Topic": {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": "x"}}}}
    )
    account.cloudformation.create_change_set(
        StackName="sparkify", ChangeSetName="theirs", ChangeSetType="CREATE", TemplateBody=body
    )
    assert run(*CREATE).code == 2
    assert stacks(account) == [("sparkify", "REVIEW_IN_PROGRESS")]


def nothing_is_left(account: Cloud) -> bool:
    return stacks(account) == [] and leftovers(account, "sparkify") == [] and clusters(account) == []


def _killed(run: Run, count: int, *command: str) -> str:
    """Run a command that is killed after so many calls; the name of the last one, empty if it ended before.

    After no call, it is killed as it is about to make its first.
    """
    with Process(dies_after=count) as process:
        try:
            assert run(*command).code == 0
        except Killed:
            assert process.late == [], "a process that is dead asks nothing"
            assert len(process.calls) == count
            return process.calls[-1] if process.calls else "nothing"
    assert not process.is_dead, "its death was caught"
    return ""


MOST_CALLS = 40


@pytest.mark.parametrize("then", ["create", "destroy"])
def test_killed_after_any_call_of_create(account: Cloud, run: Run, then: str) -> None:
    """A later create ends with the cluster as asked, and only that; a later destroy with nothing."""
    killed_after: list[str] = []
    for count in range(MOST_CALLS):
        name = _killed(run, count, *CREATE, "--ttl", "8h")
        if name:
            killed_after.append(name)
        if then == "create":
            done = run(*CREATE, "--ttl", "8h")
            assert done.code == 0, (name, done.err)
            assert [stack for stack, _ in stacks(account)] == ["sparkify"], name
            assert stacks(account)[0][1] in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), name
            assert len(clusters(account)) == 1, name
            assert guard(account)["State"] == "ENABLED", name
        done = run(*DESTROY)
        assert done.code == 0, (name, done.err)
        assert nothing_is_left(account), name
        if not name:
            break
    assert count < MOST_CALLS - 1, "create did not come to an end"
    assert {
        "cloudformation.CreateChangeSet",
        "cloudformation.DescribeChangeSet",
        "cloudformation.ExecuteChangeSet",
    } <= set(killed_after)
    with Process(dies_after=MOST_CALLS) as undisturbed:
        assert run(*CREATE, "--ttl", "8h").code == 0
    assert killed_after == ["nothing", *undisturbed.calls], "killed before the first call and after every one"


def test_killed_after_any_call_of_a_change(account: Cloud, run: Run) -> None:
    for count in range(MOST_CALLS):
        assert run(*CREATE, "--ttl", "8h").code == 0
        name = _killed(run, count, *CREATE, "--nodes", "2")
        done = run(*CREATE, "--nodes", "2")
        assert done.code == 0, (name, done.err)
        assert [found["NumberOfNodes"] for found in clusters(account)] == [2], name
        assert plans(account) == [], name
        assert run(*DESTROY).code == 0
        if not name:
            break
    assert count < MOST_CALLS - 1


def test_killed_after_any_call_of_destroy(account: Cloud, run: Run) -> None:
    for count in range(MOST_CALLS):
        assert run(*CREATE).code == 0
        name = _killed(run, count, *DESTROY)
        done = run(*DESTROY)
        assert done.code == 0, (name, done.err)
        assert nothing_is_left(account), name
        if not name:
            break
    assert count < MOST_CALLS - 1


def test_a_stack_name_leads_to_all_that_an_engine_needs(account: Cloud, run: Run) -> None:
    run(*CREATE, "--database", "dwh", "--user", "ada", "--port", "5440")
    address = find_cluster("sparkify", cloud=account)
    assert address.host.endswith(".redshift.amazonaws.com")
    assert (address.port, address.database, address.user) == (5440, "dwh", "ada")
    assert ":role/sparkify/sparkify/sparkify-CopyRole" in address.role_arn
    assert address.secret_arn.startswith("arn:aws:secretsmanager:")
    assert (address.region, address.cluster_identifier) == ("us-west-2", "sparkify")
    login = temporary_login(address, cloud=account)
    assert login.user.endswith("ada")
    assert login.password
    assert login.password not in repr(login)
    assert login.expires_at > datetime.now(UTC)


def test_a_classic_file_says_what_to_make(account: Cloud, run: Run, tmp_path: Any) -> None:
    file = tmp_path / "dwh.cfg"
    file.write_text(
        "[DWH]\nDWH_CLUSTER_TYPE=multi-node\nDWH_NUM_NODES=4\nDWH_NODE_TYPE=ra3.large\nDWH_IAM_ROLE_NAME=dwhRole\n"
        "DWH_CLUSTER_IDENTIFIER=dwhCluster\nDWH_DB=dwh\nDWH_DB_USER=dwhuser\nDWH_DB_PASSWORD=Planted0\nDWH_PORT=5439\n"
        "[S3]\nLOG_DATA='s3://udacity-dend/log_data'\n"
    )
    done = run(*CREATE, "--config", str(file))
    assert done.code == 0, done.err
    (cluster,) = clusters(account)
    assert (cluster["ClusterIdentifier"], cluster["NumberOfNodes"], cluster["DBName"]) == ("dwhcluster", 4, "dwh")
    assert cluster["MasterUsername"] == "dwhuser"
    assert "s3://udacity-dend/log_data/*" in done.err
    status = run("cluster", "status", "--config", str(file))
    assert "dwhcluster" in status.out
    assert "Planted0" not in done.out + done.err + status.out + status.err
    assert run(*DESTROY, "--config", str(file)).code == 0
