"""A folder as a source: what it lists, how contents are unpacked, and what has changed since it was read."""

from __future__ import annotations

import gzip
import os
import pickle
import shutil
import time
from pathlib import Path
from typing import NamedTuple

import pytest
import zstandard
from xxhash import xxh3_128

from sparkify.errors import CannotOpen, Damaged, SourceError
from sparkify.sources.base import Changes, Resume
from sparkify.sources.files import FileSource
from sparkify.sources.names import Names
from sparkify.sources.offsets import PartitionOffset
from sparkify.sources.open import opened
from sparkify.sources.opening import Opening
from sparkify.sources.registry import files_at

LINE = b'{"a":1}\n'


class Read(NamedTuple):
    """What the manifest would know of a file."""

    size: int
    tag: str
    hash: str
    file_id: int = 1
    resume: Resume | None = None
    offset: PartitionOffset | None = None


def content(source: FileSource, name: str) -> bytes:
    (file,) = [file for file in source.files("events") if file.path.endswith(name)]
    data, buffer = b"", memoryview(bytearray(1000))
    with opened(file) as stream:
        while count := stream.readinto(buffer):
            data += bytes(buffer[:count])
        assert stream.is_unchanged
    return data


def names_in(source: FileSource) -> list[str]:
    return [os.path.basename(file.path) for file in source.files("events")]


def read_all(source: FileSource) -> dict[str, Read]:
    """Read all files as a run does; what the manifest would know comes back."""
    known = {}
    for file in source.files("events"):
        with opened(file) as stream:
            while stream.readinto(memoryview(bytearray(1000))):
                pass
            known[file.uri] = Read(stream.size, stream.tag, stream.hash)
    return known


def summed_up(changes: Changes[Read]) -> tuple[int, int, int, int]:
    return len(changes.new), len(changes.changed), changes.unchanged, len(changes.vanished)


def make_old(*paths: Path) -> None:
    """Wait until the files' time of change is not so near that their contents must be compared."""
    newest = max(max(path.stat().st_ctime, path.stat().st_mtime) for path in paths)
    time.sleep(max(0.0, newest + 2.1 - time.time()))


PACKED = {
    "plain": LINE * 3,
    "gzip": gzip.compress(LINE * 3),
    "gzip of several members": gzip.compress(LINE) + gzip.compress(b"") + b"\0" * 50 + gzip.compress(LINE * 2),
    "zstd": zstandard.compress(LINE * 3),
    "zstd of several frames": zstandard.compress(LINE) + zstandard.compress(LINE * 2),
    "zstd after a frame without data": b"\x52\x2a\x4d\x18\x03\0\0\0abc" + zstandard.compress(LINE * 3),
    "zstd with a long window": zstandard.ZstdCompressor(
        compression_params=zstandard.ZstdCompressionParameters(window_log=31, enable_ldm=True)
    ).compress(LINE * 3),
}


@pytest.mark.parametrize("name", ["x.json", "x.json.gz", "x.json.zst", "x.NDJSON"])
@pytest.mark.parametrize("form", PACKED)
def test_the_first_bytes_say_how_a_file_is_packed(tmp_path: Path, form: str, name: str) -> None:
    (tmp_path / name).write_bytes(PACKED[form])
    assert content(files_at(str(tmp_path)), name) == LINE * 3


@pytest.mark.parametrize(
    ("data", "part"),
    [
        (gzip.compress(LINE)[:-3], "breaks off"),
        (zstandard.compress(LINE)[:-3], "breaks off"),
        (gzip.compress(LINE) + b"junk", "packed|not valid|corrupt"),
        (b"\x1f\x8bjunk", "not valid gzip"),
        (gzip.compress(gzip.compress(LINE)), "packed twice: gzip that holds gzip; unpack it once"),
        (zstandard.compress(gzip.compress(LINE)), "packed twice: zstd that holds gzip"),
    ],
)
def test_damaged_content_is_called_that(tmp_path: Path, data: bytes, part: str) -> None:
    (tmp_path / "x.json").write_bytes(data)
    with pytest.raises(Damaged, match=part) as error:
        content(files_at(str(tmp_path)), "x.json")
    assert "permission" not in str(error.value)


