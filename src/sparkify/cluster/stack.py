"""A cluster's stack: plan it, make it, watch it, look at it, delete it. CloudFormation keeps all that is known of it.

Nothing is remembered here between two calls: after an interrupt the command is run again, which goes on from the
state that the stack is in.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from importlib import resources
from typing import Any, NamedTuple

from sparkify.cluster.aws import Cloud, code_of, translated
from sparkify.cluster.request import ClusterRequest, as_text, expiry_after, from_text
from sparkify.cluster.states import Meaning, Phase, meaning_of
from sparkify.errors import CloudError, UsageError

PURPOSE = "sparkify warehouse"
"""The tag `purpose` of every stack made here; a stack without it is somebody else's, and is left alone."""

_CHANGE_SET = "sparkify-"
_POLL_SECONDS = 5.0
_NOTHING_TO_DO = ("didn't contain changes", "No updates are to be performed")
_STACK = "AWS::CloudFormation::Stack"
_WITH_DATA = ("Cluster", "Namespace")
_BEGINNINGS = ("REVIEW_IN_PROGRESS", "CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS")


class Change(NamedTuple):
    """What a change set does to a resource: `Add`, `Modify` or `Remove`, and whether it would be replaced."""

    action: str
    resource: str
    type: str
    replacement: bool

    @property
    def is_removal(self) -> bool:
        """Whether the resource goes."""
        return self.action == "Remove"


class Event(NamedTuple):
    """Something that happened to a resource of the stack."""

    id: str
    at: datetime
    resource: str
    type: str
    state: str
    reason: str


class Resource(NamedTuple):
    """A resource of the stack: its name in the template, its type, its name in AWS, its state."""

    name: str
    type: str
    id: str
    state: str


@dataclass(frozen=True)
class Status:
    """A stack as CloudFormation describes it; times are in UTC. `expiry` None means that it has none."""

    name: str
    stack_id: str
    state: str
    reason: str
    created: datetime
    tags: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)

    @property
    def meaning(self) -> Meaning:
        """What the state means."""
        return meaning_of(self.state, self.name)

    @property
    def expiry(self) -> datetime | None:
        """When the guard deletes the stack."""
        return from_text(self.parameters.get("Expiry", ""))

    @property
    def is_serverless(self) -> bool:
        """Whether it is a workgroup of Redshift Serverless."""
        return self.parameters.get("Kind") == "serverless"

    @property
    def is_ours(self) -> bool:
        """Whether it was made here."""
        return self.tags.get("purpose") == PURPOSE


@dataclass(frozen=True)
class Plan:
    """A change set that waits to be executed; if its id is empty, the stack is as it was asked for."""

    is_new: bool
    stack_id: str
    change_set_id: str
    changes: tuple[Change, ...]
    parameters: Mapping[str, str]
    owner: str


Report = Callable[[Event], None]


