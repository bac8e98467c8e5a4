"""Back from a row in staging to the message that it came from, while the broker still has it."""

from __future__ import annotations

from sparkify.engines.base import Engine
from sparkify.errors import SparkifyError
from sparkify.reader.messages import as_time
from sparkify.reader.validation import bounded
from sparkify.sources.kafka import Topic
from sparkify.sources.opening import Opening
from sparkify.sources.registry import source_at


def message_of(engine: Engine, file_id: int, uri: str, offset: int, opening: Opening) -> dict[str, object]:
    """Topic, partition, offset, time, key and value of a message; or why it cannot be shown."""
    ((topic, topic_id, partition),) = engine.execute_named("offsets/of_file", [file_id])
    place: dict[str, object] = {"topic": topic, "partition": partition, "offset": offset}
    try:
        source = source_at(uri.partition("?")[0].rpartition("/")[0], opening)
        assert isinstance(source, Topic)
        if source.state.topic_id != topic_id:
            return {**place, "message_unknown": "the topic was made again since it was loaded"}
        found = source.message_at(partition, offset)
    except SparkifyError as error:
        return {**place, "message_unknown": error.what}
    if found is None:
        return {**place, "message_unknown": "the broker does not have it any more"}
    return {
        **place,
        "message_time": as_time(found.time),
        "message_key": None if found.key is None else bounded(found.key),
        "message": bounded(found.value or b""),
    }