def test_an_empty_file_is_empty_whatever_its_name(tmp_path: Path) -> None:
    (tmp_path / "x.json.gz").touch()
    assert content(files_at(str(tmp_path)), "x.json.gz") == b""


def test_one_file_a_pattern_and_a_name_that_looks_like_a_pattern(tmp_path: Path) -> None:
    for name in ("2018-11-01.json", "2018-11-02.log", "2018-12-01.json", "a[1].json", "a1.json", ".x", "events.txt"):
        (tmp_path / name).write_bytes(LINE)
    (tmp_path / "2018-11-sub").mkdir()
    (tmp_path / "2018-11-sub" / "c.json").write_bytes(LINE)
    (tmp_path / "2018-11-sub" / "c.txt").write_bytes(LINE)
    assert names_in(files_at(f"{tmp_path}/events.txt")) == ["events.txt"]
    assert names_in(files_at(f"{tmp_path}/.x")) == [".x"]
    assert names_in(files_at(f"file://{tmp_path}/2018-11-*")) == ["2018-11-01.json", "2018-11-02.log", "c.json"]
    assert names_in(files_at(f"{tmp_path}/a[1].json")) == ["a[1].json"]
    assert names_in(files_at(f"{tmp_path}/a[2-9]*.json/../a[0-9].json")) == ["a1.json"]
    with pytest.raises(SourceError, match="no JSON below"):
        files_at(f"{tmp_path}/*.csv").listing()
    with pytest.raises(SourceError, match="no such file: "):
        files_at(f"{tmp_path}/none.json")


def test_what_is_passed_over_is_counted(tmp_path: Path) -> None:
    for name in ("a.json", "b.CSV", "c.csv", "d", ".hidden", "_SUCCESS", "e.log.gz", "f-old.json"):
        (tmp_path / name).write_bytes(LINE)
    (tmp_path / "linked").symlink_to(tmp_path)
    (tmp_path / "z.json").symlink_to(tmp_path / "a.json")
    source = files_at(str(tmp_path), Opening(Names(exclude=("*-old.*",))))
    assert names_in(source) == ["a.json", "z.json"]
    assert source.listing().passed_over.as_dict() == {
        "endings": {".csv": 2, "(no ending)": 1, ".log.gz": 1},
        "linked_folders": 1,
        "excluded": 1,
    }


def test_what_cannot_be_opened_is_listed_and_says_why(tmp_path: Path) -> None:
    (tmp_path / "a.json").symlink_to("gone")
    (tmp_path / "b.json").symlink_to("b.json")
    os.mkfifo(tmp_path / "c.json")
    reasons = ["is a link to nothing", "is a link in a circle", "is not a regular file"]
    for file, reason in zip(files_at(str(tmp_path)).files("events"), reasons, strict=True):
        with pytest.raises(CannotOpen, match=reason), opened(file):
            pass


def test_new_changed_unchanged_and_vanished(tmp_path: Path) -> None:
    paths = [tmp_path / f"{name}.json" for name in "abcd"]
    for path in paths:
        path.write_bytes(LINE)
    make_old(*paths)
    known = read_all(files_at(str(tmp_path)))
    assert summed_up(files_at(str(tmp_path)).pending("events", known)) == (0, 0, 4, 0)
    paths[0].write_bytes(LINE * 2)
    paths[1].unlink()
    (tmp_path / "e.json").write_bytes(LINE)
    assert summed_up(files_at(str(tmp_path)).pending("events", known)) == (1, 1, 2, 1)


