"""What there is to load: all files of the sources, and the chunks that they are loaded in."""

from __future__ import annotations

from collections.abc import Iterator

from sparkify.config.settings import Settings
from sparkify.contract import Kind
from sparkify.errors import UsageError
from sparkify.etl.mixed_up import both_in
from sparkify.sources.base import Source, SourceFile, shown
from sparkify.sources.names import Names
from sparkify.sources.opening import Bounds, Opening
from sparkify.sources.registry import source_at

LIKELY_RATIO = 10
"""How many times its size a compressed file of logs is likely to unpack to."""

Sources = dict[Kind, Source]
"""The configured sources by kind, each listed already."""


def list_sources(settings: Settings, chunk: Bounds | None = None) -> Sources:
    """The configured sources, listed; `chunk` bounds what is read of a topic for one commit.

    Raises:
        UsageError: no source is configured, one file would be both kinds, or `log_jsonpath` names other fields.
        SourceError: a source is missing, unreadable or holds no JSON.
    """
    given: dict[Kind, str | None] = {"songs": settings.songs, "events": settings.logs}
    locations = {kind: location for kind, location in given.items() if location}
    if not locations:
        raise UsageError("no source is given", hint="Name them with --logs and --songs, or in sparkify.toml.")
    if settings.log_jsonpath:
        from sparkify.config.jsonpaths import check_jsonpaths

        check_jsonpaths(settings.log_jsonpath)
    opening = opening_of(settings, chunk)
    sources: Sources = {kind: source_at(location, opening) for kind, location in locations.items()}
    if len({source.uri for source in sources.values()}) < len(sources):
        hint = both_in(sources.values()) or "Name two places."
        raise UsageError(f"one place is given as both logs and songs: {settings.logs}", hint=hint)
    uris = [set(source.uris()) for source in sources.values()]
    if len(uris) > 1 and (shared := set.intersection(*uris)):
        raise UsageError(
            f"a file is in both logs and songs: {shown(min(shared))}",
            hint=both_in(sources.values()) or "Name two folders apart.",
        )
    return sources


def opening_of(settings: Settings, chunk: Bounds | None = None) -> Opening:
    """How the settings say that sources are opened; `chunk` bounds what is read of a topic for one commit."""
    return Opening(
        names=Names(settings.include, settings.exclude),
        anonymous=settings.anonymous,
        kafka=settings.kafka_properties,
        chunk=chunk or Bounds(int(settings.chunk_bytes)),
    )


def chunks_of(files: list[SourceFile], settings: Settings) -> Iterator[list[SourceFile]]:
    """Whole files in chunks of about `chunk_bytes`, `chunk_files` at the most.

    What a chunk puts into the spool is likely to be below a quarter of it, so that the copies of two chunks fit, and
    what is made of one of them.
    """
    chunk: list[SourceFile] = []
    size = spooled = 0
    most_spooled = settings.spool_limit // 4
    for file in files:
        is_full = size + file.unread > settings.chunk_bytes or spooled + _spooled_size(file) > most_spooled
        if chunk and (is_full or len(chunk) == settings.chunk_files):
            yield chunk
            chunk, size, spooled = [], 0, 0
        chunk.append(file)
        size += file.unread
        spooled += _spooled_size(file)
    if chunk:
        yield chunk


def chunks_of_slices(slices: list[SourceFile]) -> Iterator[list[SourceFile]]:
    """The slices of topics in chunks, songs first: how far a chunk goes is known once it is fetched.

    The next chunk must not be asked for before.
    """
    for kind in ("songs", "events"):
        chunk = [part for part in slices if part.kind == kind]
        while chunk:
            yield chunk
            chunk = chunk[0].source.following(chunk)


def _spooled_size(file: SourceFile) -> int:
    """Bytes that a file is likely to take in the spool."""
    copied = file.size if file.is_copied else 0
    return copied + (file.size * LIKELY_RATIO if file.packing else 0)
