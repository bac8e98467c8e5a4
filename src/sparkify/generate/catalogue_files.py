"""Read song records that exist already, as a catalogue to play from."""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sparkify.generate.catalogue import Record
from sparkify.generate.errors import OptionsError

ENDINGS = tuple(kind + packed for kind in (".json", ".jsonl", ".ndjson") for packed in ("", ".gz", ".zst"))
REQUIRED = ("song_id", "title", "artist_id", "artist_name")
MAX_TEXT = 65_535  # bytes; warehouses hold no more
SPACE = " \t\r\n"


def read_catalogue(source: Path) -> tuple[list[Record], int]:
    """Read all valid records under `source`, a file or a folder.

    Returns:
        The records in the order of their files' names, and how many were left out as invalid.

    Raises:
        OptionsError: nothing is there, or nothing valid.
    """
    records: list[Record] = []
    skipped = 0
    try:
        for file in _files(source):
            for value in _values(_text(file)):
                if _is_valid(value):
                    records.append(value)
                else:
                    skipped += 1
    except (OSError, EOFError) as e:
        raise OptionsError(f"The catalogue {source} cannot be read: {e}") from e
    if not records:
        raise OptionsError(f"The catalogue {source} holds no song record with {', '.join(REQUIRED)}.")
    return records, skipped


def _files(source: Path) -> list[Path]:
    if source.is_file():
        return [source]
    if not source.is_dir():
        raise OptionsError(f"The catalogue {source} does not exist.")
    return sorted(
        path
        for path in source.rglob("*")
        if path.name.endswith(ENDINGS)
        and not any(part.startswith((".", "_")) for part in path.relative_to(source).parts)
        and path.is_file()
    )


def _text(path: Path) -> str:
    data = path.read_bytes()
    if path.suffix == ".gz":
        data = gzip.decompress(data)
    elif path.suffix == ".zst":
        import zstandard

        data = zstandard.ZstdDecompressor().decompressobj().decompress(data)
    return data.decode("utf-8-sig", "surrogateescape")  # what is not UTF-8 fails the record's check, not the file


def _values(text: str) -> Iterator[Any]:
    """The JSON values of a file, one after another or in one array; a mistake costs the rest of its line."""
    decoder, at = json.JSONDecoder(), 0
    while at < len(text):
        if text[at] in SPACE:
            at += 1
            continue
        try:
            value, at = decoder.raw_decode(text, at)
        except (json.JSONDecodeError, RecursionError):
            yield None
            newline = text.find("\n", at)
            at = len(text) if newline < 0 else newline
            continue
        if isinstance(value, list):
            yield from value
        else:
            yield value


def _is_valid(record: Any) -> bool:
    """Whether a record can be loaded, and played, as it is."""
    if not isinstance(record, dict):
        return False
    texts = [record.get(key) for key in REQUIRED]
    if not all(isinstance(text, str) and text.strip() for text in texts):
        return False
    place = record.get("artist_location")
    if not (place is None or isinstance(place, str)):
        return False
    numbers = [record.get(key) for key in ("duration", "artist_latitude", "artist_longitude", "year", "num_songs")]
    if not all(n is None or (type(n) in (int, float) and math.isfinite(n)) for n in numbers):
        return False
    if not all(n is None or n == int(n) for n in numbers[-2:]):
        return False
    return all(_is_storable(text) for text in (*texts, place or ""))


def _is_storable(text: Any) -> bool:
    try:
        return len(text.encode()) <= MAX_TEXT and "\0" not in text
    except UnicodeEncodeError:
        return False
