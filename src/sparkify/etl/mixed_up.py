"""Logs given as songs and songs as logs, or one folder that holds both: recognised before anything is loaded.

A few files are looked at, of different folders. What cannot be told from them is left to the reader, which names every
file of which nothing could be loaded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from sparkify.contract import Kind
from sparkify.errors import SparkifyError, UsageError
from sparkify.reader.appearance import Headed
from sparkify.sources.base import Source, SourceFile, shown
from sparkify.sources.files import FileSource
from sparkify.sources.open import opened

MOST_FOLDERS = 6
"""Folders of which a file is looked at."""

_NAME = re.compile(r'"(\w+)"\s*:')
_SIGNS: Mapping[Kind, frozenset[str]] = {
    "events": frozenset({"ts", "sessionId"}),
    "songs": frozenset({"song_id", "artist_id"}),
}
"""Names that every record of a kind has, and none of the other kind."""
_OPTION: Mapping[Kind, str] = {"events": "--logs", "songs": "--songs"}


def refuse_mixed_up(sources: Mapping[Kind, Source]) -> None:
    """Look at a few files of the sources.

    Raises:
        UsageError: logs and songs are swapped, or one source holds both.
    """
    found = {kind: kinds_of(source, kind) for kind, source in sources.items() if isinstance(source, FileSource)}
    if set(found.get("events", {}).values()) == {"songs"} and set(found.get("songs", {}).values()) == {"events"}:
        logs, songs = sources["events"].location, sources["songs"].location
        raise UsageError(
            f"{logs} holds songs, and {songs} holds logs: did you swap --logs and --songs?",
            hint=f"Give them as --logs {songs} --songs {logs}",
        )
    for kind, kinds in found.items():
        if apart := name_apart(kinds):
            raise UsageError(f"{sources[kind].location} holds both logs and songs", hint=apart)


def name_apart(kinds: Mapping[str, Kind]) -> str:
    """How folders of both kinds are to be named; empty if they are of one kind."""
    by_kind = {kind: [folder for folder, found in kinds.items() if found == kind] for kind in _OPTION}
    if not all(by_kind.values()):
        return ""
    named = (f"{_OPTION[kind]} {folders[0]}" for kind, folders in by_kind.items())
    return f"Name the folders apart: {' '.join(named)}"


def kinds_of(source: FileSource, kind: Kind) -> dict[str, Kind]:
    """Of which kind a file in each of some folders seems to be, by folder; those that cannot be told are left out."""
    found = {}
    for folder, file in _samples(source, kind):
        try:
            with opened(file) as stream:
                seems = _kind_in(Headed(stream).head)
        except SparkifyError:  # the run says so
            continue
        if seems:
            found[folder] = seems
    return found


def _samples(source: FileSource, kind: Kind) -> Iterator[tuple[str, SourceFile]]:
    """The first file of each of the first folders, and of the last one; of an object store the first file alone.

    Files beside the folders count as one folder: one among them of the other kind fails alone, as the reader says.
    """
    root = source.root.rstrip("/")
    firsts: dict[str, tuple[str, SourceFile]] = {}
    for listed in source.listing().files:
        name, slash, _ = listed[0].removeprefix(root + "/").partition("/")
        folder = name if slash else ""
        if folder not in firsts:
            is_below = listed[0].startswith(root + "/")
            firsts[folder] = (name if is_below else "", source.file(kind, listed))
    chosen = list(firsts.values())
    if source.file(kind, source.listing().files[0]).is_copied:
        chosen = chosen[:1]
    for folder, file in [*chosen[: MOST_FOLDERS - 1], *chosen[MOST_FOLDERS - 1 :][-1:]]:
        yield shown(f"{root}/{folder}"), file


def _kind_in(head: bytes) -> Kind | None:
    names = set(_NAME.findall(head.decode("utf-8", "replace")))
    seems = [kind for kind, signs in _SIGNS.items() if signs <= names]
    return seems[0] if len(seems) == 1 else None


def both_in(sources: Iterable[Source]) -> str:
    """How to name apart what is given as both kinds at once; empty if that cannot be told."""
    for source in sources:
        if isinstance(source, FileSource) and (apart := name_apart(kinds_of(source, "events"))):
            return apart
    return ""
