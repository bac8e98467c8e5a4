"""Fetching the messages of some slices to files on this machine."""

from __future__ import annotations

import os
import threading
import time
from array import array
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sparkify.errors import SourceError
from sparkify.sources.kafka_client import TopicClient
from sparkify.sources.opening import Bounds
from sparkify.sources.slices import NO_VALUE, Fetched, Slice
from sparkify.storage.kafka import explained, translated
from sparkify.storage.spool import naming_the_spool

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError, Message

MESSAGES_AT_ONCE = 10_000
_BYTES_AT_ONCE = 16 * 1024 * 1024
_LIKELY_BYTES = 400
SECONDS_AT_ONCE = 0.05
"""How long is waited for so many messages, or for the end of a partition."""

SECONDS_WITHOUT_MESSAGES = 30.0
"""How long a partition may give nothing before its end is reached."""
SECONDS_WITHOUT_BROKER = 10.0

_KEPT_BYTES = 1024 * 1024
_BLANK = b" \t\r\n"
_REGISTRY_BYTES = 5
"""A schema registry puts a NUL and the four bytes of a schema's number before a value."""


class Stopped(Exception):
    """The messages are not wanted any more."""


class Fetch:
    """Fetches slices of one topic into a folder, about as much of them in all as the bounds say.

    `on_size` is called with the bytes that were written.
    """

    def __init__(
        self, client: TopicClient, folder: str, bounds: Bounds, stop: threading.Event, on_size: Callable[[int], None]
    ) -> None:
        self._client = client
        self._address = client.address
        self._folder = folder
        self._bounds = bounds
        self._stop = stop
        self._on_size = on_size
        self._parts: dict[int, _Part] = {}

    def run(self, slices: Sequence[Slice]) -> dict[int, Fetched]:
        """Fetch them; by partition.

        Raises:
            SourceError: the broker does not answer, or what is to be read is not there any more.
            SpoolFull: they do not fit.
            Stopped: `stop` was set.
        """
        with naming_the_spool(os.path.join(self._folder, "messages")):
            self._parts = {part.partition: _Part(part, self._folder) for part in slices}
        try:
            with translated(self._address), self._client.consumer() as consumer:
                self._assign(consumer, slices)
                self._consume(consumer)
        finally:
            for part in self._parts.values():
                part.close()
        self._on_size(self._size())
        return {number: part.fetched for number, part in self._parts.items()}

    def _assign(self, consumer: Consumer, slices: Sequence[Slice]) -> None:
        from confluent_kafka import TopicPartition

        wanted = [part for part in slices if part.begin < part.end]
        consumer.assign([TopicPartition(self._address.topic, part.partition, part.begin) for part in wanted])

    def _consume(self, consumer: Consumer) -> None:
        begun = last = reported = time.monotonic()
        while any(not part.is_done for part in self._parts.values()):
            if self._stop.is_set():
                raise Stopped
            messages = consumer.consume(self._how_many(), SECONDS_AT_ONCE)
            now = time.monotonic()
            if messages:
                last, self._client.failure = now, None
                self._take(messages)
                if self._size() >= self._bounds.size or self._count() >= self._bounds.messages:
                    return
            if now - begun > self._bounds.seconds and self._count():
                return
            if now - reported > 1:
                self._on_size(self._size())
                reported = now
            self._raise_if_silent(now - last)

    def _how_many(self) -> int:
        """How many messages are taken at once: few of large ones, and no more than are still wanted."""
        messages = self._count()
        average = max(1, self._size() // messages) if messages else _LIKELY_BYTES
        wanted = min(_BYTES_AT_ONCE, self._bounds.size - self._size()) // average
        return max(1, min(MESSAGES_AT_ONCE, wanted, self._bounds.messages - messages))

    def _raise_if_silent(self, seconds: float) -> None:
        if self._client.failure is not None and seconds > SECONDS_WITHOUT_BROKER:
            raise explained(self._client.failure, self._address)
        if seconds > SECONDS_WITHOUT_MESSAGES:
            waiting = min(number for number, part in self._parts.items() if not part.is_done)
            raise SourceError(
                f"topic {self._address.topic} at {self._address.servers}: partition {waiting} gave nothing for "
                f"{SECONDS_WITHOUT_MESSAGES:.0f} seconds, and its end is not reached",
                hint="Check the broker that leads the partition, and run again.",
                passes=True,
            )

    def _size(self) -> int:
        return sum(part.size for part in self._parts.values())

    def _count(self) -> int:
        return sum(part.messages for part in self._parts.values())

    def _take(self, messages: Sequence[Message]) -> None:
        parts = self._parts
        for message in messages:
            error = message.error()
            if error is not None:
                self._take_error(message, error)
            else:
                part = parts[message.partition()]  # type: ignore[index]
                if not part.is_done:
                    part.take(message)

    def _take_error(self, message: Message, error: KafkaError) -> None:
        name = error.name()
        partition = message.partition()
        if name == "_PARTITION_EOF" and partition in self._parts:
            self._parts[partition].is_done = True
        elif name in ("_AUTO_OFFSET_RESET", "OFFSET_OUT_OF_RANGE"):
            raise SourceError(
                f"topic {self._address.topic} at {self._address.servers}, partition {partition}: messages were deleted "
                f"while they were to be read ({error.str()})",
                hint="Run again: it says what was lost, and the flag that accepts it.",
                passes=True,
            )
        elif name not in ("_ALL_BROKERS_DOWN", "_TRANSPORT", "_TIMED_OUT"):
            raise explained(error, self._address)


class _Part:
    """The messages of one slice, on their way to its files."""

    def __init__(self, part: Slice, folder: str) -> None:
        self._end = part.end
        self._next = part.begin
        self._paths = [os.path.join(folder, f"{stem}-{part.partition}") for stem in ("values", "index", "keys")]
        self._files = [open(path, "wb") for path in self._paths]  # noqa: SIM115
        self._values: list[bytes] = []
        self._rows = array("q")
        self._keys: list[bytes] = []
        self._held = 0
        self.messages = 0
        self.size = 0
        self.is_done = part.begin >= part.end

    def take(self, message: Message) -> None:
        """Take a message; one behind the end says that the end is reached."""
        offset = message.offset()
        assert offset is not None
        if offset >= self._end:
            self.is_done = True
            return
        if offset < self._next:
            raise SourceError(f"the broker gave offset {offset} of partition {message.partition()} twice")
        self._next = offset + 1
        self.messages += 1
        kind, time_of_message = message.timestamp()
        value, key = message.value(), message.key()
        length, key_length = NO_VALUE, NO_VALUE
        if value is not None:
            value = value.strip(_BLANK)
            if value[:1] == b"\0" and value[_REGISTRY_BYTES : _REGISTRY_BYTES + 1] == b"{":
                value = value[_REGISTRY_BYTES:]
            length = len(value)
            self._values.append(value)
        if key is not None:
            key_length = len(key)
            self._keys.append(key)
        self._rows.extend((offset, length, time_of_message if kind else -1, key_length))
        count = max(length, 0) + max(key_length, 0) + 33
        self.size += count
        self._held += count
        if self._held > _KEPT_BYTES:
            self._flush()
        if self._next >= self._end:
            self.is_done = True

    def _flush(self) -> None:
        values, index, keys = self._files
        with naming_the_spool(self._paths[0]):
            if self._values:
                values.write(b"\n".join(self._values) + b"\n")
            index.write(self._rows.tobytes())
            keys.write(b"".join(self._keys))
        self._values, self._rows, self._keys, self._held = [], array("q"), [], 0

    def close(self) -> None:
        """Write what is held, and close the files."""
        self._flush()
        for file in self._files:
            file.close()

    @property
    def fetched(self) -> Fetched:
        """What was fetched: to the end of the slice, or behind the last message if it was broken off."""
        return Fetched(self._end if self.is_done else self._next, self.messages, *self._paths)
