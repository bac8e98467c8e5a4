"""The replay that a play came by, and the reject in whose place it stands."""

from __future__ import annotations

from collections.abc import Mapping

from sparkify.contract import EVENTS
from sparkify.engines.base import Engine
from sparkify.warehouse.reject_key import RejectKey

_IDENTITY = {"ts": "ts", "user_id": "userId", "session_id": "sessionId", "item": "itemInSession"}


def replay_of(engine: Engine, staged: Mapping[str, object]) -> dict[str, object]:
    """The replay that gave a row of staging_events to its file; empty if none did.

    `line`, from 1, and `byte`, from 0, are those of the reject in the file.
    """
    file_id = int(str(staged["file_id"]))
    rows = engine.execute_named(
        "reports/replays_of_play",
        [file_id],
        columns={"event_columns": EVENTS.names},
        literals={literal: int(str(staged[name])) for literal, name in _IDENTITY.items()},
    )
    for replay_id, run_id, reject_no, line, byte, *values in rows:
        if dict(zip(EVENTS.names, values, strict=True)) == {name: staged[name] for name in EVENTS.names}:
            reject = str(RejectKey(file_id, reject_no))
            return {"line": line, "byte": byte, "replay": replay_id, "replaces_reject": reject, "replay_run": run_id}
    return {}
