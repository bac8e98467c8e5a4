"""What CloudFormation's states mean: whether there is more to wait for, what went wrong, and what to do about it."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Phase(Enum):
    """Where a stack stands, as far as it matters here."""

    ABSENT = "absent"
    PLANNED = "planned"
    """Only a change set was made: nothing is there, nothing costs."""
    BUSY = "busy"
    READY = "ready"
    BROKEN = "broken"


class Meaning(NamedTuple):
    """A state's phase, a sentence about it, and the next step; `{name}` is the stack's."""

    phase: Phase
    sentence: str
    next_step: str = ""


_WAIT = "Wait for it with: sparkify cluster create --name {name}"
_DESTROY = "Remove what is left with: sparkify cluster destroy --name {name}"
_AS_BEFORE = "Fix what the events name, then run again: sparkify cluster create --name {name}"
_FOREIGN = "Look at it in the console of CloudFormation; Sparkify imports nothing."

MEANINGS = {
    "REVIEW_IN_PROGRESS": Meaning(
        Phase.PLANNED, "it was planned and never made", "Make it with: sparkify cluster create --name {name}"
    ),
    "CREATE_IN_PROGRESS": Meaning(Phase.BUSY, "it is being created", _WAIT),
    "CREATE_FAILED": Meaning(Phase.BROKEN, "it could not be created, and nothing was rolled back", _DESTROY),
    "CREATE_COMPLETE": Meaning(Phase.READY, "it is ready"),
    "ROLLBACK_IN_PROGRESS": Meaning(Phase.BUSY, "it could not be created, and is being rolled back", _WAIT),
    "ROLLBACK_FAILED": Meaning(
        Phase.BROKEN, "it could not be created, and the rollback failed: some of it may be there and cost", _DESTROY
    ),
    "ROLLBACK_COMPLETE": Meaning(
        Phase.BROKEN,
        "it could not be created, and was rolled back: nothing of it is there but its record",
        "Fix what the events name, remove the record with: sparkify cluster destroy --name {name}, and create again.",
    ),
    "DELETE_IN_PROGRESS": Meaning(
        Phase.BUSY, "it is being deleted", "Wait for it with: sparkify cluster destroy --name {name}"
    ),
    "DELETE_FAILED": Meaning(Phase.BROKEN, "it could not be deleted altogether: what is left may cost", _DESTROY),
    "DELETE_COMPLETE": Meaning(Phase.ABSENT, "it is gone"),
    "UPDATE_IN_PROGRESS": Meaning(Phase.BUSY, "it is being changed", _WAIT),
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": Meaning(Phase.BUSY, "it was changed, and is being tidied up", _WAIT),
    "UPDATE_COMPLETE": Meaning(Phase.READY, "it is ready"),
    "UPDATE_FAILED": Meaning(Phase.BROKEN, "it could not be changed, and nothing was rolled back", _DESTROY),
    "UPDATE_ROLLBACK_IN_PROGRESS": Meaning(Phase.BUSY, "it could not be changed, and is being rolled back", _WAIT),
    "UPDATE_ROLLBACK_FAILED": Meaning(
        Phase.BROKEN,
        "it could not be changed, and the rollback failed: the cluster may be there and costs",
        "Continue the rollback in the console of CloudFormation, or remove it all with: "
        "sparkify cluster destroy --name {name}",
    ),
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": Meaning(
        Phase.BUSY, "it could not be changed, and is being tidied up", _WAIT
    ),
    "UPDATE_ROLLBACK_COMPLETE": Meaning(
        Phase.READY, "it is ready; its last change failed and was rolled back", _AS_BEFORE
    ),
    "IMPORT_IN_PROGRESS": Meaning(Phase.BUSY, "resources are being imported into it", _FOREIGN),
    "IMPORT_COMPLETE": Meaning(Phase.READY, "it is ready; resources were imported into it"),
    "IMPORT_ROLLBACK_IN_PROGRESS": Meaning(Phase.BUSY, "an import into it is being rolled back", _FOREIGN),
    "IMPORT_ROLLBACK_FAILED": Meaning(Phase.BROKEN, "an import into it failed, and so did the rollback", _FOREIGN),
    "IMPORT_ROLLBACK_COMPLETE": Meaning(Phase.READY, "it is ready; an import into it was rolled back"),
}


def meaning_of(state: str, name: str) -> Meaning:
    """What a state of the stack of that name means."""
    known = MEANINGS.get(state)
    if known is None:
        return Meaning(Phase.BROKEN, f"it is in a state that is not known, {state}", _FOREIGN)
    return known._replace(next_step=known.next_step.format(name=name))
