"""How a source is opened: what a registry hands to the module of its scheme."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sparkify.sources.names import Names


@dataclass(frozen=True)
class Opening:
    """How a source is opened.

    `names` says which files are read, `anonymous` asks an object store without signing in, `kafka` are librdkafka's
    properties by its own names, and `chunk_bytes` is about how much of a topic is read for one commit.
    """

    names: Names = field(default_factory=Names)
    anonymous: bool = False
    kafka: Mapping[str, str | int | bool] = field(default_factory=dict, repr=False)
    chunk_bytes: int = 2**30
