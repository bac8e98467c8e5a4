"""Which names are read: endings, hidden names, `include` and `exclude`, and a pattern in the URI itself.

A path here is the one below the root of a source, its parts joined by `/`. Patterns match in any letter case: `*` and
`?` stay within one part, `**` goes through any number of parts, `[…]` is one of some letters. A pattern that matches a
folder stands for all that is below it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Any

ENDINGS = tuple(form + packed for form in (".json", ".jsonl", ".ndjson") for packed in ("", ".gz", ".zst"))

MOST_SHOWN = 20
"""How many endings are shown of files that were passed over."""

_MOST_COUNTED = 1000
_LONGEST_ENDING = 20
_PACKED = ("gz", "zst", "bz2", "xz", "lz4", "gzip")
NO_ENDING = "(no ending)"
OTHERS = "(others)"
_IN_WORDS = {NO_ENDING: "without an ending", OTHERS: "others"}


class Verdict(Enum):
    """What becomes of a file because of its name."""

    TAKEN = 1
    EXCLUDED = 2
    PASSED_OVER = 3
    NOT_NAMED = 4  # the pattern in the source's URI is about other files


def is_hidden(name: str) -> bool:
    """Whether a file or a folder of this name is skipped."""
    return name.startswith((".", "_"))


def has_pattern(text: str) -> bool:
    """Whether a text holds characters that are special in a pattern."""
    return any(sign in text for sign in "*?[")


def split_pattern(path: str) -> tuple[str, str]:
    """A path's leading parts, and the rest of it from the first part on that is a pattern."""
    parts = path.split("/")
    first = next(number for number, part in enumerate(parts) if has_pattern(part))
    return "/".join(parts[:first]), "/".join(parts[first:])


def ending_of(name: str) -> str:
    """The ending of a name as it is counted: in lower case, and two where the last says how it is packed."""
    parts = name.lower().split(".")
    if len(parts) == 1:
        return NO_ENDING
    count = 2 if parts[-1] in _PACKED and len(parts) > 2 else 1
    ending = "." + ".".join(parts[-count:])
    return ending if len(ending) <= _LONGEST_ENDING else OTHERS


@dataclass
class PassedOver:
    """What was not read because of its name, below one source.

    `endings` counts files by ending, `folders` links to folders; `excluded` files are left out by `exclude`. Hidden
    names are in none of them.
    """

    endings: Counter[str] = field(default_factory=Counter)
    folders: int = 0
    excluded: int = 0

    def note(self, name: str) -> None:
        """Count a file."""
        ending = ending_of(name)
        is_known = ending in self.endings or len(self.endings) < _MOST_COUNTED
        self.endings[ending if is_known else OTHERS] += 1

    @property
    def files(self) -> int:
        """How many files were passed over; those that `exclude` leaves out are not among them."""
        return self.endings.total()

    @property
    def commonest(self) -> dict[str, int]:
        """The 20 commonest endings with their numbers of files; the rest is counted together."""
        named = [pair for pair in self.endings.most_common() if pair[0] != OTHERS]
        named.sort(key=lambda pair: (-pair[1], pair[0]))
        found = dict(named[:MOST_SHOWN])
        rest = self.files - sum(found.values())
        return {**found, OTHERS: rest} if rest else found

    def as_dict(self) -> dict[str, object]:
        """For JSON: endings with their numbers of files, links to folders, and files that `exclude` leaves out."""
        return {"endings": self.commonest, "linked_folders": self.folders, "excluded": self.excluded}

    def __str__(self) -> str:
        """In words; empty if there is nothing to tell."""
        return in_words(self.as_dict())


def in_words(passed_over: Mapping[str, Any]) -> str:
    """What `PassedOver.as_dict` holds, in words; empty if there is nothing to tell."""
    endings, folders, excluded = passed_over["endings"], passed_over["linked_folders"], passed_over["excluded"]
    said = []
    if endings:
        files = sum(endings.values())
        counted = ", ".join(f"{count:,} {_IN_WORDS.get(ending, ending)}" for ending, count in endings.items())
        said.append(f"{files:,} {'file' if files == 1 else 'files'} ({counted})")
    if folders:
        said.append(f"{folders:,} linked {'folder' if folders == 1 else 'folders'}")
    if excluded:
        said.append(f"{excluded:,} left out by exclude")
    return ", ".join(said)


