"""What AWS says no with: every state of a stack, failed resources, credentials and rights, by botocore's Stubber."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore import exceptions
from botocore.stub import ANY, Stubber
from tests.cluster.cloud import REGION, cloud
from tests.cluster.conftest import Run

from sparkify.cluster import aws, stack
from sparkify.cluster.aws import Cloud, own_address, translated
from sparkify.cluster.leftovers import leftovers
from sparkify.cluster.states import MEANINGS, Phase, meaning_of
from sparkify.errors import CloudError, SparkifyError, UsageError

STACK_ID = f"arn:aws:cloudformation:{REGION}:123456789012:stack/sparkify/1"
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SECRET = "PlantedSecretKey0123456789"


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    """CloudFormation's answers, in order; a call that was not foreseen fails."""
    session = boto3.Session(region_name=REGION, aws_access_key_id="AKIATEST", aws_secret_access_key=SECRET)
    connected = Cloud(session)
    monkeypatch.setattr(aws, "connect", lambda _region=None: connected)
    monkeypatch.setattr(stack, "_POLL_SECONDS", 0.0)
    monkeypatch.setattr("sparkify.cluster.leftovers.leftovers", lambda _cloud, _name, **_kinds: [])
    with Stubber(connected.cloudformation) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def described(state: str, **more: Any) -> dict[str, Any]:
    """An answer of DescribeStacks."""
    tags = [{"Key": "purpose", "Value": stack.PURPOSE}, {"Key": "owner", "Value": "ada"}]
    found = {"StackId": STACK_ID, "StackName": "sparkify", "StackStatus": state, "CreationTime": NOW, "Tags": tags}
    return {"Stacks": [{**found, **more}]}


def event(
    number: int, state: str, resource: str = "sparkify", kind: str = stack._STACK, reason: str = ""
) -> dict[str, Any]:
    """An event of the stack."""
    return {
        "StackId": STACK_ID,
        "EventId": str(number),
        "StackName": "sparkify",
        "LogicalResourceId": resource,
        "ResourceType": kind,
        "Timestamp": NOW,
        "ResourceStatus": state,
        "ResourceStatusReason": reason,
    }


def happened(*events: dict[str, Any]) -> dict[str, Any]:
    """An answer of DescribeStackEvents, which has the latest first."""
    return {"StackEvents": list(reversed(events))}


def test_every_state_that_aws_knows_has_a_meaning() -> None:
    known = boto3.Session(region_name=REGION).client("cloudformation").meta.service_model.shape_for("StackStatus").enum
    assert set(known) == set(MEANINGS)


@pytest.mark.parametrize("state", MEANINGS)
def test_a_meaning_is_one_sentence_and_a_next_step(state: str) -> None:
    meaning = meaning_of(state, "mine")
    assert meaning.sentence
    assert "\n" not in meaning.sentence + meaning.next_step
    if meaning.phase in (Phase.BROKEN, Phase.BUSY):
        assert meaning.next_step
        assert "{" not in meaning.next_step
    assert (meaning.phase is Phase.BROKEN) >= state.endswith("_FAILED")


def test_a_state_that_is_new_to_us_is_not_taken_for_success() -> None:
    assert meaning_of("SOMETHING_NEW", "mine").phase is Phase.BROKEN


BROKEN = [state for state, meaning in MEANINGS.items() if meaning.phase is Phase.BROKEN]


@pytest.mark.parametrize("state", BROKEN)
def test_create_on_a_broken_stack_says_what_to_do(answers: Stubber, run: Run, state: str) -> None:
    answers.add_response(
        "describe_stacks", described(state, StackStatusReason="AWS said so"), {"StackName": "sparkify"}
    )
    answers.add_response(
        "describe_stacks", described(state, StackStatusReason="AWS said so"), {"StackName": "sparkify"}
    )
    done = run("cluster", "create", "--yes")
    assert done.code == 1
    meaning = meaning_of(state, "sparkify")
    assert f"the stack sparkify: {meaning.sentence} ({state}): AWS said so" in done.err
    assert meaning.next_step in done.err
    assert len(done.err.splitlines()) == 2


