"""How a source is opened: what a registry hands to the module of its scheme."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from sparkify.sources.names import Names


class Bounds(NamedTuple):
    """How much of a topic is read at once: bytes, messages, and for how many seconds. All three are upper limits."""

    size: int = 2**30
    messages: int = sys.maxsize
    seconds: float = math.inf


LARGE_CHUNK = Bounds()


@dataclass(frozen=True)
class Opening:
    """How a source is opened.

    `names` says which files are read, `anonymous` asks an object store without signing in, `kafka` are librdkafka's
    properties by its own names, and `chunk` is about how much of a topic is read for one commit.
    """

    names: Names = field(default_factory=Names)
    anonymous: bool = False
    kafka: Mapping[str, str | int | bool] = field(default_factory=dict, repr=False)
    chunk: Bounds = LARGE_CHUNK
