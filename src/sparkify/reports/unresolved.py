"""What is open in a warehouse, and stays in sight until it is resolved: failed files and rejected records."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from sparkify.engines.base import Engine
from sparkify.sources.base import shown
from sparkify.sql import render
from sparkify.sql.dialect import Dialect

MOST_FILES = 3
"""Files that are named in a sentence; `sparkify rejects list` has more of them."""


class FailedFile(NamedTuple):
    """A file of which nothing is loaded, and why, in words that can follow its name."""

    file: str
    failure: str


class Unresolved(NamedTuple):
    """What is open: rejected records, the number of files that hold them, and the first of these files by URI.

    Files that failed are counted apart, with the first of them; what was rejected of them is not in `rejects`.
    """

    rejects: int
    files: int
    examples: list[str]
    failed: int
    failed_examples: list[FailedFile]

    @property
    def is_anything(self) -> bool:
        """Whether something is open."""
        return bool(self.rejects or self.failed)

    @property
    def of_rejects(self) -> str:
        """The rejected records in a sentence, for people; empty if there are none."""
        if not self.rejects:
            return ""
        are = "rejected record is" if self.rejects == 1 else "rejected records are"
        return f"{self.rejects:,} {are} open, in {_named(self.examples, self.files)}: see sparkify rejects list"

    @property
    def of_failed(self) -> str:
        """The failed files in a sentence, for people; empty if there are none."""
        if not self.failed:
            return ""
        have = "1 file has" if self.failed == 1 else f"{self.failed:,} files have"
        named = [f"{file} {failure}" for file, failure in self.failed_examples]
        return f"{have} failed: {_named(named, self.failed, '; ')}"

    def __str__(self) -> str:
        """All of it in one sentence, for people."""
        return "; ".join(filter(None, (self.of_failed, self.of_rejects))) or "nothing is open"

    def as_dict(self) -> dict[str, object]:
        """As a document."""
        return {**self._asdict(), "failed_examples": [file._asdict() for file in self.failed_examples]}


def find_unresolved(engine: Engine) -> Unresolved:
    """What is open in a warehouse that has its tables."""
    counts = {state: (files, int(records)) for state, files, records in engine.execute(_counts(engine.dialect))}
    files, records = counts.get("loaded", (0, 0))
    failed, _ = counts.get("failed", (0, 0))
    examples = [shown(uri) for uri, _ in _first(engine, "loaded")] if files else []
    failed_examples = failed_files(engine, MOST_FILES) if failed else []
    return Unresolved(records, files, examples, failed, failed_examples)


def failed_files(engine: Engine, most: int) -> list[FailedFile]:
    """The first files that failed, by URI; `most` of them."""
    return [FailedFile(shown(uri), failure) for uri, failure in _first(engine, "failed", most)]


def _first(engine: Engine, state: str, most: int = MOST_FILES) -> list[tuple[str, str]]:
    return [(uri, failure) for uri, failure in engine.query(f"{_files_of(engine.dialect, state)}\nLIMIT {most}").rows]


def _named(names: list[str], number: int, separator: str = ", ") -> str:
    more = f" and {number - len(names):,} more" if number > len(names) else ""
    return separator.join(names) + more


@cache
def _counts(dialect: Dialect) -> str:
    return render.render(render.select("open/counts", {"open_files": render.select("open/files")}), dialect)


@cache
def _files_of(dialect: Dialect, state: str) -> str:
    query = render.select("open/named", {"open_files": render.select("open/files")})
    return render.render(query, dialect, {"state": state})
