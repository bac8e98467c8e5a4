"""How far behind the topics that a warehouse reads are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sparkify.engines.base import Engine
from sparkify.reports.analyze import Checked
from sparkify.sources.kafka import Topic
from sparkify.sources.kafka_lag import Lag, lag_of
from sparkify.sources.opening import Opening
from sparkify.sources.registry import source_at
from sparkify.star.checks import SHOWN_ROWS
from sparkify.storage.kafka import is_topic
from sparkify.warehouse.manifest import read_offsets


def find_lags(engine: Engine, locations: Iterable[str | None], opening: Opening) -> dict[str, list[Lag]]:
    """The lag of each partition, by topic, for the topics among the locations.

    Raises:
        SourceError: a broker cannot be reached, or refuses.
    """
    found = {}
    for location in locations:
        if location and is_topic(location):
            source = source_at(location, opening)
            assert isinstance(source, Topic)
            known = [offset for offset in read_offsets(engine).values() if source.state.is_of(offset)]
            mine = {offset.partition: offset for offset in known if offset.topic == source.name}
            found[source.uri] = lag_of(source, mine)
    return found


class TopicLags(NamedTuple):
    """The lag of each partition, by the URI of its topic; or why it is not known."""

    found: dict[str, list[Lag]]
    problem: str = ""

    def in_words(self) -> dict[str, str]:
        """A sentence for each topic, with a name."""
        if self.problem:
            return {"lag": f"unknown: {self.problem}"}
        return {f"lag of {uri}": in_words(lags) for uri, lags in self.found.items()}

    def check(self, least: float) -> Checked:
        """Whether retention leaves unread messages at least so many seconds; what is not known does not pass."""
        about = f"retention leaves unread messages of topics for at least {least / 3600:g} h (min_time_left)"
        bad: list[dict[str, object]] = [
            {
                "topic": uri,
                "partition": lag.partition,
                "unread": lag.offsets,
                "hours_left": round(lag.seconds_left / 3600, 2),
            }
            for uri, lags in self.found.items()
            for lag in lags
            if lag.offsets and lag.seconds_left is not None and lag.seconds_left < least
        ]
        bad += [{"problem": self.problem}] if self.problem else []
        return Checked("unread_messages_safe", "warning" if bad else "passed", len(bad), about, bad[:SHOWN_ROWS])


def in_words(lags: Iterable[Lag]) -> str:
    """The lag of a topic in a sentence: of all partitions together, and of the one that is furthest behind."""
    parts = list(lags)
    offsets = sum(part.offsets for part in parts)
    lost = sum(part.lost for part in parts)
    said = [f"{offsets:,} offsets unread in {sum(part.offsets > 0 for part in parts)} of {len(parts)} partitions"]
    if ages := [part.seconds for part in parts if part.seconds is not None]:
        said.append(f"{max(ages):,.0f} s behind")
    if left := [part.seconds_left for part in parts if part.seconds_left is not None]:
        said.append(f"retention deletes the first unread message in {min(left) / 3600:,.1f} h")
    if lost:
        said.append(f"{lost:,} were deleted unread")
    return ", ".join(said)
