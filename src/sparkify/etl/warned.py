"""Count what checks warn of over the chunks of a run: a row that several chunks touch counts once."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sparkify.star.checks import CheckFinding


class Warned:
    """The bad rows of a run by check."""

    def __init__(self) -> None:
        self._keys: defaultdict[str, set[tuple[object, ...]]] = defaultdict(set)
        self._others: Counter[str] = Counter()

    def count(self, finding: CheckFinding) -> int:
        """Take what a check found in a chunk, and say how many bad rows of it the run has met.

        Rows beyond those whose keys a finding holds cannot be told from each other.
        """
        name = finding.check.name
        self._keys[name] |= finding.keys
        self._others[name] += finding.count - len(finding.keys)
        return len(self._keys[name]) + self._others[name]
