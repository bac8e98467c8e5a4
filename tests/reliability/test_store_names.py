"""What a URI of S3 names, on a real server: a folder, one object, a pattern; and how objects are unpacked."""

from __future__ import annotations

import gzip
import pickle
from pathlib import Path

import pytest
import zstandard
from tests.reliability.test_stores import LOGS, etl, plays
from tests.servers.s3 import BUCKET, S3Server
from tests.support import rows

from sparkify.errors import SourceError
from sparkify.sources.names import Names
from sparkify.sources.open import opened
from sparkify.sources.opening import Opening
from sparkify.sources.registry import files_at

COUNT = "SELECT COUNT(*) FROM songplays"


def keys(location: str, names: Names | None = None) -> list[str]:
    found = files_at(location, Opening(names or Names())).uris()
    return [uri.removeprefix(f"s3://{BUCKET}/") for uri in found]


def test_one_object_a_pattern_and_a_key_that_looks_like_a_pattern(s3: S3Server) -> None:
    for key in (
        "logs/2018-11-01.json",
        "logs/2018-11-02.log",
        "logs/2018-12-01.JSON",
        "logs/a[1].json",
        "logs/a1.json",
    ):
        s3.put(key, plays(1))
    s3.put("logs/2018-11-sub/c.json", plays(1))
    november = ["logs/2018-11-01.json", "logs/2018-11-02.log", "logs/2018-11-sub/c.json"]
    assert keys("s3://lake/logs/2018-11-*") == november
    assert keys("s3a://lake/logs/2018-11-0[2-9].log") == ["logs/2018-11-02.log"]
    assert keys("s3n://lake/logs/2018-11-02.log") == ["logs/2018-11-02.log"]
    assert keys("s3://lake/logs/a[1].json") == ["logs/a[1].json"]
    assert keys("s3://lake/logs/", Names(("*.log",), ("a*", "2018-11-sub/"))) == [
        "logs/2018-11-01.json", "logs/2018-11-02.log", "logs/2018-12-01.JSON",
    ]  # fmt: skip
    with pytest.raises(SourceError, match=r"nothing below s3://lake/logs/none\.json"):
        keys("s3://lake/logs/none.json")


def test_an_object_that_stands_for_a_folder_is_none_of_the_files(s3: S3Server, tmp_path: Path) -> None:
    for key in ("log_data/", "log_data/x.json/", "log_data/y.json/", "log_data/deep/"):
        s3.put(key, b"")
    s3.put("log_data/x.json/a.json", plays(1))
    s3.put("log_data/empty.json", b"")
    s3.put("log_data/note.TXT", b"text")
    assert keys(LOGS) == ["log_data/empty.json", "log_data/x.json/a.json"]
    summary = etl(tmp_path / "w.duckdb")
    assert summary.passed_over["events"] == {"endings": {".txt": 1}, "linked_folders": 0, "excluded": 0}
    assert rows(tmp_path / "w.duckdb", COUNT) == [(1,)]


@pytest.mark.parametrize("encoding", ["", "gzip", "zstd"])
@pytest.mark.parametrize("name", ["x.json", "x.json.gz"])
def test_content_decides_whatever_name_and_content_encoding_say(
    s3: S3Server, tmp_path: Path, name: str, encoding: str
) -> None:
    bodies = (plays(1).encode(), gzip.compress(plays(1, 1).encode()) * 2, zstandard.compress(plays(1, 2).encode()))
    for number, body in enumerate(bodies):
        s3.client.put_object(Bucket=BUCKET, Key=f"log_data/{number}/{name}", Body=body, ContentEncoding=encoding)
    etl(tmp_path / "w.duckdb")
    assert rows(tmp_path / "w.duckdb", COUNT) == [(3,)]
    assert rows(tmp_path / "w.duckdb", "SELECT COUNT(*) FROM staging_events") == [(4,)]


def test_a_pattern_lets_nothing_else_vanish(s3: S3Server, tmp_path: Path) -> None:
    for month in (11, 12):
        for day in (1, 2):
            s3.put(f"log_data/2018-{month}-{day}.json", plays(1, month * 10 + day))
    path = tmp_path / "w.duckdb"
    etl(path, logs="s3n://lake/log_data")
    s3.client.delete_object(Bucket=BUCKET, Key="log_data/2018-11-1.json")
    s3.client.delete_object(Bucket=BUCKET, Key="log_data/2018-12-1.json")
    summary = etl(path, logs="s3a://lake/log_data/2018-11-*.json", prune=True)
    assert (summary.files_unchanged, summary.vanished) == (1, [f"{LOGS}/2018-11-1.json"])
    assert etl(path, exclude=["2018-11-2*"]).vanished == [f"{LOGS}/2018-11-2.json", f"{LOGS}/2018-12-1.json"]


def test_an_object_can_be_read_elsewhere_and_no_secret_goes_with_it(s3: S3Server) -> None:
    s3.put("log_data/a.json", gzip.compress(b"{}"))
    (file,) = files_at(LOGS).files("events")
    data = pickle.dumps(file)
    assert b"secret" not in data
    with opened(pickle.loads(data)) as stream:
        buffer = memoryview(bytearray(9))
        assert bytes(buffer[: stream.readinto(buffer)]) == b"{}"
