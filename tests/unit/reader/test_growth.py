"""A file that grows: what was read of it, and what is read of the rest, is what would be read from its start."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support import LONG, event

from sparkify.reader.reader import FileRead, read
from sparkify.sources.base import Grown, NotGrown, SourceFile
from sparkify.sources.local import file_of_path
from sparkify.storage.spool import Spool

RECORD = json.dumps(event(), separators=(",", ":"))


def _fragment(chance: random.Random, number: int) -> bytes:
    """A part of a file: a record, or something that is easily misunderstood when the file ends within it."""
    record = json.dumps(event(itemInSession=number)).encode()
    odd = (
        b'{"ts": 1', b'{"ts": 15, "page": "Next', b'{"a": {', b'{"a": [', b'{"a": "', b"}", b"]", b'"}', b'{"a": 1}',
        b"text", b"// comment", b'{"ts": tru', b'{"a": {"b": ' + record, b'{"a": "\\', b"\xef\xbb", b"\xef\xbb\xbf",
        record.replace(b'"ts"', b'"at"'), record[: chance.randrange(1, len(record))], b'{"a": -', b'{"a": 1e', b"{",
        b'{"a" 1',
        b'{"b": [{"c": ' + record + b"}]}", b'{"events": [' + record + b"]}", b'{"a": nul', b'{"a": "\\u00',
    )  # fmt: skip
    pretty = json.dumps(event(itemInSession=number), indent=1).encode()
    return chance.choices([record, pretty, chance.choice(odd)], [10, 1, 6])[0]


def _content(chance: random.Random) -> bytes:
    ends = (b"\n", b"\n", b"\n", b"", b" ", b",\n", b"\r\n", b"]\n[", b"\n\n", b"\xef\xbb\xbf", b"[", b"]")
    first = chance.choice((b"", b"", b"[", b"\xef\xbb\xbf", b"\n", RECORD.encode() + b"\n"))
    return first + b"".join(_fragment(chance, number) + chance.choice(ends) for number in range(chance.randint(1, 8)))


def _file(path: Path, content: bytes) -> SourceFile:
    path.write_bytes(content)
    return file_of_path("events", str(path))


def _found(result: FileRead) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The records that are loaded, and the rejects."""
    return list(_lines(result.lines, result.path)), list(_lines(result.reject_lines, result.reject_path))


def _lines(lines: bytes, path: str) -> Iterator[dict[str, Any]]:
    for line in (Path(path).read_bytes() if path else lines).splitlines():
        row = json.loads(line)
        row.pop("file_id", None)
        yield {name: _value(value) for name, value in row.items() if value is not None}


def _value(value: Any) -> Any:
    """A value as the warehouse takes it, however a canonical line has written it."""
    try:
        return float(value)
    except ValueError:
        return value


def _comparable(rejects: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [tuple(value for name, value in reject.items() if name != "reject_no") for reject in rejects]


def _grown(file: SourceFile, before: FileRead) -> Grown:
    assert before.resume
    place = (1, before.resume, before.size, before.hash)
    return Grown(file.kind, file.uri, file.path, file.size, file.tag, file.source, False, *place)


@pytest.mark.parametrize("seed", range(20_000 if LONG else 400))
def test_the_rest_is_read_as_it_is_from_the_start(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    content = _content(chance)
    with Spool(str(tmp_path)) as spool:
        cuts = sorted(chance.sample(range(1, len(content)), min(len(content) - 1, 3)))
        before: FileRead | None = None
        good: list[dict[str, Any]] = []
        bad: list[dict[str, Any]] = []
        for end in (*cuts, len(content)):
            file = _file(tmp_path / "log.json", content[:end])
            whole = read(file, 1, spool)
            if before and before.resume:
                more = read(_grown(file, before), 1, spool)
                assert not more.failure
                bad = [reject for reject in bad if reject["byte_offset"] < before.resume.offset]
                found = _found(more)
                good, bad = good + found[0], bad + found[1]
                assert good == _found(whole)[0]
                assert _comparable(bad) == _comparable(_found(whole)[1])
                assert (more.hash, more.size, more.tag) == (whole.hash, whole.size, whole.tag)
                assert more.has_unpaired_brackets == whole.has_unpaired_brackets
                before = more
            else:
                good, bad = _found(whole)
                before = whole
            if before.failure:
                assert not before.resume


@pytest.mark.parametrize("lines", [3, 20_000])
@pytest.mark.parametrize("poison", [b"", b"poison\n", b'{"ts": 1, "page": "Next\n'])
def test_a_log_is_read_on_behind_its_last_record(lines: int, poison: bytes, tmp_path: Path) -> None:
    record = RECORD.encode() + b"\n"
    content = record + poison + record * lines
    with Spool(str(tmp_path)) as spool:
        before = read(_file(tmp_path / "log.json", content + record[:40]), 1, spool)
        assert before.resume
        assert before.resume.offset == len(content)
        assert before.resume.line == 2 + lines + bool(poison)
        file = _file(tmp_path / "log.json", content + record * (lines + 1))
        more = read(_grown(file, before), 1, spool)
    assert (more.records, more.rejected) == (lines + 1, 0)
    assert more.resume
    assert more.resume.offset == file.size
    assert more.is_whole == (lines > 3)


@pytest.mark.parametrize("other", [b"{}", b"\x1f\x8b gzip", b""])
def test_another_beginning_is_noticed(other: bytes, tmp_path: Path) -> None:
    record = RECORD.encode() + b"\n"
    with Spool(str(tmp_path)) as spool:
        before = read(_file(tmp_path / "log.json", record), 1, spool)
        file = _grown(_file(tmp_path / "log.json", other + record * 2), before)
        if not other:
            (tmp_path / "log.json").write_bytes(record[:-5])
        with pytest.raises(NotGrown):
            read(file, 1, spool)


def test_what_cannot_be_told_yet_is_read_from_the_start(tmp_path: Path) -> None:
    """A record within an object that has no end is none once the object gets one."""
    cut = b'{"a": {"b": ' + RECORD.encode()
    with Spool(str(tmp_path)) as spool:
        open_object = read(_file(tmp_path / "log.json", RECORD.encode() + b"\n" + cut + b"\n"), 1, spool)
        assert (open_object.records, open_object.rejected, open_object.resume) == (3, 1, None)
        closed = read(_file(tmp_path / "log.json", RECORD.encode() + b"\n" + cut + b"}}\n"), 1, spool)
        assert (closed.records, closed.rejected) == (2, 1)
        assert closed.resume
