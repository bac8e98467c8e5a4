"""What may be asked for: a cluster's options, each compared with Redshift's rules before any call to AWS."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sparkify.errors import UsageError

DEFAULT_NAME = "sparkify"
DEFAULT_NODE_TYPE = "ra3.large"
DEFAULT_DATABASE = "sparkify"
DEFAULT_USER = "sparkify"
DEFAULT_PORT = 5439
DEFAULT_TTL = "12h"
DEFAULT_CAPACITY = 8
"""Redshift processing units of a workgroup."""
DEFAULT_USAGE_LIMIT = 24
"""RPU hours a day: three hours of work of a workgroup of 8 units."""

_CAPACITIES = (4, *range(8, 1025, 8))

PORTS = (range(5431, 5456), range(8191, 8216))
"""The ports that RA3 and RG nodes take."""

_NODES = {
    "ra3.large": (1, 16),
    "ra3.xlplus": (1, 16),
    "ra3.4xlarge": (2, 32),
    "ra3.16xlarge": (2, 128),
    "rg.large": (1, 128),
    "rg.xlarge": (1, 128),
    "rg.4xlarge": (1, 128),
    "rg.12xlarge": (1, 128),
}
"""How few and how many nodes of a type a new cluster may have; those of RG are for AWS to refuse."""

_RETIRED = ("dc1.", "dc2.", "ds2.")
_CLUSTER_RULE = (
    "1 to 63 lower-case letters, digits and single hyphens; it begins with a letter, and does not end in a hyphen"
)
_DATABASE_RULE = "1 to 64 lower-case letters, digits, _ and $; it begins with a letter or _, and is no reserved word"
_NAMESPACE_RULE = "1 to 64 lower-case letters, digits and _; it begins with a letter, and is no reserved word"
_USER_RULE = "1 to 128 lower-case letters, digits, _, +, ., @ and -; it begins with a letter, and is no reserved word"
_TTL = re.compile(r"(\d+)(m|h|d)")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
SHORTEST_TTL = timedelta(minutes=30)
LONGEST_TTL = timedelta(days=365)
_WIDEST = 16
"""How many bits of an address `--allow-from` must fix at the least."""


class Prefix(NamedTuple):
    """A part of a bucket: what is below a key prefix, or all of it when `keys` is `*`."""

    bucket: str
    keys: str


@dataclass(frozen=True)
class ClusterRequest:
    """A cluster as it is asked for.

    `name` is the cluster's and the stack's. `allow_from` is the CIDR that may connect; empty means that the cluster is
    not public. `logs`, `songs` and `spool` are what COPY may read; what is not in S3 is None. `serverless` asks
    for a namespace and a workgroup in the place of a cluster: of `base_capacity` units, which use `usage_limit` RPU
    hours a day at the most.
    """

    name: str = DEFAULT_NAME
    node_type: str = DEFAULT_NODE_TYPE
    nodes: int = 1
    database: str = DEFAULT_DATABASE
    user: str = DEFAULT_USER
    port: int = DEFAULT_PORT
    allow_from: str = ""
    logs: Prefix | None = None
    songs: Prefix | None = None
    spool: Prefix | None = None
    serverless: bool = False
    base_capacity: int = DEFAULT_CAPACITY
    usage_limit: int = DEFAULT_USAGE_LIMIT

    def __post_init__(self) -> None:
        check_name(self.name)
        if self.serverless:
            _check_serverless(self)
        _check_node_type(self.node_type)
        _check_nodes(self.node_type, self.nodes)
        _check_port(self.port)
        _check_word("database", self.database, r"[a-z_][a-z0-9_$]{0,63}", _DATABASE_RULE)
        _check_word("user", self.user, r"[a-z][a-z0-9_+.@-]{0,127}", _USER_RULE)

    def parameters(self, expiry: datetime | None) -> dict[str, str]:
        """The template's parameters; `expiry` is in UTC, None for never."""
        places: dict[str, Prefix | None] = {"Logs": self.logs, "Songs": self.songs, "Spool": self.spool}
        return {
            "Kind": "serverless" if self.serverless else "cluster",
            "BaseCapacity": str(self.base_capacity),
            "UsageLimit": str(self.usage_limit),
            "NodeType": self.node_type,
            "Nodes": str(self.nodes),
            "Database": self.database,
            "User": self.user,
            "Port": str(self.port),
            "AllowFrom": self.allow_from,
            "Expiry": as_text(expiry) if expiry else "",
            "GuardStart": as_text(expiry - timedelta(minutes=1)) if expiry else "",
            "GuardMinute": str(expiry.minute) if expiry else "0",
            **{f"{name}Bucket": place.bucket if place else "" for name, place in places.items()},
            **{f"{name}Keys": place.keys if place else "" for name, place in places.items()},
        }


def check_name(name: str) -> None:
    """Hold the name of a cluster against Redshift's rule.

    Raises:
        UsageError: it breaks the rule, which is said.
    """
    if not re.fullmatch(r"[a-z](-?[a-z0-9]){0,62}", name) or len(name) > 63:
        raise UsageError(f"bad name for a cluster: {name!r}", hint=f"The rule: {_CLUSTER_RULE}.")


def _check_word(what: str, name: str, pattern: str, rule: str) -> None:
    from sqlglot.dialects.redshift import Redshift

    if not re.fullmatch(pattern, name) or name in Redshift.Generator.RESERVED_KEYWORDS:
        raise UsageError(f"bad name for a {what}: {name!r}", hint=f"The rule: {rule}.")