@dataclass(frozen=True)
class Names:
    """Which files of a source are read: `include` adds patterns to the known endings, `exclude` takes files away.

    A pattern without `/` is about the name of a file, one with `/` about its path below the source. `only` is a pattern
    or, if `is_literal`, the path of the one file that the source's URI names.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    only: str = ""
    is_literal: bool = False

    def verdict(self, path: str) -> Verdict:
        """What becomes of a file at this path; hidden names are not asked for."""
        is_named = False
        if self.only:
            match = self._only.fullmatch(path)
            if not match:
                return Verdict.NOT_NAMED
            is_named = match["below"] is None
        if self.exclude and self._excluded.match(path):
            return Verdict.EXCLUDED
        is_known = is_named or path.lower().endswith(ENDINGS)
        if is_known or (self.include and self._included.match(path)):
            return Verdict.TAKEN
        return Verdict.PASSED_OVER

    def may_hold(self, folder: str) -> bool:
        """Whether files below a folder at this path may be named by the source's URI."""
        for part, pattern in zip(folder.split("/"), self._parts, strict=False):
            if pattern is None:
                return True
            if not pattern.fullmatch(part):
                return False
        return True

    def could_name(self, path: str) -> bool:
        """Whether a file at this path would be one of the source's, if it were there and had a fitting name."""
        if self.only:
            return bool(self._only.fullmatch(path))
        return not any(is_hidden(part) for part in path.split("/"))

    @cached_property
    def _only(self) -> re.Pattern[str]:
        if self.is_literal:
            return re.compile(re.escape(self.only) + "(?P<below>(?!))?")
        return re.compile(_as_regex(self.only) + "(?P<below>/.*)?", re.IGNORECASE | re.DOTALL)

    @cached_property
    def _parts(self) -> list[re.Pattern[str] | None]:
        """A pattern for each part of a path; None from where any number of parts may stand."""
        parts = self.only.split("/") if self.only and not self.is_literal else []
        return [None if "**" in part else re.compile(_as_regex(part), re.IGNORECASE | re.DOTALL) for part in parts]

    @cached_property
    def _included(self) -> re.Pattern[str]:
        return _any_of(self.include)

    @cached_property
    def _excluded(self) -> re.Pattern[str]:
        return _any_of(self.exclude)


def _any_of(patterns: Iterable[str]) -> re.Pattern[str]:
    """One expression for paths that match any of the patterns."""
    forms = []
    for pattern in patterns:
        if "/" in pattern:
            forms.append(_as_regex(pattern.strip("/")) + "(?:/.*)?")
        else:
            forms.append("(?:.*/)?" + _as_regex(pattern))
    return re.compile("(?:" + "|".join(forms) + r")\Z", re.IGNORECASE | re.DOTALL)


_TOKEN = re.compile(r"\*\*/|\*\*|\*|\?|\[[!^]?\]?[^\]/]*\]|.", re.DOTALL)


def _as_regex(pattern: str) -> str:
    return "".join(_token(found[0]) for found in _TOKEN.finditer(pattern))


def _token(token: str) -> str:
    special = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    if token in special:
        return special[token]
    if len(token) == 1:
        return re.escape(token)
    inside = token[1:-1]
    negated = inside[0] in "!^"
    letters = (inside[1:] if negated else inside).replace("\\", r"\\").replace("[", r"\[").replace("]", r"\]")
    letters = letters.replace("^", r"\^").replace("&&", r"&\&").replace("~~", r"~\~").replace("||", r"|\|")
    try:
        re.compile(f"[{letters}]")
    except re.error:  # a range that runs backwards, such as [z-a]: the text as it is
        return re.escape(token)
    return f"(?!/)[{'^' if negated else ''}{letters}]"
