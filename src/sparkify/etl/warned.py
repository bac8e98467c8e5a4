"""Count what checks warn of over the chunks of a run: a row that several chunks touch counts once."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sparkify.star.checks import CheckFinding

MOST_REMEMBERED = 100_000
"""How many bad rows of a check a run tells from each other; further ones are counted in each chunk."""


class Warned:
    """The bad rows of a run by check."""

    def __init__(self) -> None:
        self._keys: defaultdict[str, set[tuple[object, ...]]] = defaultdict(set)
        self._others: Counter[str] = Counter()

    def count(self, finding: CheckFinding) -> int:
        """Take what a check found in a chunk, and say how many bad rows of it the run has met.

        Rows beyond those whose keys a finding holds, or the run remembers, cannot be told from each other.
        """
        name = finding.check.name
        known = self._keys[name]
        new = finding.keys - known
        remembered = set(islice(new, max(0, MOST_REMEMBERED - len(known))))
        known |= remembered
        self._others[name] += finding.count - len(finding.keys) + len(new) - len(remembered)
        return len(known) + self._others[name]