@pytest.mark.parametrize("state", BROKEN)
def test_status_of_a_broken_stack_says_what_to_do(answers: Stubber, run: Run, state: str) -> None:
    answers.add_response("describe_stacks", described(state))
    done = run("cluster", "status")
    assert done.code == 0
    meaning = meaning_of(state, "sparkify")
    assert meaning.sentence in done.out
    assert meaning.next_step in done.out


@pytest.mark.parametrize("state", [*BROKEN, "REVIEW_IN_PROGRESS", "CREATE_IN_PROGRESS"])
def test_destroy_removes_a_stack_that_is_broken_or_not_made_yet(answers: Stubber, run: Run, state: str) -> None:
    begun = event(1, "CREATE_IN_PROGRESS")
    answers.add_response("describe_stacks", described(state))
    answers.add_response("list_stack_resources", {"StackResourceSummaries": []})
    answers.add_response("describe_stack_events", happened(begun))
    answers.add_response("delete_stack", {}, {"StackName": STACK_ID})
    answers.add_response("describe_stacks", described("DELETE_COMPLETE"), {"StackName": STACK_ID})
    answers.add_response("describe_stack_events", happened(begun, event(2, "DELETE_COMPLETE")))
    assert run("cluster", "destroy", "--yes").code == 0


def test_a_deletion_that_fails_names_the_resource(answers: Stubber, run: Run) -> None:
    begun, failed = (
        event(2, "DELETE_IN_PROGRESS"),
        event(3, "DELETE_FAILED", "Cluster", "AWS::Redshift::Cluster", "There is an operation running on the Cluster"),
    )
    answers.add_response("describe_stacks", described("CREATE_COMPLETE"))
    answers.add_response("list_stack_resources", {"StackResourceSummaries": []})
    answers.add_response("describe_stack_events", happened(event(1, "CREATE_IN_PROGRESS")))
    answers.add_response("delete_stack", {})
    answers.add_response("describe_stacks", described("DELETE_IN_PROGRESS"))
    answers.add_response("describe_stack_events", happened(begun))
    answers.add_response("describe_stacks", described("DELETE_FAILED"))
    answers.add_response("describe_stack_events", happened(begun, failed))
    answers.add_response("describe_stack_events", happened(begun, failed))
    done = run("cluster", "destroy", "--yes")
    assert done.code == 1
    assert "could not be deleted altogether" in done.err
    assert "(DELETE_FAILED): Cluster: There is an operation running on the Cluster" in done.err
    assert "sparkify cluster destroy --name sparkify" in done.err


def _planned(answers: Stubber, kind: str) -> None:
    answers.add_response("create_change_set", {"Id": "set", "StackId": STACK_ID}, {**CHANGE_SET, "ChangeSetType": kind})


CHANGE_SET = {
    "StackName": "sparkify",
    "ChangeSetName": ANY,
    "TemplateBody": ANY,
    "Parameters": ANY,
    "Tags": ANY,
    "Capabilities": ["CAPABILITY_IAM"],
}
UNKNOWN_STACK = {"service_error_code": "ValidationError", "service_message": "Stack with id sparkify does not exist"}


@pytest.fixture
def signed_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Cloud, "caller", lambda _self: "arn:aws:sts::123456789012:assumed-role/Admin/ada@example.com")


