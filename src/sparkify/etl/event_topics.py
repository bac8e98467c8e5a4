"""The four topics of eventsim's maintained fork, kept as files: which of them may be loaded, and which together.

`page_view_events` holds every event. `listen_events` repeats its plays, and the other two repeat some of its events
(DESIGN section 3, "The topic form"). They are known by the name of a file or a folder, before anything is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from sparkify.contract import AUTHS, EVENT_TOPICS, LISTENS, PAGE_VIEWS, STATUS_CHANGES
from sparkify.errors import UsageError
from sparkify.sources.base import shown

_NAMES = re.compile(rf"(?<![a-z0-9])({'|'.join(EVENT_TOPICS)})(?![a-z0-9])", re.I)


def topic_of(uri: str) -> str:
    """The topic that a file is named after, by its own name or that of a folder; empty if by none."""
    found = _NAMES.findall(uri)
    return found[-1].lower() if found else ""


def refuse_repeated_events(listed: Iterable[str], known: Iterable[str]) -> None:
    """Refuse files that would count events twice; `listed` are the URIs of the logs, `known` those in the manifest.

    Raises:
        UsageError: plays are there as page views and as listens, or a topic only repeats others; names two files.
    """
    first: dict[str, str] = {}
    for uri in listed:
        if "_events" in uri.lower() and (topic := topic_of(uri)):
            first.setdefault(topic, uri)
    for topic in (AUTHS, STATUS_CHANGES):
        if topic in first:
            raise UsageError(
                f"{shown(first[topic])} is of the topic {topic}, whose events {PAGE_VIEWS} holds too",
                hint=f"Load {PAGE_VIEWS} alone: move the other topics elsewhere, or leave them out with --exclude.",
            )
    if not first:
        return
    before = {topic: uri for uri in known if "_events" in uri.lower() and (topic := topic_of(uri))}
    _refuse_both({**before, **first})


def _refuse_both(all_of: dict[str, str]) -> None:
    if PAGE_VIEWS in all_of and LISTENS in all_of:
        listens, views = shown(all_of[LISTENS]), shown(all_of[PAGE_VIEWS])
        raise UsageError(
            f"every play would be there twice: {listens} repeats the plays of {views}",
            hint=f"Load {PAGE_VIEWS} or {LISTENS}; --exclude leaves one out, etl --prune removes what was loaded.",
        )
