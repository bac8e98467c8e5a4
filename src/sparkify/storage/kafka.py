"""Reaching Kafka: the address of a topic, the client's settings, and what librdkafka's errors mean.

Nothing of confluent_kafka is imported before a client is made; it comes with the extra `kafka`.
"""

from __future__ import annotations

import difflib
import logging
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from sparkify.errors import SourceError, UsageError
from sparkify.storage import msk

if TYPE_CHECKING:
    from confluent_kafka import KafkaError

LOGGER = logging.getLogger("sparkify.kafka")
"""What librdkafka says by itself. It is silent unless somebody listens; what matters is raised."""
LOGGER.addHandler(logging.NullHandler())

SCHEME = "kafka://"
ENVIRONMENT_PREFIX = "SPARKIFY_KAFKA__"
"""`SPARKIFY_KAFKA__SASL_PASSWORD` is librdkafka's `sasl.password`."""

GROUP = "group"
"""Sparkify's own among the properties: the group to which offsets are committed after the warehouse's; never read."""
_GROUP_HINT = "; `group` names a group that is told the offsets, for dashboards"

SECRETS = re.compile(r"password|secret|\.pem$|oauthbearer\.(config|client\.credentials)", re.IGNORECASE)

OWN_PROPERTIES = frozenset(
    {
        *("bootstrap.servers", "group.id", "enable.auto.commit", "enable.auto.offset.store", "auto.offset.reset"),
        *("enable.partition.eof", "isolation.level", "enable.idempotence", "transactional.id"),
    }
)
"""Properties that Sparkify sets itself: its guarantees rest on them."""

KNOWN_PROPERTIES = (
    *("security.protocol", "ssl.ca.location", "ssl.ca.pem", "ssl.certificate.location", "ssl.certificate.pem"),
    *("ssl.key.location", "ssl.key.pem", "ssl.key.password", "ssl.cipher.suites", "ssl.crl.location"),
    *("ssl.endpoint.identification.algorithm", "enable.ssl.certificate.verification"),
    *("sasl.mechanism", "sasl.mechanisms", "sasl.username", "sasl.password", "sasl.kerberos.service.name"),
    *("sasl.kerberos.principal", "sasl.kerberos.keytab", "sasl.oauthbearer.method", "sasl.oauthbearer.client.id"),
    *("sasl.oauthbearer.client.secret", "sasl.oauthbearer.token.endpoint.url", "sasl.oauthbearer.scope"),
    *("client.id", "client.rack", "socket.timeout.ms", "request.timeout.ms", "metadata.max.age.ms"),
    *("message.max.bytes", "receive.message.max.bytes", "fetch.message.max.bytes", "max.partition.fetch.bytes"),
    *("fetch.max.bytes", "fetch.min.bytes", "fetch.wait.max.ms", "queued.max.messages.kbytes"),
    *("queued.min.messages", "queue.buffering.max.kbytes", "queue.buffering.max.messages", "linger.ms"),
    *("batch.size", "batch.num.messages", "compression.type", "compression.codec", "compression.level", "acks"),
    *("socket.connection.setup.timeout.ms", "reconnect.backoff.ms", "reconnect.backoff.max.ms", "debug"),
)
"""The commonest of librdkafka's properties, to name the nearest one; librdkafka itself decides which it takes."""

_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")
_UNKNOWN = re.compile(r'No such configuration property: "([^"]*)"')


class TopicAddress(NamedTuple):
    """`servers` as librdkafka takes them, `host:port[,host:port]`, and the name of the topic."""

    servers: str
    topic: str

    @property
    def uri(self) -> str:
        """The canonical URI."""
        return f"{SCHEME}{self.servers}/{self.topic}"


def is_topic(location: str) -> bool:
    """Whether a location names a topic."""
    return location.startswith(SCHEME)


def parse_address(uri: str) -> TopicAddress:
    """The servers and the topic of a `kafka://host:port[,host:port]/topic`.

    Raises:
        UsageError: it is malformed.
    """
    servers, slash, topic = uri.removeprefix(SCHEME).partition("/")
    hosts = [server.strip().lower() for server in servers.split(",")]
    if not slash or not all(re.fullmatch(r"(\[[0-9a-f:]+\]|[a-z0-9._-]+):\d{1,5}", host) for host in hosts):
        raise UsageError(f"malformed address of a topic: {uri}", hint="Write it as kafka://host:9092/topic.")
    if not _TOPIC.fullmatch(topic) or topic in (".", ".."):
        raise UsageError(
            f"no name of a topic: {topic!r}", hint="Kafka takes letters, digits, `.`, `_` and `-`, up to 249 of them."
        )
    return TopicAddress(",".join(hosts), topic)


def properties_in_environment() -> dict[str, str]:
    """librdkafka's properties from variables such as SPARKIFY_KAFKA__SASL_PASSWORD."""
    return {
        name.removeprefix(ENVIRONMENT_PREFIX).lower().replace("_", "."): value
        for name, value in os.environ.items()
        if name.startswith(ENVIRONMENT_PREFIX)
    }