def test_only_what_the_source_could_name_can_have_vanished(tmp_path: Path) -> None:
    for name in ("2018-11-1.json", "2018-11-2.json", "2018-12-1.json"):
        (tmp_path / name).write_bytes(LINE)
    known = read_all(files_at(str(tmp_path)))
    (tmp_path / "2018-11-1.json").unlink()
    (tmp_path / "2018-12-1.json").unlink()
    assert summed_up(files_at(f"{tmp_path}/2018-11-*").pending("events", known))[3] == 1
    assert summed_up(files_at(f"{tmp_path}/2018-11-2.json").pending("events", known))[3] == 0
    left_out = files_at(str(tmp_path), Opening(Names(exclude=("*-2.*",))))
    (tmp_path / "x.json").write_bytes(LINE)
    assert summed_up(left_out.pending("events", known))[3] == 3


def test_other_content_with_the_old_size_and_time_is_noticed(tmp_path: Path) -> None:
    path, other = tmp_path / "a.json", tmp_path / "other"
    path.write_bytes(LINE)
    make_old(path)
    known = read_all(files_at(str(tmp_path)))
    status = path.stat()
    other.write_bytes(LINE.replace(b"1", b"2"))
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    shutil.copy2(other, path)
    assert path.stat().st_mtime_ns == status.st_mtime_ns
    assert summed_up(files_at(str(tmp_path)).pending("events", known)) == (0, 1, 0, 0)


def test_a_tag_that_changed_alone_is_followed(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(LINE)
    known = read_all(files_at(str(tmp_path)))
    os.utime(path, (1, 1))
    make_old(path)
    changes = files_at(str(tmp_path)).pending("events", known)
    assert summed_up(changes) == (0, 0, 1, 0)
    ((entry, tag),) = changes.retagged
    assert summed_up(files_at(str(tmp_path)).pending("events", {path.as_uri(): entry._replace(tag=tag)})) == (
        0, 0, 1, 0,
    )  # fmt: skip


def test_reread_compares_contents_whatever_the_tag_says(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(LINE)
    make_old(path)
    known = {uri: read._replace(hash=xxh3_128(b"other").hexdigest()) for uri, read in
             read_all(files_at(str(tmp_path))).items()}  # fmt: skip
    assert summed_up(files_at(str(tmp_path)).pending("events", known)) == (0, 0, 1, 0)
    assert summed_up(files_at(str(tmp_path)).pending("events", known, reread=True)) == (0, 1, 0, 0)


def test_a_file_is_read_up_to_the_size_that_it_was_listed_with(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(LINE * 3)
    source = files_at(str(tmp_path))
    source.listing()
    with path.open("ab") as file:
        file.write(LINE)
    assert content(source, "a.json") == LINE * 3
    known = read_all(source)
    assert known[path.as_uri()].hash == xxh3_128(LINE * 3).hexdigest()
    assert summed_up(files_at(str(tmp_path)).pending("events", known)) == (0, 1, 0, 0)


def test_growing_while_it_is_read_is_no_change_and_being_rewritten_is(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(LINE * 3)
    (file,) = files_at(str(tmp_path)).files("events")
    for data, mode, is_unchanged, read_again in ((LINE, "ab", True, LINE * 3), (b"x" * 99, "wb", False, b"x" * 99)):
        buffer = memoryview(bytearray(200))
        with opened(file) as stream:
            while stream.readinto(buffer):
                pass
            with path.open(mode) as out:
                out.write(data)
            assert stream.is_unchanged is is_unchanged
        assert content(file.source, "a.json") == read_again  # type: ignore[arg-type]


def test_a_file_can_be_read_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(gzip.compress(LINE))
    (file,) = files_at(str(tmp_path), Opening(Names(exclude=("x",)))).files("events")
    again = pickle.loads(pickle.dumps(file))
    assert (again, again.source.uri) == (file, file.source.uri)
    with opened(again) as stream:
        buffer = memoryview(bytearray(99))
        assert bytes(buffer[: stream.readinto(buffer)]) == LINE