def _check_serverless(request: ClusterRequest) -> None:
    if len(request.name) < 3:
        raise UsageError(f"bad name for a workgroup: {request.name!r}", hint="It takes 3 to 63 letters.")
    _check_word("database", request.database, r"[a-z][a-z0-9_]{0,63}", _NAMESPACE_RULE)
    if request.base_capacity not in _CAPACITIES:
        raise UsageError(
            f"a workgroup cannot have {request.base_capacity} units", hint="It takes 4, or 8 to 1024 in steps of 8."
        )
    if request.usage_limit < 1:
        raise UsageError(f"wrong value for --usage-limit: {request.usage_limit}", hint="RPU hours a day, at least 1.")


def _check_node_type(node_type: str) -> None:
    if node_type.startswith(_RETIRED):
        raise UsageError(
            f"a cluster of {node_type} cannot be made: AWS makes no new clusters of DC1, DC2 and DS2 nodes",
            hint=f"Take {DEFAULT_NODE_TYPE}, or another of: {', '.join(_NODES)}.",
        )
    if node_type not in _NODES:
        raise UsageError(f"unknown type of node: {node_type!r}", hint=f"Known: {', '.join(_NODES)}.")


def _check_nodes(node_type: str, nodes: int) -> None:
    fewest, most = _NODES[node_type]
    if not fewest <= nodes <= most:
        raise UsageError(f"a cluster of {node_type} cannot have {nodes} nodes", hint=f"It takes {fewest} to {most}.")


def _check_port(port: int) -> None:
    if not any(port in ports for ports in PORTS):
        ranges = " and ".join(f"{ports[0]} to {ports[-1]}" for ports in PORTS)
        raise UsageError(f"a cluster cannot listen on port {port}", hint=f"RA3 and RG nodes take {ranges}.")


def parse_ttl(text: str) -> timedelta | None:
    """How long a cluster may live: minutes, hours or days such as `90m`, `8h` or `2d`; None for `none`.

    Raises:
        UsageError: it is neither, or too short or too long.
    """
    if text == "none":
        return None
    found = _TTL.fullmatch(text)
    if not found:
        raise UsageError(f"wrong value for --ttl: {text!r}", hint="Such as 90m, 8h or 2d; none switches the guard off.")
    ttl = timedelta(**{_UNITS[found[2]]: min(int(found[1]), 10**6)})
    if not SHORTEST_TTL <= ttl <= LONGEST_TTL:
        raise UsageError(f"wrong value for --ttl: {text!r}", hint="It takes 30m to 365d, or none.")
    return ttl


def expiry_after(ttl: timedelta | None, now: datetime) -> datetime | None:
    """When a cluster that is asked for now expires, at a whole minute in UTC."""
    return None if ttl is None else (now + ttl).astimezone(UTC).replace(second=0, microsecond=0)


def as_text(moment: datetime) -> str:
    """A moment in UTC as it stands in the stack: `2026-11-24T19:05:00Z`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def from_text(text: str) -> datetime | None:
    """The moment that `as_text` wrote; None for another text."""
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def parse_cidr(text: str) -> str:
    """The addresses that may connect, as a CIDR; one address alone is taken as its /32.

    Raises:
        UsageError: it is none, or wider than a /16.
    """
    try:
        network = ipaddress.IPv4Network(text)
    except ValueError as error:
        raise UsageError(
            f"wrong value for --allow-from: {text!r}", hint="An IPv4 address, or a CIDR such as 203.0.113.7/32."
        ) from error
    if network.prefixlen < _WIDEST:
        raise UsageError(f"--allow-from {text} lets in too many", hint=f"Name a /{_WIDEST} or narrower.")
    return str(network)


_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def parse_prefix(name: str, location: str | None) -> Prefix | None:
    """The part of a bucket that `s3://bucket/prefix` names; None for what is not in S3.

    Raises:
        UsageError: it is malformed, or holds what would mean more in a policy than it says.
    """
    if not location or not location.startswith("s3://"):
        return None
    bucket, _, key = location.removeprefix("s3://").partition("/")
    if not _BUCKET.fullmatch(bucket):
        raise UsageError(f"malformed {name}: {location}", hint="Write it as s3://bucket/prefix.")
    if found := set("*?$") & set(key):
        raise UsageError(
            f"{name} holds {' and '.join(sorted(found))}: {location}",
            hint="The COPY role's policy would read that as a wildcard; name a prefix without.",
        )
    key = key.rstrip("/")
    return Prefix(bucket, f"{key}/*" if key else "*")


def size_of(parameters: Mapping[str, str]) -> dict[str, str]:
    """How large a cluster or a workgroup is, for people to read."""
    if parameters.get("Kind") == "serverless":
        return {
            "capacity": f"{parameters['BaseCapacity']} RPU",
            "usage_limit": f"{parameters['UsageLimit']} RPU hours a day; then queries are refused until the next",
        }
    return {"nodes": f"{parameters.get('Nodes')} × {parameters.get('NodeType')}"}


def shown(parameters: Mapping[str, str]) -> dict[str, str]:
    """A request's parameters for people to read."""
    copy = [f"s3://{parameters[f'{name}Bucket']}/{parameters[f'{name}Keys']}" for name in ("Logs", "Songs", "Spool")
            if parameters[f"{name}Bucket"]]  # fmt: skip
    return {
        **size_of(parameters),
        "database": f"{parameters['Database']}, user {parameters['User']}, port {parameters['Port']}",
        "public": f"yes, to {parameters['AllowFrom']} alone" if parameters["AllowFrom"] else "no",
        "copy_may_read": ", ".join(copy) or "nothing: no source is in S3",
        "expires": parameters["Expiry"] or "never: it costs until it is destroyed",
    }
