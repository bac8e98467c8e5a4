"""What a file looks like that holds no records: said in a few words that can follow its name, with the way out.

`refuse_other_format` knows the formats that are never read, by their first bytes. `appearance` is asked of a file of
which nothing was accepted; it may guess, for nothing depends on it but a message.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable

from sparkify.contract import RECORD_TYPES, TOPIC_FORM_NAMES, Kind
from sparkify.errors import Damaged
from sparkify.sources.base import Readable

HEAD_BYTES = 4096
"""How much of a file is looked at, in bytes, decompressed."""

LONGEST_NAME = 60
"""Characters that are shown of a name that comes from a file."""

_FIRST_BYTES = {
    b"PK\x03\x04": "a ZIP archive",
    b"PK\x05\x06": "an empty ZIP archive",
    b"PK\x07\x08": "a part of a ZIP archive",
    b"PAR1": "a Parquet file",
    b"PARE": "an encrypted Parquet file",
    b"Obj\x01": "an Avro file",
    b"ORC": "an ORC file",
    b"BZh": "bzip2 data",
    b"\xfd7zXZ\x00": "xz data",
}
_TAR, _TAR_AT = b"ustar", 257
_ALL_NAMES = frozenset(name for record_type in RECORD_TYPES.values() for name in record_type.names)
_KNOWN_NAMES = _ALL_NAMES | frozenset(TOPIC_FORM_NAMES)
_OTHER_KIND: dict[Kind, Kind] = {"events": "songs", "songs": "events"}
_GIVEN_AS: dict[Kind, str] = {"events": "logs", "songs": "songs"}

_TEXT = r'"((?:[^"\\]|\\.)*)"'
_WRAPPED = re.compile(rf"\{{\s*{_TEXT}\s*:\s*\[\s*\{{")
_COLUMNS = re.compile(rf"\{{\s*{_TEXT}\s*:\s*(?:\{{\s*\"\d+\"\s*:|\[\s*(?:\"|-?\d|null|true|false))")
_BY_ROW = re.compile(r"\{\s*\"\d+\"\s*:\s*\{")
_SPLIT = re.compile(r"\{\s*\"(?:columns|index|data)\"\s*:\s*\[")
_TABLE = re.compile(r"\{\s*\"schema\"\s*:\s*\{\s*\"fields\"\s*:")
_PYTHON = re.compile(r"\[?\s*\{\s*u?'")
_HTML = re.compile(r"(?:<!--.*?-->\s*)?<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
_DELIMITERS = {",": "CSV", "\t": "text separated by tabs", ";": "CSV with semicolons", "|": "text separated by |"}


class Headed:
    """A stream whose first bytes, up to `HEAD_BYTES`, are in `head` before anything is read from it."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        buffer = memoryview(bytearray(HEAD_BYTES))
        size = 0
        while size < HEAD_BYTES and (count := stream.readinto(buffer[size:])):
            size += count
        self.head = bytes(buffer[:size])
        self._left = memoryview(self.head)

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill the buffer from its start; 0 means the end."""
        if not self._left:
            return self._stream.readinto(buffer)
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count


def refuse_other_format(head: bytes, name: str) -> None:
    """Refuse a file that begins with the first bytes of a format that is no JSON (`name` is what the message calls it).

    Raises:
        Damaged: it does.
    """
    what = next((what for first, what in _FIRST_BYTES.items() if head.startswith(first)), "")
    if head[_TAR_AT:].startswith(_TAR):
        what = "a tar archive"
    if what:
        reason = f"is {what}, not JSON: unpack or convert it to lines of JSON"
        raise Damaged(f"{name} {reason}; nothing of it was loaded", reason=reason)


def wrapped_list(head: bytes) -> str:
    """The name under which an object holds the list of records that the file should be; empty if it does not."""
    found = _WRAPPED.match(_text(head))
    name = _unescaped(found[1]) if found else ""
    return "" if name in _KNOWN_NAMES else name


def is_column_oriented(head: bytes) -> bool:
    """Whether a file holds a table as pandas writes it: an object of columns, or of rows, not a record for each row."""
    text = _text(head)
    found = _COLUMNS.match(text)
    of_known = found is not None and _unescaped(found[1]) in _KNOWN_NAMES
    return of_known or any(form.match(text) for form in (_BY_ROW, _SPLIT, _TABLE))


def appearance(head: bytes, kind: Kind, unknown_names: Iterable[str] = ()) -> str:
    """What a file that begins with `head` looks like; empty if that cannot be told.

    `unknown_names` are those of its records that are no fields of `kind`.
    """
    text = _text(head)
    if is_column_oriented(head):
        return (
            "looks like the column-oriented JSON of pandas: write it with to_json(path, orient='records', lines=True)"
        )
    if wrapper := wrapped_list(head):
        return wrapping(wrapper)
    if _required(_OTHER_KIND[kind]) <= set(unknown_names):
        return f"holds {_OTHER_KIND[kind]} given as {_GIVEN_AS[kind]}: did you swap --logs and --songs?"
    return next((what for looks_so, what in _LOOKS if looks_so(text)), "") or _delimited(text)


def wrapping(name: str) -> str:
    """What is said of a file that is an object which holds the list of records under a name."""
    return f"wraps the list of its records in {_shown(name)}: write the records alone, one on each line"


def _required(kind: Kind) -> set[str]:
    return {field.name for field in RECORD_TYPES[kind].fields if field.required}


def _text(head: bytes) -> str:
    """The beginning of a file as text, without white space and byte-order marks before it."""
    return head.decode("utf-8", "replace").lstrip("\ufeff \t\r\n")


def _unescaped(name: str) -> str:
    try:
        return str(json.loads(f'"{name}"'))
    except ValueError:
        return name


def _shown(name: str) -> str:
    printable = "".join(letter if letter.isprintable() else "?" for letter in name[:LONGEST_NAME])
    return f'"{printable}{"…" if len(name) > LONGEST_NAME else ""}"'


def _is_html(text: str) -> bool:
    return bool(_HTML.match(text))


def _begins(*starts: str) -> Callable[[str], bool]:
    return lambda text: text.startswith(starts)


def _holds_nul(text: str) -> bool:
    return "\0" in text or text.count("\ufffd") > len(text) // 10


_LOOKS: tuple[tuple[Callable[[str], bool], str], ...] = (
    (_is_html, "looks like an HTML page: fetch the data itself, not the page about it"),
    (_begins("version https://git-lfs.github.com/"), "is a Git LFS pointer: fetch the data with git lfs pull"),
    (_begins("<?xml", "<Error>"), "looks like XML, such as a store answers with an error: fetch the data again"),
    (_begins("<<<<<<< "), "holds the marks of a merge conflict of Git: resolve it"),
    (_begins("%PDF-"), "looks like a PDF"),
    (_begins("SQLite format 3\0"), "looks like a SQLite database"),
    (_begins("SEQ\x06"), "looks like a SequenceFile of Hadoop: convert it to lines of JSON"),
    (lambda text: bool(_PYTHON.match(text)), "is written in Python's notation, not JSON: write it with json.dumps"),
    (_holds_nul, "looks like binary data, not text"),
)


def _delimited(text: str) -> str:
    """What a text with a head of names or with the same number of cells on each line is called."""
    lines = [line for line in text.splitlines() if line.strip()]
    complete = lines[:-1] if len(text) >= HEAD_BYTES and len(lines) > 1 else lines
    if not complete or "{" in complete[0]:
        return ""
    sign, count = max(
        Counter({sign: complete[0].count(sign) for sign in _DELIMITERS}).items(), key=lambda found: found[1]
    )
    names = {cell.strip(' "') for cell in complete[0].split(sign)}
    has_names = len({name.lower() for name in names} & {name.lower() for name in _KNOWN_NAMES}) > 1
    is_even = len(complete) > 1 and all(line.count(sign) >= count for line in complete)
    if count and (has_names or (count > 1 and is_even)):
        return f"looks like {_DELIMITERS[sign]}: convert it to JSON, a record on each line"
    return ""
