"""Sources that hold files: listed, and compared with what is known of them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from sparkify.contract import Kind
from sparkify.errors import SourceError
from sparkify.sources.base import Changed, Changes, Grown, K, Known, Resume, Retagged, Source, SourceFile
from sparkify.sources.names import ENDINGS, Names, PassedOver
from sparkify.sources.offsets import FROM_WHERE_IT_STANDS, Start
from sparkify.sources.open import hashes_of

Listed = tuple[str, int, str]
"""A file as it was listed: its URI, its size in bytes and its tag. A plain tuple, for there may be a million."""


class Listing(NamedTuple):
    """All files of a source, in the order of their URIs, and what was passed over because of its name."""

    files: list[Listed]
    passed_over: PassedOver


class FileSource(Source):
    """A source that holds files below `root`, the URI of a folder; `names` says which of them are read."""

    root: str
    names: Names
    _listing: Listing | None = None

    @abstractmethod
    def look(self) -> Listing:
        """List all files again, in any order.

        Names that begin with `.` or `_` are skipped, and so is all that is below them.
        """

    @abstractmethod
    def file(self, kind: Kind, listed: Listed) -> SourceFile:
        """A file as it was listed."""

    def listing(self) -> Listing:
        """All files, which are at least one; listed once.

        Raises:
            SourceError: there is no file, or the source cannot be listed.
        """
        if self._listing is None:
            found = self.look()
            if not found.files:
                raise _nothing_taken(self.location, found.passed_over)
            found.files.sort()
            self._listing = found
        return self._listing

    def look_again(self) -> None:
        """List the files again when they are asked for."""
        self._listing = None

    def uris(self) -> Iterator[str]:
        """The URIs of all files."""
        return (uri for uri, _, _ in self.listing().files)

    def files(self, kind: Kind) -> list[SourceFile]:
        """All files, in the order of their URIs."""
        return [self.file(kind, listed) for listed in self.listing().files]

    def pending(
        self,
        kind: Kind,
        known: Mapping[str, K],
        *,
        again: Callable[[K], bool] | None = None,
        reread: bool = False,
        start: Start = FROM_WHERE_IT_STANDS,  # noqa: ARG002
    ) -> Changes[K]:
        """Compare the listing with what is known; contents only where the tags do not decide."""
        changes: Changes[K] = Changes(skipped=self.listing().passed_over)
        suspects: list[Changed[K]] = []
        longer: list[Changed[K]] = []
        left = dict(known)
        for listed in self.listing().files:
            uri, size, tag = listed
            entry = left.pop(uri, None)
            if entry is None:
                changes.new.append(self.file(kind, listed))
            elif again and again(entry):
                changes.changed.append(Changed(self.file(kind, listed), entry))
            elif tag and tag == entry.tag and not reread:
                changes.unchanged += 1
            elif self._may_have_grown(listed, entry):
                longer.append(Changed(_grown(self.file(kind, listed), entry), entry))
            else:
                found = suspects if size == entry.size and entry.hash and tag else changes.changed
                found.append(Changed(self.file(kind, listed), entry))
        changes.vanished += [entry for uri, entry in left.items() if self.could_name(uri)]
        _compare_contents(suspects, changes)
        _compare_beginnings(longer, changes)
        return changes

    def _may_have_grown(self, listed: Listed, entry: Known) -> bool:
        """Whether a file may be the known one and more. A copy would cost as much as to read it again."""
        _, size, tag = listed
        return size > entry.size and bool(tag and entry.hash and entry.resume) and not self.copies_files

    def could_name(self, uri: str) -> bool:
        """Whether a file of this URI would be listed, if it were there and had a fitting name."""
        below = self.root if self.root.endswith("/") else self.root + "/"
        return uri.startswith(below) and self.names.could_name(self.path_below(uri.removeprefix(below)))

    def path_below(self, rest: str) -> str:
        """The path that the end of a URI stands for, below the root."""
        return rest

    def __getstate__(self) -> dict[str, object]:
        """All but the listing, which is long and of use here alone."""
        return {**self.__dict__, "_listing": None}


def _compare_contents(suspects: list[Changed[K]], changes: Changes[K]) -> None:
    hashes = hashes_of([file for file, _ in suspects])
    for (file, entry), (content_hash, tag) in zip(suspects, hashes, strict=True):
        if content_hash != entry.hash:
            changes.changed.append(Changed(file, entry))
            continue
        changes.unchanged += 1
        if tag != entry.tag:
            changes.retagged.append(Retagged(entry, tag))


def _grown(file: SourceFile, entry: Known) -> Grown:
    known = (entry.file_id, entry.resume or Resume(), entry.size, entry.hash)
    return Grown(file.kind, file.uri, file.path, file.size, file.tag, file.source, False, *known)


def _compare_beginnings(longer: list[Changed[K]], changes: Changes[K]) -> None:
    hashes = hashes_of([file for file, _ in longer], [entry.size for _, entry in longer])
    for (file, entry), (beginning, _) in zip(longer, hashes, strict=True):
        assert isinstance(file, Grown)
        if beginning == entry.hash:
            changes.grown.append(Changed(file, entry))
        else:
            changes.changed.append(Changed(file.as_changed, entry))


def _nothing_taken(location: str, passed_over: PassedOver) -> SourceError:
    found = f"Passed over because of their names: {passed_over}. " if str(passed_over) else ""
    return SourceError(
        f"no JSON below {location}",
        hint=f"{found}Files must end in one of {' '.join(ENDINGS)}; include or --include takes others too.",
        passes=True,
    )
