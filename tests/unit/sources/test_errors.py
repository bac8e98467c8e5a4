"""What cannot be read says whether it is one file, and whether that file's earlier rows stay."""

from __future__ import annotations

import gzip
import pickle
from pathlib import Path

import pytest
import zstandard

from sparkify.errors import CannotOpen, Damaged, FileError
from sparkify.sources.base import keeps_changing
from sparkify.sources.local import Folder, file_uri
from sparkify.sources.open import opened


def read_all(path: Path) -> bytes:
    file = Folder(str(path.parent)).file_at("events", file_uri(str(path)))
    buffer = memoryview(bytearray(1000))
    data = b""
    with opened(file) as stream:
        while count := stream.readinto(buffer):
            data += bytes(buffer[:count])
    return data


CUT = {
    "x.json.gz": gzip.compress(b"some bytes to pack")[:-5],
    "x.json.zst": zstandard.compress(b"some bytes to pack")[:-3],
}


@pytest.mark.parametrize("name", CUT)
def test_a_file_that_breaks_off_is_damaged(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(CUT[name])
    with pytest.raises(Damaged, match=f"{name} is corrupt: it breaks off") as error:
        read_all(path)
    assert (error.value.uri, error.value.keeps_rows) == (f"file://{path}", False)
    assert "breaks off" in error.value.reason
    assert "permission" not in str(error.value)


def test_a_file_that_is_gone_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(b"{}")
    file = Folder(str(tmp_path)).files("events")[0]
    (tmp_path / "x.json").unlink()
    with pytest.raises(CannotOpen, match=r"x.json cannot be read: no such file") as error, opened(file):
        pass
    assert (error.value.uri, error.value.keeps_rows) == (file.uri, True)


def test_errors_can_be_pickled(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(b"{}")
    error = keeps_changing(Folder(str(tmp_path)).files("events")[0])
    again = pickle.loads(pickle.dumps(error))
    assert isinstance(again, FileError)
    assert (str(again), again.uri, again.reason, again.hint) == (str(error), error.uri, error.reason, error.hint)