def client_properties(address: TopicAddress, given: Mapping[str, str | int | bool]) -> dict[str, Any]:
    """What every client of the address needs, with what the user has set; the environment beats `given`.

    Raises:
        UsageError: a property is one that Sparkify sets itself, or the extra `msk` is missing.
    """
    properties: dict[str, Any] = {**given, **properties_in_environment()}
    properties.pop(GROUP, None)
    if own := sorted(OWN_PROPERTIES & properties.keys()):
        hint = f"Remove it from the [kafka] settings{_GROUP_HINT if own[0] == 'group.id' else ''}."
        raise UsageError(f"the Kafka property {own[0]} cannot be set: Sparkify sets it", hint=hint)
    for name in ("sasl.mechanism", "sasl.mechanisms"):
        if str(properties.get(name, "")).upper() == msk.MECHANISM:
            properties |= {name: "OAUTHBEARER", "oauth_cb": msk.token_provider(address.servers)}
            properties.setdefault("security.protocol", "SASL_SSL")
    return {**properties, "bootstrap.servers": address.servers}


def group_of(given: Mapping[str, str | int | bool]) -> str:
    """The group to which offsets are committed for the sake of dashboards; empty if there is none."""
    return str({**given, **properties_in_environment()}.get(GROUP, ""))


def public_properties(given: Mapping[str, str | int | bool]) -> dict[str, str | int | bool]:
    """Properties as they may be shown and stored: secrets replaced by ***."""
    return {name: "***" if SECRETS.search(name) else value for name, value in given.items()}


@contextmanager
def translated(address: TopicAddress) -> Iterator[None]:
    """Make ours of what librdkafka raises.

    Raises:
        UsageError: a property is unknown or has a value that librdkafka does not take.
        SourceError: anything else; names the broker and the topic.
    """
    from confluent_kafka import KafkaError, KafkaException

    try:
        yield
    except KafkaException as exception:
        error = exception.args[0]
        if not isinstance(error, KafkaError):
            raise SourceError(f"Kafka: {error}") from exception
        raise explained(error, address) from exception


def explained(error: KafkaError, address: TopicAddress) -> SourceError | UsageError:
    """An error of librdkafka's as one of ours."""
    from confluent_kafka import KafkaError

    text = error.str()
    if unknown := _UNKNOWN.search(text):
        near = difflib.get_close_matches(unknown[1], KNOWN_PROPERTIES, n=1, cutoff=0.5)
        return UsageError(
            f"unknown Kafka property: {unknown[1]}",
            hint=f"Did you mean {near[0]}?" if near else "The names are those of librdkafka's CONFIGURATION.md.",
        )
    if error.code() in (KafkaError._INVALID_ARG, KafkaError._CONFLICT):
        return UsageError(f"Kafka settings: {text}", hint="See the table [kafka] in sparkify.toml.")
    where = f"topic {address.topic} at {address.servers}"
    what, hint = _MEANINGS.get(error.name(), (text, ""))
    return SourceError(f"{where}: {what}", hint=hint, passes=error.name() in _PASSING)


_PASSING = frozenset(
    {
        *("_ALL_BROKERS_DOWN", "_TRANSPORT", "_RESOLVE", "_TIMED_OUT", "_TIMED_OUT_QUEUE", "REQUEST_TIMED_OUT"),
        *("LEADER_NOT_AVAILABLE", "NOT_LEADER_FOR_PARTITION", "BROKER_NOT_AVAILABLE", "REPLICA_NOT_AVAILABLE"),
        *("NETWORK_EXCEPTION", "OFFSET_NOT_AVAILABLE", "FENCED_LEADER_EPOCH", "UNKNOWN_LEADER_EPOCH"),
        *("KAFKA_STORAGE_ERROR", "COORDINATOR_NOT_AVAILABLE", "COORDINATOR_LOAD_IN_PROGRESS"),
    }
)
"""Names of errors that may be over later: no broker answers, or another one is to take over."""

_MEANINGS = {
    "_ALL_BROKERS_DOWN": ("no broker answers", "Check the address, and that the broker runs."),
    "_TRANSPORT": ("no broker answers", "Check the address, and that the broker runs."),
    "_RESOLVE": ("the host's name is not known", "Check the address."),
    "_TIMED_OUT": ("no broker answered in time", "Check the address, security.protocol and the network."),
    "_AUTHENTICATION": ("the broker refused the sign-in", "Check sasl.username, sasl.password and sasl.mechanisms."),
    "_SSL": ("the TLS connection failed", "Check security.protocol and ssl.ca.location."),
    "TOPIC_AUTHORIZATION_FAILED": ("no right to this topic", "Ask for READ and DESCRIBE on the topic."),
    "CLUSTER_AUTHORIZATION_FAILED": ("no right to this cluster", "Ask for the right to write to the cluster."),
    "GROUP_AUTHORIZATION_FAILED": ("no right to this group", "Ask for READ on the group, or do not set kafka.group."),
    "UNKNOWN_TOPIC_OR_PART": ("there is no such topic", "Check its name, or create it."),
    "_UNKNOWN_TOPIC": ("there is no such topic", "Check its name, or create it."),
    "MSG_SIZE_TOO_LARGE": ("a message is larger than the limit", "Raise message.max.bytes."),
}
"""What librdkafka's codes mean and what to do, by their names."""
