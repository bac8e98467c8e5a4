"""What a file looks like that holds no records, and which formats are refused by their first bytes."""

from __future__ import annotations

import bz2
import io
import json
import lzma
import tarfile
import zipfile

import pytest
from tests.support import event, song

from sparkify.errors import Damaged
from sparkify.reader.appearance import HEAD_BYTES, Headed, appearance, refuse_other_format, wrapped_list

LINE = json.dumps(event()).encode() + b"\n"


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.json", LINE)
    return out.getvalue()


def _tar(name: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT if name == "gnu" else tarfile.PAX_FORMAT) as tar:
        member = tarfile.TarInfo("a.json")
        member.size = len(LINE)
        tar.addfile(member, io.BytesIO(LINE))
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (_zip(), "ZIP"),
        (b"PK\x05\x06" + bytes(18), "ZIP"),
        (b"PAR1" + LINE, "Parquet"),
        (b"Obj\x01" + LINE, "Avro"),
        (b"ORC" + LINE, "ORC"),
        (bz2.compress(LINE), "bzip2"),
        (lzma.compress(LINE), "xz"),
        (_tar("gnu"), "tar"),
        (_tar("pax"), "tar"),
    ],
)
def test_other_formats_are_refused_by_their_first_bytes(content: bytes, says: str) -> None:
    with pytest.raises(Damaged, match=says):
        refuse_other_format(content[:HEAD_BYTES], "a.json")


@pytest.mark.parametrize("content", [b"", b"{}", LINE, b"PK", b"[" + LINE + b"]", b"\xef\xbb\xbf" + LINE, b"OR"])
def test_text_is_not_refused(content: bytes) -> None:
    refuse_other_format(content, "a.json")


PANDAS = {"artist": {"0": "A", "1": "B"}, "ts": {"0": 1, "1": 2}}

LOOKS = [
    ("<!DOCTYPE HTML>\n<html>", "HTML"),
    ("\ufeff\n  <html lang='en'>", "HTML"),
    ("<!-- saved from url -->\n<HTML>", "HTML"),
    ("version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 12\n", "Git LFS pointer"),
    ('<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "XML"),
    ("<<<<<<< HEAD\n" + LINE.decode(), "merge conflict"),
    ("artist,auth,ts\nA,Logged In,1\n", "CSV"),
    ("artist;auth;ts\nA;Logged In;1\n", "CSV with semicolons"),
    ("artist\tts\nA\t1\n", "tabs"),
    ('"ts","page"\n', "CSV"),
    ("a,b,c\n1,2,3\n4,5,6\n", "CSV"),
    ("{'ts': 1, 'page': None}\n", "Python's notation"),
    ("\0\1\2\3 binary", "binary"),
    (json.dumps({"events": [event()]}), 'in "events"'),
    (json.dumps({"Records": [event()]}), 'in "Records"'),
    ('{ "a\\"b" : [ {', 'in "a"b"'),
    (json.dumps(PANDAS), "column-oriented JSON of pandas"),
    (json.dumps({"ts": [1, 2], "page": ["Home", "Home"]}), "column-oriented JSON of pandas"),
    (json.dumps({"columns": ["ts"], "index": [0], "data": [[1]]}), "column-oriented JSON of pandas"),
    (json.dumps({"0": event(), "1": event()}), "column-oriented JSON of pandas"),
    (json.dumps({"schema": {"fields": [{"name": "ts"}]}, "data": [event()]}), "column-oriented JSON of pandas"),
]


@pytest.mark.parametrize(("text", "says"), LOOKS)
def test_what_a_file_looks_like_is_named(text: str, says: str) -> None:
    assert says in appearance(text.encode()[:HEAD_BYTES], "events")


@pytest.mark.parametrize("text", ["hello", "hello, world\nhello\n", '{"a": 1}', "", "# a comment\n", '{"a": {"b": 1}}'])
def test_what_looks_like_nothing_is_not_guessed(text: str) -> None:
    assert appearance(text.encode(), "events") == ""


def test_records_of_the_other_kind_are_named() -> None:
    assert "holds songs given as logs: did you swap --logs and --songs?" in appearance(b"", "events", song().keys())
    assert "holds events given as songs: did you swap" in appearance(b"", "songs", event().keys())
    assert appearance(b"", "events", {"title"}) == ""


def test_a_field_that_holds_a_list_wraps_nothing() -> None:
    assert wrapped_list(b'{"artist": [{"a": 1}]}') == ""
    assert wrapped_list(b'{"city": [{"a": 1}]}') == ""
    assert wrapped_list(b'{"a": [1]}') == ""


@pytest.mark.parametrize("size", [0, 1, HEAD_BYTES - 1, HEAD_BYTES, HEAD_BYTES + 1, 3 * HEAD_BYTES])
def test_the_head_is_seen_and_nothing_is_lost(size: int) -> None:
    content = bytes(number % 251 for number in range(size))

    class Slow(io.BytesIO):
        def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
            return super().readinto(buffer[:1000])

    headed = Headed(Slow(content))
    assert headed.head == content[:HEAD_BYTES]
    found = b""
    buffer = bytearray(777)
    while count := headed.readinto(memoryview(buffer)):
        found += buffer[:count]
    assert found == content