class Stack:
    """The stack of one cluster."""

    def __init__(self, cloud: Cloud, name: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self.cloud = cloud
        self.name = name
        self._sleep = sleep

    @property
    def _api(self) -> Any:
        return self.cloud.cloudformation

    def status(self, stack_id: str = "") -> Status | None:
        """The stack, if it is there; one that is gone is found by its id alone.

        Raises:
            CloudError: AWS refuses, or does not answer.
        """
        from botocore.exceptions import ClientError

        with translated(f"look at the stack {self.name}"):
            try:
                found = self._api.describe_stacks(StackName=stack_id or self.name)["Stacks"][0]
            except ClientError as error:
                if code_of(error) == "ValidationError" and "does not exist" in str(error):
                    return None
                raise
        return _status(found)

    def ours(self) -> Status | None:
        """The stack, if it is there.

        Raises:
            UsageError: it is somebody else's.
        """
        status = self.status()
        if status and not status.is_ours and not self._is_our_plan(status):
            raise UsageError(
                f"the stack {self.name} was not made by Sparkify: it lacks the tag purpose = {PURPOSE}",
                hint="It was left alone; take another name with --name.",
            )
        return status

    def _is_our_plan(self, status: Status) -> bool:
        """Whether a stack was only planned, and here: until a plan is executed it may bear no tags."""
        if status.meaning.phase is not Phase.PLANNED:
            return False
        with translated(f"look at the stack {self.name}"):
            found = self._api.list_change_sets(StackName=status.stack_id)["Summaries"]
        return all(summary["ChangeSetName"].startswith(_CHANGE_SET) for summary in found)

    def plan(self, request: ClusterRequest, ttl: timedelta | None, *, keep_expiry: bool, now: datetime) -> Plan:
        """Make a change set that leads to what is asked for.

        `keep_expiry` leaves the time of a stack that is there as it is. Change sets that an interrupted run left behind
        are removed first, and so is a stack that was planned only.

        Raises:
            CloudError: the stack is broken or busy, or the change would lose the cluster's data.
        """
        status = self.ours()
        owner = _owner(status) or _as_tag(self.cloud.caller().rsplit("/", 1)[-1].rsplit(":", 1)[-1])
        if status and status.meaning.phase is Phase.PLANNED:
            self._forget(status)
            status = None
        if status and status.meaning.phase is not Phase.READY:
            raise failure(status)
        expiry = status.expiry if status and keep_expiry else expiry_after(ttl, now)
        if status:
            self._remove_change_sets(status)
        parameters = request.parameters(expiry)
        plan = self._change_set(status is None, parameters, owner, expiry)
        if any(change.resource in _WITH_DATA and (change.replacement or change.is_removal) for change in plan.changes):
            self.discard(plan)
            raise CloudError(
                f"the change would replace the cluster of {self.name} and lose its data",
                hint="The database, its first user, and whether it is Serverless are settled when it is made; "
                "destroy it, or take another --name.",
            )
        return plan

    def _change_set(self, is_new: bool, parameters: Mapping[str, str], owner: str, expiry: datetime | None) -> Plan:
        tags = {"owner": owner, "purpose": PURPOSE, "expiry": as_text(expiry) if expiry else "none"}
        with translated(f"plan the stack {self.name}"):
            made = self._api.create_change_set(
                StackName=self.name,
                ChangeSetName=f"{_CHANGE_SET}{uuid.uuid4().hex}",
                ChangeSetType="CREATE" if is_new else "UPDATE",
                TemplateBody=template(),
                Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
                Tags=[{"Key": name, "Value": value} for name, value in tags.items()],
                Capabilities=["CAPABILITY_IAM"],
            )
        plan = Plan(is_new, made["StackId"], made["Id"], (), parameters, owner)
        changes = self._changes(plan)
        if changes is None:
            return replace(plan, change_set_id="")
        return replace(plan, changes=changes)

    def _changes(self, plan: Plan) -> tuple[Change, ...] | None:
        """What the change set does, once CloudFormation has worked it out; one that does nothing is removed."""
        with translated(f"read the plan of the stack {self.name}"):
            while True:
                found = self._api.describe_change_set(ChangeSetName=plan.change_set_id, StackName=plan.stack_id)
                if found["Status"] not in ("CREATE_PENDING", "CREATE_IN_PROGRESS"):
                    break
                self._sleep(_POLL_SECONDS / 2)
            if found["Status"] == "FAILED":
                self.discard(plan)
                reason = found.get("StatusReason", "")
                if any(sign in reason for sign in _NOTHING_TO_DO):
                    return None
                raise CloudError(
                    f"CloudFormation cannot plan the stack {self.name}: {reason}", hint="Nothing was made."
                )
            pages = [found]
            while token := pages[-1].get("NextToken"):
                pages.append(
                    self._api.describe_change_set(
                        ChangeSetName=plan.change_set_id, StackName=plan.stack_id, NextToken=token
                    )
                )
        return tuple(_change(found["ResourceChange"]) for page in pages for found in page["Changes"])

    def _remove_change_sets(self, status: Status) -> None:
        with translated(f"tidy up the stack {self.name}"):
            found = self._api.list_change_sets(StackName=status.stack_id)["Summaries"]
            for summary in found:
                if summary["ChangeSetName"].startswith(_CHANGE_SET) and summary["StackId"] == status.stack_id:
                    self._api.delete_change_set(ChangeSetName=summary["ChangeSetId"], StackName=status.stack_id)

    def discard(self, plan: Plan) -> None:
        """Remove a plan; of a stack that is new nothing is left.

        Raises:
            CloudError: AWS refuses, or does not answer.
        """
        if plan.is_new:
            status = self.status(plan.stack_id)
            if status and status.meaning.phase is Phase.PLANNED:
                self._forget(status)
        elif plan.change_set_id:
            with translated(f"remove the plan of the stack {self.name}"):
                self._api.delete_change_set(ChangeSetName=plan.change_set_id, StackName=plan.stack_id)

    def _forget(self, planned: Status) -> None:
        """Remove a stack that was planned only: there is nothing in it."""
        self.wait(planned.stack_id, after=self.delete(planned))

    def execute(self, plan: Plan) -> str:
        """Let CloudFormation do what was planned.

        The id of the last event before it comes back, for `wait` to tell its beginning by.

        Raises:
            CloudError: AWS refuses, or does not answer.
        """
        last = self._last_event(plan.stack_id)
        with translated(f"make the stack {self.name}"):
            self._api.execute_change_set(ChangeSetName=plan.change_set_id, StackName=plan.stack_id)
        return last

    def delete(self, status: Status) -> str:
        """Let CloudFormation delete the stack; the id of the last event before it comes back.

        Raises:
            CloudError: AWS refuses, or does not answer.
        """
        last = self._last_event(status.stack_id)
        with translated(f"delete the stack {self.name}"):
            self._api.delete_stack(StackName=status.stack_id)
        return last

    def _last_event(self, stack_id: str) -> str:
        events = self.events(stack_id)
        return events[-1].id if events else ""

    def wait(self, stack_id: str, report: Report = lambda _event: None, *, after: str = "") -> Status:
        """Wait until CloudFormation has done what it is at; every event of it is reported once, in order.

        What it is at may not have begun yet: it has when there is an event later than `after`.

        Raises:
            CloudError: AWS refuses, or does not answer; CloudFormation goes on all the same.
        """
        seen = {after}
        while True:
            status = self.status(stack_id)
            if status is None:  # a stack that was only planned is forgotten when it is deleted
                return Status(self.name, stack_id, "DELETE_COMPLETE", "", datetime.now(UTC))
            events = self.events(stack_id)
            for event in events:
                if event.id not in seen:
                    seen.add(event.id)
                    report(event)
            has_begun = not events or events[-1].id != after
            if status.meaning.phase is Phase.ABSENT or (has_begun and status.meaning.phase is not Phase.BUSY):
                return status
            self._sleep(_POLL_SECONDS)

    def events(self, stack_id: str) -> list[Event]:
        """The events of what CloudFormation did last to the stack, in order."""
        found: list[Event] = []
        with translated(f"read the events of the stack {self.name}"):
            for page in self._api.get_paginator("describe_stack_events").paginate(StackName=stack_id):
                for event in map(_event, page["StackEvents"]):
                    found.append(event)
                    if event.type == _STACK and event.state in _BEGINNINGS:
                        return found[::-1]
        return found[::-1]

    def resources(self, stack_id: str) -> list[Resource]:
        """What the stack holds, and what it held."""
        with translated(f"list the resources of the stack {self.name}"):
            return list(self._resources(stack_id))

    def _resources(self, stack_id: str) -> Iterator[Resource]:
        for page in self._api.get_paginator("list_stack_resources").paginate(StackName=stack_id):
            for found in page["StackResourceSummaries"]:
                yield Resource(
                    found["LogicalResourceId"],
                    found["ResourceType"],
                    found.get("PhysicalResourceId", ""),
                    found["ResourceStatus"],
                )


def failure(status: Status, events: list[Event] | None = None) -> CloudError:
    """A stack's state as an error: what happened, the first reason that AWS gave, and the next step."""
    reason = first_reason(events or []) or status.reason
    meaning = status.meaning
    because = f": {reason}" if reason else ""
    return CloudError(f"the stack {status.name}: {meaning.sentence} ({status.state}){because}", hint=meaning.next_step)


def first_reason(events: list[Event]) -> str:
    """What AWS said of the first resource that failed; those that were cancelled for it say nothing new."""
    for event in events:
        if event.state.endswith("_FAILED") and event.type != _STACK and "cancelled" not in event.reason.lower():
            return f"{event.resource}: {event.reason}"
    return ""


def template() -> str:
    """The text of the CloudFormation template."""
    return resources.files("sparkify.cluster").joinpath("template.yaml").read_text(encoding="utf-8")


def _owner(status: Status | None) -> str:
    return status.tags.get("owner", "") if status else ""


def _as_tag(text: str) -> str:
    """A text as the value of a tag, which takes fewer characters."""
    return "".join(letter if letter.isalnum() or letter in " +-=._:/@" else "_" for letter in text)[:256]


def _status(found: Mapping[str, Any]) -> Status:
    return Status(
        name=found["StackName"],
        stack_id=found["StackId"],
        state=found["StackStatus"],
        reason=found.get("StackStatusReason", ""),
        created=found["CreationTime"].astimezone(UTC),
        tags={tag["Key"]: tag["Value"] for tag in found.get("Tags", ())},
        parameters={given["ParameterKey"]: given.get("ParameterValue", "") for given in found.get("Parameters", ())},
        outputs={output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", ())},
    )


def _change(found: Mapping[str, Any]) -> Change:
    replacement = found.get("Replacement") in ("True", "Conditional")
    return Change(found["Action"], found["LogicalResourceId"], found["ResourceType"], replacement)


def _event(found: Mapping[str, Any]) -> Event:
    return Event(
        found["EventId"],
        found["Timestamp"].astimezone(UTC),
        found["LogicalResourceId"],
        found["ResourceType"],
        found["ResourceStatus"],
        found.get("ResourceStatusReason", "") or "",
    )