def test_create_waits_through_what_is_under_way_at_aws(answers: Stubber, run: Run, signed_in: None) -> None:
    """The change set takes a while, and so does its beginning; every event is shown once."""
    review, begun = event(1, "REVIEW_IN_PROGRESS"), event(2, "CREATE_IN_PROGRESS")
    role = event(3, "CREATE_COMPLETE", "GuardRole", "AWS::IAM::Role")
    ready = event(4, "CREATE_COMPLETE")
    answers.add_client_error("describe_stacks", **UNKNOWN_STACK)
    answers.add_client_error("describe_stacks", **UNKNOWN_STACK)
    _planned(answers, "CREATE")
    answers.add_response("describe_change_set", {"Status": "CREATE_IN_PROGRESS"})
    answers.add_response("describe_change_set", {"Status": "CREATE_COMPLETE", "Changes": []})
    answers.add_response("describe_stack_events", happened(review))
    answers.add_response("execute_change_set", {})
    answers.add_response("describe_stacks", described("REVIEW_IN_PROGRESS"))
    answers.add_response("describe_stack_events", happened(review))
    answers.add_response("describe_stacks", described("CREATE_IN_PROGRESS"))
    answers.add_response("describe_stack_events", happened(review, begun))
    answers.add_response("describe_stacks", described("CREATE_IN_PROGRESS"))
    answers.add_response("describe_stack_events", happened(review, begun, role))
    answers.add_response("describe_stacks", described("CREATE_COMPLETE"))
    answers.add_response("describe_stack_events", happened(review, begun, role, ready))
    done = run("cluster", "create", "--yes")
    assert done.code == 0, done.err
    assert done.err.count("GuardRole") == 1
    assert "owner ada@example.com" in done.err
    assert [line.split()[1] for line in done.err.splitlines()[-3:]] == [
        "CREATE_IN_PROGRESS",
        "CREATE_COMPLETE",
        "CREATE_COMPLETE",
    ]


def test_create_resumes_waiting(answers: Stubber, run: Run, signed_in: None) -> None:
    begun, ready = event(1, "CREATE_IN_PROGRESS"), event(2, "CREATE_COMPLETE")
    answers.add_response("describe_stacks", described("CREATE_IN_PROGRESS"))
    answers.add_response("describe_stacks", described("CREATE_IN_PROGRESS"))
    answers.add_response("describe_stack_events", happened(begun))
    answers.add_response("describe_stacks", described("CREATE_COMPLETE"))
    answers.add_response("describe_stack_events", happened(begun, ready))
    answers.add_response("describe_stacks", described("CREATE_COMPLETE"))
    answers.add_response("list_change_sets", {"Summaries": []})
    _planned(answers, "UPDATE")
    answers.add_response(
        "describe_change_set", {"Status": "FAILED", "StatusReason": "The submitted information didn't contain changes."}
    )
    answers.add_response("delete_change_set", {})
    answers.add_response("describe_stacks", described("CREATE_COMPLETE"))
    done = run("cluster", "create", "--yes")
    assert done.code == 0, done.err
    assert "it is being created; waiting for it" in done.err
    assert "already as asked" in done.err


def test_create_waits_for_a_deletion_and_makes_it_anew(answers: Stubber, run: Run, signed_in: None) -> None:
    """As a `create` leaves it that was killed while it removed a plan that another one had left."""
    deleting, gone = event(1, "DELETE_IN_PROGRESS"), event(2, "DELETE_COMPLETE")
    begun, ready = event(3, "CREATE_IN_PROGRESS"), event(4, "CREATE_COMPLETE")
    answers.add_response("describe_stacks", described("DELETE_IN_PROGRESS"))
    answers.add_response("describe_stacks", described("DELETE_IN_PROGRESS"), {"StackName": STACK_ID})
    answers.add_response("describe_stack_events", happened(deleting))
    answers.add_response("describe_stacks", described("DELETE_COMPLETE"), {"StackName": STACK_ID})
    answers.add_response("describe_stack_events", happened(deleting, gone))
    answers.add_client_error("describe_stacks", **UNKNOWN_STACK)
    _planned(answers, "CREATE")
    answers.add_response("describe_change_set", {"Status": "CREATE_COMPLETE", "Changes": []})
    answers.add_response("describe_stack_events", happened(event(2, "REVIEW_IN_PROGRESS")))
    answers.add_response("execute_change_set", {})
    answers.add_response("describe_stacks", described("CREATE_COMPLETE"))
    answers.add_response("describe_stack_events", happened(begun, ready))
    done = run("cluster", "create", "--yes")
    assert done.code == 0, done.err
    assert "it is being deleted; waiting for it" in done.err


def test_destroy_resumes_waiting(answers: Stubber, run: Run) -> None:
    answers.add_response("describe_stacks", described("DELETE_IN_PROGRESS"))
    answers.add_response("describe_stacks", described("DELETE_COMPLETE"))
    answers.add_response("describe_stack_events", happened(event(1, "DELETE_IN_PROGRESS")))
    done = run("cluster", "destroy", "--yes")
    assert done.code == 0, done.err
    assert "it is being deleted; waiting for it" in done.err


