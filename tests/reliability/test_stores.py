"""Sources on S3: real servers on loopback, as they are and as they fail."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import zstandard
from tests import forked
from tests.servers.s3 import BUCKET, KEY, SECRET, Proxy, S3Server, free_port, point_environment_at, rclone
from tests.support import REAL, ROOT, event, needs_real_sample, picture, rows, song, write_lines
from tests.unit.command import Done

import sparkify
from sparkify.config.settings import load
from sparkify.engines.base import Access
from sparkify.engines.registry import connect
from sparkify.errors import CannotOpen, SourceError, UsageError
from sparkify.etl.listing import list_sources
from sparkify.etl.run import Run
from sparkify.etl.summary import Summary
from sparkify.reports.lineage import explain_play
from sparkify.sources import object_store as stores
from sparkify.sources.fetch import Fetcher
from sparkify.sources.files import FileSource
from sparkify.sources.object_store import ObjectStore
from sparkify.sources.open import opened
from sparkify.storage.spool import Spool

LOGS, SONGS = f"s3://{BUCKET}/log_data", f"s3://{BUCKET}/song_data"
FILES = "SELECT uri, content_tag, size_bytes, loaded FROM etl_files ORDER BY uri"


def line(**fields: Any) -> str:
    return json.dumps(event(**fields)) + "\n"


def plays(count: int, first: int = 0) -> str:
    return "".join(line(itemInSession=first + n, ts=1541121934796 + n) for n in range(count))


def etl(path: Path, **settings: Any) -> Summary:
    settings.setdefault("logs", LOGS)
    settings.setdefault("spool", str(path.parent / "spool"))
    with sparkify.connect(f"duckdb:///{path}") as warehouse:
        return warehouse.etl(**settings)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from sparkify.cli import main; main()", *arguments]


def run(*arguments: str) -> Done:
    return forked.run(arguments, ROOT, os.environ, 120)


def as_in_store(rows: dict[str, list[tuple[Any, ...]]], folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    """A picture of a warehouse that was loaded from a folder, with the URIs that a store would have."""
    before, after = f"file://{folder}/", f"s3://{BUCKET}/"
    return {
        name: sorted(
            (tuple(v.replace(before, after) if isinstance(v, str) else v for v in row) for row in found), key=repr
        )
        for name, found in rows.items()
    }


@needs_real_sample
def test_a_store_loads_as_a_folder_does(rclone_s3: S3Server, tmp_path: Path) -> None:
    lake = tmp_path / "served" / BUCKET
    for name in ("log_data", "song_data"):
        shutil.copytree(REAL / name, lake / name)
    from_folder, from_store = tmp_path / "folder.duckdb", tmp_path / "store.duckdb"
    real = {name: str(REAL / name) for name in ("log_data", "song_data")}
    etl(from_folder, logs=real["log_data"], songs=real["song_data"])
    summary = etl(from_store, songs=SONGS, chunk_files=40)
    assert summary.loaded == {"songs": 71, "events": 8056}
    assert picture(from_store) == as_in_store(picture(from_folder), REAL.resolve())
    again = etl(from_store, songs=SONGS)
    assert (again.files_loaded, again.files_unchanged) == (0, 101)
    assert not list((tmp_path / "spool").iterdir())


def test_forms_names_and_tags(s3: S3Server, tmp_path: Path) -> None:
    big = plays(2000).encode()
    tags = {
        "log_data/plain.json": s3.put("log_data/plain.json", big),
        "log_data/a/b.ndjson.gz": s3.put("log_data/a/b.ndjson.gz", gzip.compress(plays(1500, 2000).encode())),
        "log_data/c.jsonl.zst": s3.put("log_data/c.jsonl.zst", zstandard.compress(plays(3, 5000).encode())),
        "log_data/dirty.json": s3.put("log_data/dirty.json", line(ts="x") + plays(1, 6000)),
        "log_data/empty.json": s3.put("log_data/empty.json", b""),
    }
    assert len(big) > 256 * 1024
    for key in ("log_data2/x.json", "log_data/_x.json", "log_data/.h/x.json", "log_data/_d/x.json", "log_data/x.txt"):
        s3.put(key, b"not to be read")
    s3.put("log_data/folder/", b"")
    path = tmp_path / "w.duckdb"
    assert etl(path).rejected == 1
    assert {uri: tag for uri, tag, *_ in rows(path, FILES)} == {
        f"s3://{BUCKET}/{key}": tag for key, tag in tags.items()
    }
    assert rows(path, "SELECT COUNT(*) FROM songplays") == [(3504,)]


HOSTILE = [
    "it's.json",
    'a "b"; DROP TABLE users.json',
    "100%.json",
    "%2e.json",
    "a#b?c.json",
    "ü€𝄞 x.json",
    "a+b&c=[d]*.json",
]


def test_hostile_keys(s3: S3Server, tmp_path: Path) -> None:
    for number, key in enumerate(HOSTILE):
        s3.put(f"log data'%/{key}", plays(1, number))
        s3.put(f"log data'%/big {key}", plays(700, 1000 * (number + 1)))
    path = tmp_path / "w.duckdb"
    etl(path, logs=f"s3://{BUCKET}/log data'%/")
    found = {uri for uri, *_ in rows(path, FILES)}
    assert found == {f"s3://{BUCKET}/log data'%/{big}{key}" for key in HOSTILE for big in ("", "big ")}
    assert rows(path, "SELECT COUNT(*) FROM songplays") == [(len(HOSTILE) * 701,)]


@pytest.mark.parametrize("key", ["log_data/a//b.json", "log_data/../b.json", "log_data/tab\t.json"])
def test_keys_that_are_refused(s3: S3Server, tmp_path: Path, key: str) -> None:
    s3.put(key, plays(1))
    with pytest.raises(SourceError, match="the key of an object cannot be read: s3://lake/log_data/") as error:
        etl(tmp_path / "w.duckdb")
    assert key.split("/")[-1].replace("\t", "\\t") in str(error.value)


def test_changed_vanished_and_retagged(s3: S3Server, tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    for n in range(3):
        s3.put(f"log_data/{n}.json", plays(2, n * 10))
    etl(path)
    # A multipart upload of the same bytes has another ETag.
    upload = s3.client.create_multipart_upload(Bucket=BUCKET, Key="log_data/0.json")["UploadId"]
    part = {"Bucket": BUCKET, "Key": "log_data/0.json", "UploadId": upload}
    etag = s3.client.upload_part(**part, PartNumber=1, Body=plays(2).encode())["ETag"]
    s3.client.complete_multipart_upload(**part, MultipartUpload={"Parts": [{"ETag": etag, "PartNumber": 1}]})
    s3.put("log_data/1.json", plays(3, 10))
    s3.client.delete_object(Bucket=BUCKET, Key="log_data/2.json")
    ahead = json.loads(run("plan", "--logs", LOGS, "--warehouse", f"duckdb:///{path}", "--output", "json").stdout)
    passed_over = {"events": {"endings": {}, "linked_folders": 0, "excluded": 0}}
    assert (ahead.pop("passed_over"), ahead.pop("slices")) == (passed_over, [])
    assert (ahead.pop("failed"), ahead.pop("grown")) == ({}, [])
    assert ahead == {"new": [], "changed": [f"{LOGS}/1.json"], "unchanged": 1, "vanished": [f"{LOGS}/2.json"]}
    summary = etl(path, prune=True)
    assert (summary.files_changed, summary.files_unchanged, summary.files_removed) == (1, 1, 1)
    assert rows(path, FILES)[0][1].endswith("-1")
    assert rows(path, "SELECT COUNT(*) FROM songplays") == [(5,)]


def test_explain_and_rejects(s3: S3Server, tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    s3.put("log_data/it's 1.json", plays(2) + line(ts="x"))
    s3.put("log_data/2.json.gz", gzip.compress(plays(3, 10).encode()))
    etl(path)
    told = explained(path, "1541121934797-1-1-1")
    place = (told["file"], told["line"], told["byte"])
    assert place == (f"{LOGS}/it's 1.json", 2, len(line(itemInSession=0)))
    assert explained(path, "1541121934798-1-1-12")["line"] == 3
    assert rows(path, "SELECT f.uri FROM etl_rejects JOIN etl_files f USING (file_id)") == [(f"{LOGS}/it's 1.json",)]
    s3.put("log_data/it's 1.json", plays(3))
    assert explained(path, "1541121934797-1-1-1")["line_unknown"] == "the file has changed since it was loaded"
    assert run("rejects", "replay", "--warehouse", f"duckdb:///{path}").returncode == 0
    assert rows(path, "SELECT COUNT(*) FROM songplays") == [(6,)]


def explained(path: Path, songplay_id: str) -> dict[str, object]:
    engine = connect(f"duckdb:///{path}", Access(read_only=True))
    try:
        return explain_play(engine, songplay_id)
    finally:
        engine.close()


def test_a_change_between_listing_and_reading(s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    s3.put("log_data/1.json", plays(1))
    tag = s3.put("log_data/2.json", plays(1, 50))
    settings = load({"logs": LOGS, "spool": str(tmp_path / "spool")}).settings
    listed = list_sources(settings)
    tag = s3.put("log_data/2.json", plays(2, 50))
    path = tmp_path / "w.duckdb"
    engine = connect(f"duckdb:///{path}")
    Run(engine, settings).run(listed)
    engine.close()
    assert [row[1:] for row in rows(path, FILES)][1] == (tag, len(plays(2, 50)), 2)

    listed = list_sources(settings)
    file_at = ObjectStore.file_at

    def file_at_and_then_a_change(self: ObjectStore, kind: Any, uri: str) -> Any:
        found = file_at(self, kind, uri)
        s3.put("log_data/2.json", plays(4, 50))
        return found

    monkeypatch.setattr(ObjectStore, "file_at", file_at_and_then_a_change)
    s3.put("log_data/2.json", plays(3, 50))
    source = listed["events"]
    assert isinstance(source, FileSource)
    files = source.listing().files
    files[:] = [file for file in files if file[0].endswith("2.json")]
    engine = connect(f"duckdb:///{tmp_path / 'v.duckdb'}")
    Run(engine, settings).run(listed)
    engine.close()
    ((state, failure),) = rows(tmp_path / "v.duckdb", "SELECT state, failure FROM etl_files")
    assert state == "failed"
    assert "keeps changing while it is read" in failure


def test_a_busy_store_and_cut_connections(s3: S3Server, proxy: Proxy, tmp_path: Path) -> None:
    for n in range(60):
        s3.put(f"log_data/{n}.json", plays(2, n * 10))
    s3.put("log_data/big.json", plays(3000, 10_000))
    path = tmp_path / "w.duckdb"
    for status in ("503 Slow Down", "429 Too Many Requests", "500 Internal Server Error"):
        proxy.busy, proxy.status = 0.1, status
        etl(path)
        path.unlink()
        assert proxy.refused
        proxy.refused = 0
    proxy.busy, proxy.cut = 0.0, 0.1
    etl(path)
    assert proxy.broken
    assert rows(path, "SELECT COUNT(*) FROM songplays") == [(3120,)]


def test_a_dead_store_leaves_the_warehouse_as_it_was(
    s3: S3Server, proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sparkify.sources.object_store.MOST_TRIES", 1)
    monkeypatch.setitem(stores.RETRY, "max_retries", 1)
    s3.put("log_data/1.json", plays(1))
    path = tmp_path / "w.duckdb"
    etl(path)
    before = picture(path)
    for n in range(2, 30):
        s3.put(f"log_data/{n}.json", plays(1, n))
    proxy.cut = 0.5
    with pytest.raises(SourceError, match="the connection to the store failed or broke"):
        for _ in range(20):
            etl(path)
            raise AssertionError("nothing was cut")
    assert picture(path) == before
    assert not list((tmp_path / "spool").iterdir())
    proxy.cut = 0
    etl(path)
    assert rows(path, "SELECT COUNT(*) FROM songplays") == [(29,)]


def test_a_kill_while_fetching(s3: S3Server, proxy: Proxy, tmp_path: Path) -> None:
    for n in range(200):
        s3.put(f"log_data/{n}.json", plays(1, n))
    path, spool = tmp_path / "w.duckdb", tmp_path / "spool"
    proxy.delay = 0.2
    environment = {**os.environ, "SPARKIFY_SPOOL": str(spool)}
    process = subprocess.Popen(command("etl", "--logs", LOGS, "--warehouse", f"duckdb:///{path}"), env=environment)
    while not any(file.stat().st_size for file in spool.glob("*/copies-*/*")):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert list(spool.iterdir())
    proxy.delay = 0
    assert etl(path).files_loaded == 200
    assert not list(spool.iterdir())
    assert rows(path, "SELECT COUNT(*) FROM songplays") == [(200,)]


def test_a_restart_of_the_server_while_fetching(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served, path, spool, port = tmp_path / "served", tmp_path / "w.duckdb", tmp_path / "spool", free_port()
    for n in range(300):
        write_lines(served / BUCKET / "log_data" / f"{n}.json", [event(itemInSession=n)])
    late = Proxy(f"http://127.0.0.1:{port}")
    late.delay = 0.2
    point_environment_at(late.url, monkeypatch)
    environment = {**os.environ, "SPARKIFY_SPOOL": str(spool)}
    with rclone(served, port):
        process = subprocess.Popen(command("etl", "--logs", LOGS, "--warehouse", f"duckdb:///{path}"), env=environment)
        while not any(file.stat().st_size for file in spool.glob("*/copies-*/*")):
            assert process.poll() is None
            time.sleep(0.02)
    time.sleep(0.5)
    with rclone(served, port):
        assert process.wait(120) == 0
    late.close()
    assert rows(path, "SELECT COUNT(*) FROM songplays") == [(300,)]


def test_the_next_chunk_is_fetched_while_one_is_loaded(s3: S3Server, tmp_path: Path) -> None:
    for n in range(3):
        s3.put(f"log_data/{n}.json", plays(1, n))
    chunk = ObjectStore(LOGS).files("events")
    size = sum(file.size for file in chunk)
    with Spool(str(tmp_path), limit=3 * size) as spool, Fetcher(spool) as fetcher:
        fetcher.begin(chunk)
        while sum(file.stat().st_size for file in spool.folder.glob("copies-*/*")) < size:
            time.sleep(0.01)
        fetcher.finish(chunk)
        s3.client.delete_object(Bucket=BUCKET, Key="log_data/0.json")
        with opened(chunk[0]) as stream:
            assert stream.readinto(memoryview(bytearray(size))) == chunk[0].size
        fetcher.release(chunk)
        assert [path.name for path in spool.folder.iterdir()] == ["lock"]
    with Spool(str(tmp_path), limit=size) as spool, Fetcher(spool) as fetcher:
        fetcher.begin(chunk)
        assert [path.name for path in spool.folder.iterdir()] == ["lock"]
        fetcher.finish(chunk)
        gone = r"s3://lake/log_data/0.json is gone since it was listed"
        with pytest.raises(CannotOpen, match=gone), opened(chunk[0]):
            pass
        fetcher.release(chunk)


def test_the_spool_is_bounded(s3: S3Server, tmp_path: Path) -> None:
    for n in range(8):
        s3.put(f"log_data/{n}.json.gz", gzip.compress(plays(1000, n * 1000).encode()))
    path = tmp_path / "w.duckdb"
    size = len(plays(1000))
    summary = etl(path, spool_limit=int(2.5 * size))
    assert summary.chunks >= 4
    assert rows(path, "SELECT COUNT(*) FROM songplays") == [(8000,)]
    with pytest.raises(UsageError, match=r"spool_limit \(.*\) is too small for s3://lake/log_data/0.json.gz"):
        etl(tmp_path / "v.duckdb", spool_limit=size // 2)
    assert not list((tmp_path / "spool").iterdir())


def test_errors_that_help(s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    s3.put("log_data/1.txt", "x")
    wrong = {
        "s3://no-such-bucket/log_data": r"^no such bucket: s3://no-such-bucket\n",
        f"s3://{BUCKET}/log_dat": r"^nothing below s3://lake/log_dat/\n",
        f"s3://{BUCKET}/log_data": r"^no JSON below s3://lake/log_data/\n",
        "s3://": "no bucket can be made out",
        f"s3://{KEY}:{SECRET}@{BUCKET}/x": "no bucket can be made out",
        f"s3://{BUCKET}/a//b": "has an empty or dotted part",
    }
    for location, message in wrong.items():
        with pytest.raises((SourceError, UsageError), match=message) as error:
            etl(tmp_path / "w.duckdb", logs=location)
        assert SECRET not in str(error.value)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(UsageError, match="only one of AWS_ACCESS_KEY_ID"):
        etl(tmp_path / "w.duckdb")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(SourceError, match="no AWS credentials found"):
        etl(tmp_path / "w.duckdb")
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(UsageError, match="there is no AWS profile nobody"):
        etl(tmp_path / "w.duckdb")


def test_profiles_and_signatures(rclone_s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_lines(tmp_path / "served" / BUCKET / "log_data" / "1.json", [event()])
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name)
    config, credentials = tmp_path / "config", tmp_path / "credentials"
    config.write_text(f"[profile lake]\nregion = eu-west-1\nendpoint_url = {rclone_s3.url}\n")
    credentials.write_text(f"[lake]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    monkeypatch.setenv("AWS_PROFILE", "lake")
    assert etl(tmp_path / "w.duckdb").files_loaded == 1
    credentials.write_text(f"[lake]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}x\n")
    with pytest.raises(SourceError, match="cannot list s3://lake/log_data: the credentials are not accepted") as error:
        etl(tmp_path / "w.duckdb")
    assert SECRET not in str(error.value) and KEY not in str(error.value)


ANSWERS = {
    "403 Forbidden AccessDenied": "^access denied: may not list s3://lake/log_data\n.*s3:ListBucket on arn:aws:s3:",
    "400 Bad Request ExpiredToken": "^cannot list s3://lake/log_data: the credentials have expired",
    "301 Moved Permanently PermanentRedirect": "^wrong region for s3://lake: it is in another one\nSet AWS_REGION to",
    "400 Bad Request AuthorizationHeaderMalformed": "^wrong region for s3://lake: it is in eu-west-1\nSet AWS_REGION=",
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_answers_that_are_explained(s3: S3Server, proxy: Proxy, tmp_path: Path, answer: str) -> None:
    proxy.busy, (proxy.status, code) = 1.0, answer.rsplit(" ", 1)
    proxy.body = f"<Error><Code>{code}</Code><Region>eu-west-1</Region><AWSAccessKeyId>{KEY}</AWSAccessKeyId></Error>"
    with pytest.raises(SourceError, match=ANSWERS[answer]) as error:
        etl(tmp_path / "w.duckdb")
    assert KEY not in str(error.value)
    assert proxy.requests == 1


def test_a_public_bucket_is_read_unsigned(s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    s3.put("log_data/1.json", plays(1))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    refused = etl(tmp_path / "w.duckdb", anonymous=True)
    assert refused.files_loaded == 0
    ((state, failure),) = rows(tmp_path / "w.duckdb", "SELECT state, failure FROM etl_files")
    assert state == "failed"
    assert "may not" in failure or "denied" in failure, failure
    s3.client.put_object_acl(Bucket=BUCKET, Key="log_data/1.json", ACL="public-read")
    assert etl(tmp_path / "w.duckdb", anonymous=True).files_loaded == 1


def test_a_catalogue_in_a_store(s3: S3Server, tmp_path: Path) -> None:
    s3.put("song_data/b.json.gz", gzip.compress(json.dumps([song(song_id="SO2", title="Two")]).encode()))
    s3.put("song_data/a/it's.json", json.dumps(song()) + "\n")
    done = run("generate", str(tmp_path / "out"), "--users", "20", "--seed", "1", "--catalogue", SONGS)
    assert done.returncode == 0, done.stderr
    written = [json.loads(path.read_text()) for path in (tmp_path / "out" / "song_data").rglob("*.json")]
    assert {record["song_id"] for record in written} == {"SO1", "SO2"}
    notes = [path.read_text() for path in (tmp_path / "out").rglob("*") if path.is_file() and path.name[0] in "._"]
    assert any(f'"{SONGS}"' in note for note in notes)


def test_without_the_extra(tmp_path: Path) -> None:
    code = f"""
import sys
sys.modules["obstore"] = None
from sparkify.cli import main
sys.argv = ["sparkify", "etl", "--logs", "{LOGS}", "--warehouse", "duckdb:///{tmp_path}/w.duckdb"]
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "s3:// needs the package obstore" in done.stderr and "pip install 'sparkify[s3]'" in done.stderr
