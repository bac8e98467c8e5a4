"""What is open in a warehouse, and stays in sight until it is resolved: records that were rejected."""

from __future__ import annotations

from typing import NamedTuple

from sparkify.engines.base import Engine
from sparkify.sources.base import shown

MOST_FILES = 3
"""Files that are named in a sentence; `sparkify rejects list` has all of them."""


class Unresolved(NamedTuple):
    """Open rejects, the number of files that hold them, and the first of these files by URI."""

    rejects: int
    files: int
    examples: list[str]

    def __str__(self) -> str:
        """In a sentence, for people."""
        if not self.rejects:
            return "no reject is open"
        more = f" and {self.files - len(self.examples):,} more" if self.files > len(self.examples) else ""
        are = "reject is" if self.rejects == 1 else "rejects are"
        return f"{self.rejects:,} {are} open, in {', '.join(self.examples)}{more}: see sparkify rejects list"


def find_unresolved(engine: Engine) -> Unresolved:
    """What is open in a warehouse that has its tables."""
    rejects, files = engine.execute(
        "SELECT COUNT(*), COUNT(DISTINCT file_id) FROM etl_rejects WHERE resolved_by IS NULL"
    )[0]
    if not rejects:
        return Unresolved(0, 0, [])
    named = engine.execute(
        "SELECT uri FROM etl_files WHERE file_id IN (SELECT file_id FROM etl_rejects WHERE resolved_by IS NULL) "
        f"ORDER BY uri LIMIT {MOST_FILES}"
    )
    return Unresolved(rejects, files, [shown(uri) for (uri,) in named])