def test_an_interrupted_wait_says_that_aws_goes_on(answers: Stubber, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_given: object, **_more: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(stack.Stack, "wait", interrupt)
    answers.add_response("describe_stacks", described("DELETE_IN_PROGRESS"))
    done = run("cluster", "destroy", "--yes")
    assert done.code == 130
    assert "AWS goes on. Run the same command again to wait for it" in done.err


@pytest.mark.parametrize(
    ("state", "failed_in"),
    [("ROLLBACK_COMPLETE", "CREATE"), ("ROLLBACK_FAILED", "CREATE"), ("CREATE_FAILED", "CREATE")],
)
def test_a_creation_that_fails_names_the_first_resource_that_did(
    answers: Stubber, run: Run, signed_in: None, state: str, failed_in: str
) -> None:
    story = [
        event(1, f"{failed_in}_IN_PROGRESS"),
        event(2, "CREATE_FAILED", "Guard", "AWS::Scheduler::Schedule", "Resource creation cancelled"),
        event(3, "CREATE_FAILED", "Cluster", "AWS::Redshift::Cluster", "Insufficient capacity"),
        event(4, state, reason="The following resource(s) failed"),
    ]
    answers.add_client_error("describe_stacks", **UNKNOWN_STACK)
    answers.add_client_error("describe_stacks", **UNKNOWN_STACK)
    _planned(answers, "CREATE")
    answers.add_response("describe_change_set", {"Status": "CREATE_COMPLETE", "Changes": []})
    answers.add_response("describe_stack_events", happened())
    answers.add_response("execute_change_set", {})
    answers.add_response("describe_stacks", described(state))
    answers.add_response("describe_stack_events", happened(*story))
    answers.add_response("describe_stack_events", happened(*story))
    done = run("cluster", "create", "--yes")
    assert done.code == 1
    assert f"({state}): Cluster: Insufficient capacity" in done.err
    assert "sparkify cluster destroy --name sparkify" in done.err


def _asked_of_a_ready_stack(answers: Stubber, change_set: dict[str, Any]) -> None:
    answers.add_response("describe_stacks", described("CREATE_COMPLETE"))
    answers.add_response("describe_stacks", described("CREATE_COMPLETE"))
    answers.add_response("list_change_sets", {"Summaries": []})
    _planned(answers, "UPDATE")
    answers.add_response("describe_change_set", change_set)


def test_a_change_that_was_rolled_back_is_a_failure(answers: Stubber, run: Run) -> None:
    story = [
        event(1, "UPDATE_IN_PROGRESS"),
        event(2, "UPDATE_FAILED", "Cluster", "AWS::Redshift::Cluster", "No such node type here"),
        event(3, "UPDATE_ROLLBACK_COMPLETE"),
    ]
    _asked_of_a_ready_stack(answers, {"Status": "CREATE_COMPLETE", "Changes": []})
    answers.add_response("describe_stack_events", happened())
    answers.add_response("execute_change_set", {})
    answers.add_response("describe_stacks", described("UPDATE_ROLLBACK_COMPLETE"))
    answers.add_response("describe_stack_events", happened(*story))
    answers.add_response("describe_stack_events", happened(*story))
    done = run("cluster", "create", "--yes")
    assert done.code == 1
    assert "Cluster: No such node type here" in done.err


def test_a_change_that_would_lose_the_data_is_refused(answers: Stubber, run: Run) -> None:
    change = {
        "Action": "Modify",
        "LogicalResourceId": "Cluster",
        "ResourceType": "AWS::Redshift::Cluster",
        "Replacement": "True",
    }
    _asked_of_a_ready_stack(
        answers, {"Status": "CREATE_COMPLETE", "Changes": [{"Type": "Resource", "ResourceChange": change}]}
    )
    answers.add_response("delete_change_set", {})
    done = run("cluster", "create", "--yes", "--database", "other")
    assert done.code == 1
    assert "would replace the cluster of sparkify and lose its data" in done.err


def test_a_plan_that_fails_says_why(answers: Stubber, run: Run) -> None:
    _asked_of_a_ready_stack(answers, {"Status": "FAILED", "StatusReason": "Template error"})
    answers.add_response("delete_change_set", {})
    done = run("cluster", "create", "--yes")
    assert done.code == 1
    assert "CloudFormation cannot plan the stack sparkify: Template error" in done.err


@pytest.mark.parametrize(
    ("code", "parts"),
    [
        ("ExpiredToken", ["the credentials have expired", "AWS_PROFILE", "aws sso login"]),
        ("InvalidClientTokenId", ["AWS does not know these credentials"]),
        ("AccessDenied", ["not allowed here", "Ask for the right"]),
        ("Throttling", ["not allowed here", "Throttling"]),
    ],
)
def test_what_aws_refuses(answers: Stubber, run: Run, code: str, parts: list[str]) -> None:
    answers.add_client_error("describe_stacks", service_error_code=code, service_message="not allowed here")
    done = run("cluster", "status")
    assert done.code == 1
    for part in ["cannot look at the stack sparkify", *parts]:
        assert part in done.err


def test_a_wrong_signature_shows_nothing_of_what_was_signed(answers: Stubber, run: Run) -> None:
    text = f"The Canonical String should have been x-amz-security-token:{SECRET}"
    answers.add_client_error("describe_stacks", service_error_code="SignatureDoesNotMatch", service_message=text)
    done = run("cluster", "status", "--verbose")
    assert done.code == 1
    assert "the secret key is wrong" in done.err
    assert SECRET not in done.err + done.out


@pytest.mark.parametrize(
    ("error", "kind", "part"),
    [
        (exceptions.NoCredentialsError(), CloudError, "no credentials"),
        (exceptions.ProfileNotFound(profile="mine"), UsageError, "mine"),
        (exceptions.EndpointConnectionError(endpoint_url="https://x"), CloudError, "https://x"),
    ],
)
def test_what_botocore_raises(error: Exception, kind: type[SparkifyError], part: str) -> None:
    with pytest.raises(kind, match=part), translated():
        raise error


def test_no_region(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(UsageError, match="no AWS region"):
        aws.connect()
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    assert aws.connect().region == "eu-west-1"
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    assert aws.connect().region == "eu-central-1"
    assert aws.connect("us-west-2").region == "us-west-2"


class _Answer:
    def __init__(self, text: bytes) -> None:
        self.text = text

    def __enter__(self) -> _Answer:
        return self

    def __exit__(self, *_error: object) -> None: ...

    def read(self, _most: int) -> bytes:
        return self.text


def _answer(text: bytes) -> Callable[..., _Answer]:
    return lambda _url, timeout: _Answer(text)


def test_the_own_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("urllib.request.urlopen", _answer(b"198.51.100.9\n"))
    assert own_address() == "198.51.100.9/32"


@pytest.mark.parametrize("text", [b"<html>", b"::1", b"", b"198.51.100.9/0"])
def test_an_answer_that_is_no_address(monkeypatch: pytest.MonkeyPatch, text: bytes) -> None:
    monkeypatch.setattr("urllib.request.urlopen", _answer(text))
    with pytest.raises(CloudError, match="checkip") as found:
        own_address()
    assert "--allow-from" in found.value.hint


def test_a_security_group_that_is_left_is_found(account: Cloud) -> None:
    """moto does not tag the group, as CloudFormation does: so EC2 itself is stubbed."""
    ec2 = account.client("ec2")
    with Stubber(ec2) as stubber:
        stubber.add_response(
            "describe_security_groups",
            {"SecurityGroups": [{"GroupId": "sg-1"}]},
            {
                "Filters": [
                    {"Name": "tag:aws:cloudformation:stack-name", "Values": ["sparkify"]},
                    {"Name": "tag:aws:cloudformation:logical-id", "Values": ["SecurityGroup"]},
                ]
            },
        )
        assert leftovers(cloud(), "sparkify") == ["the security group sg-1"]
