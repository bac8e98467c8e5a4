"""Look back: the runs, the rejects, and where a play came from."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sparkify.contract import EVENTS, POSITION
from sparkify.engines.base import Engine, Result
from sparkify.errors import SparkifyError, UsageError
from sparkify.reader.framing import split
from sparkify.reader.validation import CarefulReader, Reject
from sparkify.reports.analyze import stored_setting
from sparkify.reports.messages import message_of
from sparkify.reports.replayed import replay_of
from sparkify.reports.unresolved import failed_files
from sparkify.sources.base import shown
from sparkify.sources.local import without_marks
from sparkify.sources.open import opened
from sparkify.sources.opening import Opening
from sparkify.sources.registry import file_at
from sparkify.sql import definitions
from sparkify.sql.statements import statement
from sparkify.star.repair import repaired
from sparkify.warehouse.reject_key import RejectKey
from sparkify.warehouse.tables import require_tables

_IDENTITY = re.compile(r"(\d{1,15})-(-?\d{1,16})-(-?\d{1,16})-(-?\d{1,10})")
_WITHOUT_TIME = re.compile(r"(-?\d{1,16})-(-?\d{1,16})-(-?\d{1,10})")
"""The ids that plays had before contract version 4."""


def list_runs(engine: Engine, most: int) -> Result:
    """The latest runs, the last one first; `seconds` with two digits, records a second as a whole number."""
    require_tables(engine)
    result = engine.query(statement("runs/latest", engine.dialect, literals={"most": most}))
    rows = [(*row[:6], round(row[6], 2), round(row[7]), *row[8:]) for row in result.rows]
    return Result(result.columns, rows)


def list_rejects(engine: Engine, most: int) -> Result:
    """The files that failed, then the latest rejects: name, URI, line, byte offset, state, field, reason, suggestion.

    A message has no line, and its offset in the place of a byte offset.
    A file has no name of a reject, no place and no field.
    """
    require_tables(engine)
    failed = [(None, file, None, None, "failed", "", failure, "") for file, failure in failed_files(engine, most)]
    result = engine.query(statement("rejects/latest", engine.dialect, literals={"most": most}))
    rows = [(str(RejectKey(file_id, number)), *rest) for file_id, number, *rest in result.rows]
    return Result(("reject", *result.columns[2:]), [*failed, *rows])


def find_reject(engine: Engine, key: RejectKey) -> dict[str, object]:
    """All that is known of one reject.

    Raises:
        UsageError: there is none of that name.
    """
    require_tables(engine)
    names = (
        "file",
        "run",
        "line",
        "byte_offset",
        "field",
        "reason",
        "suggestion",
        "records",
        "resolved_by",
        "message_time",
        "message_key",
        "raw_text",
    )
    rows = engine.execute_named("rejects/one", list(key))
    if not rows:
        raise UsageError(f"there is no reject {key}", hint="See them with: sparkify rejects list")
    found = {"reject": str(key), **dict(zip(names, rows[0], strict=True))}
    is_message = found["line"] == 0
    left_out = ("line", "byte_offset") if is_message else ("message_time", "message_key")
    offset = {"offset": found["byte_offset"]} if is_message else {}
    return {name: value for name, value in found.items() if name not in left_out} | offset


def explain_play(engine: Engine, songplay_id: str, opening: Opening | None = None) -> dict[str, object]:
    """A play, its row in staging, its file and line, its run, and how its song was found.

    An id of before contract version 4, which had no time, is answered with the ids of the plays that had it.

    The line is found by reading the file as it is now, and a message is asked of its broker; `opening` says how.

    Raises:
        UsageError: there is no such play.
    """
    require_tables(engine)
    if without_time := _WITHOUT_TIME.fullmatch(songplay_id):
        return _ids_now(engine, songplay_id, int(without_time[1]), int(without_time[2]))
    identity = _IDENTITY.fullmatch(songplay_id)
    star = definitions.table("songplays").column_names
    rows = engine.execute_named("reports/play", [songplay_id], columns={"play_columns": star})
    if not identity or not rows:
        raise UsageError(f"no play has the id {songplay_id}", hint="It is ts-userId-sessionId-itemInSession.")
    staged, copies = _staged_play(engine, [int(number) for number in identity.groups()])
    uri, tag, run_id = engine.execute_named("manifest/place", [staged["file_id"]])[0]
    opening = opening or Opening()
    if staged[POSITION] is None:
        place = _origin(engine, uri, tag, staged, opening.anonymous)
    else:
        place = message_of(engine, int(str(staged["file_id"])), uri, int(str(staged[POSITION])), opening)
    return {
        **dict(zip(star, rows[0], strict=True)),
        **{f"staging.{name}": staged[name] for name in EVENTS.names},
        "file": shown(uri),
        **place,
        "run": run_id,
        "copies_in_staging": copies,
        "song_found": _how_found(engine, staged),
    }


def _ids_now(engine: Engine, id_before: str, user_id: int, session_id: int) -> dict[str, object]:
    """The ids of the plays that had an id without a time, in the order of time."""
    rows = engine.execute_named("reports/plays_of_session", [user_id, session_id])
    found = [songplay_id for (songplay_id,) in rows if songplay_id.split("-", 1)[1] == id_before]
    if not found:
        raise UsageError(f"no play has the id {id_before}", hint="It is ts-userId-sessionId-itemInSession.")
    return {"id_before_version_4": id_before, "plays": len(found), "songplay_ids": ", ".join(found)}


def _staged_play(engine: Engine, identity: Sequence[int]) -> tuple[dict[str, object], int]:
    literals = dict(zip(("ts", "user_id", "session_id", "item"), identity, strict=True))
    rows = engine.execute_named("reports/staged_play", columns={"event_columns": EVENTS.names}, literals=literals)
    return dict(zip((*EVENTS.names, POSITION, "file_id"), rows[0], strict=True)), len(rows)


def _origin(engine: Engine, uri: str, tag: str, staged: dict[str, object], anonymous: bool) -> dict[str, object]:
    """Where a record is in its file; or, if the file does not show it, the replay that gave it."""
    place = _place_of(uri, tag, staged, anonymous)
    return place if place["line"] is not None else replay_of(engine, staged) or place


def _place_of(uri: str, tag: str, staged: dict[str, object], anonymous: bool) -> dict[str, object]:
    """The line, from 1, and the byte, from 0, of a record in its file, found by reading it; or why it was not found."""
    record = {name: staged[name] for name in EVENTS.names}
    try:
        with opened(file_at("events", uri, anonymous=anonymous)) as stream:
            if without_marks(stream.tag) != without_marks(tag):
                return _nowhere("the file has changed since it was loaded")
            for piece in split(stream, shown(uri), EVENTS):
                found = next(CarefulReader(EVENTS).read([piece]))
                if not isinstance(found, Reject) and found == record:
                    return {"line": piece.line, "byte": piece.offset}
    except SparkifyError as error:
        return _nowhere(error.what)
    return _nowhere("the file does not hold it any more")


def _nowhere(why: str) -> dict[str, object]:
    return {"line": None, "byte": None, "line_unknown": why}


def _how_found(engine: Engine, staged: dict[str, object]) -> str:
    return _how_matched(engine, staged) + _how_repaired(engine, staged)


def _how_repaired(engine: Engine, staged: dict[str, object]) -> str:
    """What of a play's texts was repaired before its song was looked for; empty if nothing was."""
    if stored_setting(engine, "repair_text", "true") != "true":
        return ""
    texts = {name: str(staged[name]).rstrip(" ") for name in ("artist", "song")}
    changes = [f"its {name} was repaired to {repaired(text)}" for name, text in texts.items() if repaired(text) != text]
    return f"; {' and '.join(changes)}" if changes else ""


def _how_matched(engine: Engine, staged: dict[str, object]) -> str:
    song, artist = (str(staged[name]).rstrip(" ") for name in ("song", "artist"))
    length = staged["length"]
    rows = engine.execute_named("reports/match", [song, artist, length, length is None])
    song_id, artist_id, song_inferred, artist_inferred = rows[0]
    if song_id is None:
        return "no record of the catalogue has this title and artist (unknown_songs = null)"
    if not song_inferred:
        return f"{song_id}: its title and artist are those of the play, and its duration is the nearest"
    whose = "of an inferred artist" if artist_inferred else "of an artist whom the catalogue knows by name"
    return f"{song_id}: inferred, for no record of the catalogue has this title and artist; {whose} ({artist_id})"
