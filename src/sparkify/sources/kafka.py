"""A Kafka topic as a source: which slices of its partitions are to be read, and their messages.

Partitions are assigned, never subscribed to: there is one reader, no group and no rebalance. How far a partition was
read is known by the warehouse alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from sparkify.contract import Kind
from sparkify.errors import SourceError
from sparkify.sources.base import Changes, K, Source, SourceFile
from sparkify.sources.kafka_client import Marks, TopicClient, TopicState
from sparkify.sources.kafka_errors import cluster_made_again, lost_offsets, partition_gone, topic_made_again
from sparkify.sources.kafka_fetch import Fetch
from sparkify.sources.offsets import FROM_WHERE_IT_STANDS, PartitionOffset, Start
from sparkify.sources.opening import Opening
from sparkify.sources.slices import Fetched, Message, Messages, Slice
from sparkify.storage.kafka import parse_address
from sparkify.storage.spool import Spool

LIKELY_BYTES = 400
"""How long a message is likely to be, until it is read."""


def open_source(location: str, opening: Opening) -> Topic:
    """The topic that a URI names.

    Raises:
        UsageError: the URI or a property of the client is wrong.
    """
    return Topic(location, opening)


class Topic(Source):
    """A topic, read by its partitions. What it holds is asked of the broker once, when it is first needed."""

    copies_files = True
    holds_messages = True

    def __init__(self, location: str, opening: Opening) -> None:
        self._address = parse_address(location)
        self.uri = self.location = self._address.uri
        self._bounds = opening.chunk
        self._properties = opening.kafka
        self._state: TopicState | None = None
        self._connect()

    def _connect(self) -> None:
        self._client = TopicClient(self._address, self._properties)
        self._fetched: dict[SourceFile, Fetched] = {}
        self._folders: dict[SourceFile, tuple[Spool, str]] = {}
        self._stop = threading.Event()

    def __getstate__(self) -> dict[str, object]:
        """All but the connection and what was fetched."""
        left_out = ("_client", "_fetched", "_folders", "_stop")
        return {name: value for name, value in self.__dict__.items() if name not in left_out}

    def __setstate__(self, state: dict[str, object]) -> None:
        """Connect again."""
        self.__dict__.update(state)
        self._connect()

    @property
    def state(self) -> TopicState:
        """Ids and partitions, as they were when they were first asked for.

        Raises:
            SourceError: the broker cannot be reached, refuses, or has no such topic.
        """
        if self._state is None:
            self._state = self._client.describe()
        return self._state

    def look_again(self) -> None:
        """Ask the broker again, by the connection that is there."""
        self._state = None

    def uris(self) -> Iterator[str]:
        """The URIs of the partitions."""
        return (self.uri_of(partition) for partition in self.state.partitions)

    def uri_of(self, partition: int) -> str:
        """The URI of a partition."""
        return f"{self.uri}/{partition}"

    def pending(
        self,
        kind: Kind,
        known: Mapping[str, K],
        *,
        again: Callable[[K], bool] | None = None,  # noqa: ARG002
        reread: bool = False,  # noqa: ARG002
        start: Start = FROM_WHERE_IT_STANDS,
    ) -> Changes[K]:
        """The slice of each partition from where the warehouse stands up to the end that the partition has now.

        Raises:
            SourceError: messages were deleted unread, or the topic or its cluster is another one, and `start` does not
                accept that.
        """
        before = {uri: entry.offset for uri, entry in known.items() if entry.offset}
        current = self._current(before, start)
        marks = self._client.marks(self.state.partitions)
        begins = self._client.offsets_at(self.state.partitions, start.from_time) if start.from_time else {}
        changes: Changes[K] = Changes()
        for partition in self.state.partitions:
            if offset := current.get(partition):
                part = self._next_slice(kind, offset, marks[partition], start)
            else:
                first = max(begins.get(partition, 0), marks[partition].low)
                part = self._slice(kind, partition, first, marks[partition])
            if part.begin < part.end or part.lost:
                changes.slices.append(part)
            else:
                changes.unchanged += 1
        return changes

    def _current(self, known: Mapping[str, PartitionOffset], start: Start) -> dict[int, PartitionOffset]:
        """How far this very topic was read, by partition.

        Raises:
            SourceError: another topic of this name was read, or at this address.
        """
        state = self.state
        named = {uri: offset for uri, offset in known.items() if offset.topic == self._address.topic}
        mine = {offset.partition: offset for offset in named.values() if state.is_of(offset)}
        if not mine and not start.from_beginning:
            for uri, offset in named.items():
                if offset.cluster_id == state.cluster_id:
                    raise topic_made_again(self._address, offset, state)
                if uri.startswith(self.uri + "/"):
                    raise cluster_made_again(self._address, offset, state)
        if gone := sorted(mine.keys() - set(state.partitions)):
            raise partition_gone(self._address, gone)
        return mine

    def _next_slice(self, kind: Kind, offset: PartitionOffset, marks: Marks, start: Start) -> Slice:
        """From where the warehouse stands; behind what is lost, if that is accepted."""
        begin = offset.next_offset
        part = self._slice(kind, offset.partition, begin, marks, offset.file_id)
        if marks.low <= begin <= marks.high:
            return part
        error = lost_offsets(self._address, offset, marks)
        if not start.accept_lost_offsets or begin > marks.high:
            raise error
        accepted = f"{error.what} (--accept-lost-offsets)"
        return replace(part, begin=marks.low, lost=marks.low - begin, accepted=accepted)

    def _slice(self, kind: Kind, partition: int, begin: int, marks: Marks, file_id: int | None = None) -> Slice:
        end = max(begin, marks.high)
        size = max(1, min((end - begin) * LIKELY_BYTES, self._bounds.size // len(self.state.partitions)))
        return Slice(
            kind,
            self.uri_of(partition),
            str(partition),
            size,
            str(end),
            self,
            cluster_id=self.state.cluster_id,
            topic=self._address.topic,
            topic_id=self.state.topic_id,
            partition=partition,
            begin=begin,
            end=end,
            file_id=file_id,
        )

    def following(self, files: Iterable[SourceFile]) -> list[SourceFile]:
        """What is left of slices, now that they were fetched; their begin is the end of what was."""
        left: list[SourceFile] = []
        for part in files:
            fetched = self._fetched[part]
            if isinstance(part, Slice) and fetched.end < part.end:
                left.append(replace(part, begin=fetched.end, turn=part.turn + 1, lost=0, accepted=""))
        return left

    def fetch(self, files: Iterable[SourceFile], spool: Spool) -> None:
        """Fetch the messages of slices, up to the size of a chunk.

        Raises:
            SourceError: the broker does not answer, or the topic was deleted or made again meanwhile.
            SpoolFull: they do not fit.
        """
        parts = [file for file in files if isinstance(file, Slice)]
        self._stop.clear()
        folder = spool.make_folder(0)
        try:
            bounds = self._bounds._replace(size=min(self._bounds.size, spool.limit // 4))
            note_size = partial(spool.resize_folder, folder)
            found = Fetch(self._client, folder, bounds, self._stop, note_size).run(parts)
            self._refuse_if_made_again(parts)
        except BaseException:
            spool.drop_folder(folder)
            raise
        for part in parts:
            self._fetched[part] = found[part.partition]
            self._folders[part] = spool, folder

    def _refuse_if_made_again(self, parts: Sequence[Slice]) -> None:
        """Offsets mean nothing in another topic of the same name."""
        now = self._client.describe()
        if parts and now.topic_id != parts[0].topic_id:
            first = parts[0]
            where = (first.cluster_id, first.topic, first.topic_id, first.partition, first.begin, first.file_id or 0)
            raise topic_made_again(self._address, PartitionOffset(*where), now)

    def committed(self, files: Iterable[tuple[SourceFile, int]]) -> None:
        """Tell the group of the settings, if there is one, how far the warehouse is."""
        self._client.tell_group({part.partition: end for part, end in files if isinstance(part, Slice)})

    def release(self, files: Iterable[SourceFile]) -> None:
        """Remove the messages of slices; a folder goes with the last of them."""
        gone = list(files)
        dropped = [self._folders.pop(file, None) for file in gone]
        for file in gone:
            self._fetched.pop(file, None)
        left = {folder for _, folder in self._folders.values()}
        for spool, folder in {entry for entry in dropped if entry}:
            if folder not in left:
                spool.drop_folder(folder)

    def cancel(self) -> None:
        """Break off what `fetch` is doing in another thread."""
        self._stop.set()

    def open(self, file: SourceFile) -> Messages:
        """The messages of a slice that was fetched."""
        assert isinstance(file, Slice)
        return Messages(file, self._fetched[file])

    @property
    def name(self) -> str:
        """Its name."""
        return self._address.topic

    def marks(self) -> dict[int, Marks]:
        """Where each partition begins and ends."""
        return self._client.marks(self.state.partitions)

    def retention_seconds(self) -> float | None:
        """After how long messages are deleted; None if never, or if the broker does not tell."""
        return self._client.retention_seconds()

    def part(self, partition: int, begin: int, marks: Marks) -> Slice:
        """A slice that is read to be looked at, not to be loaded."""
        return self._slice("events", partition, begin, marks)

    def message_at(self, partition: int, offset: int) -> Message | None:
        """The message at an offset, if the broker still has it."""
        marks = self._client.marks([partition])[partition]
        if not marks.low <= offset < marks.high:
            return None
        part = self.part(partition, offset, Marks(offset, offset + 1))
        with Spool() as spool:
            self.fetch([part], spool)
            content = self.open(part)
            try:
                return content.first()
            finally:
                content.close()
                self.release([part])

    def file_at(self, kind: Kind, uri: str) -> SourceFile:  # noqa: ARG002
        """A partition cannot be read as a file."""
        raise SourceError(f"{uri} is a partition of a topic, not a file", hint="Messages are read by their offsets.")
