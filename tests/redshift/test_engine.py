"""The Redshift engine on the stand-in: it loads, sends no secret, tries conflicts again, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Timer
from typing import Any

import pytest
from tests import forked
from tests.redshift.driver import Run
from tests.redshift.standin import RedshiftStandIn, copying
from tests.redshift.standin.faults import serializable_violation
from tests.support import REAL, event, needs_real_sample, song, write_lines

import sparkify
from sparkify.engines.base import Engine, LoadColumn, Rows
from sparkify.engines.ndjson import open_reader
from sparkify.engines.redshift.parquet import parquet_parts
from sparkify.errors import SparkifyError, WarehouseError
from sparkify.sql import definitions
from sparkify.storage.spool import Spool
from sparkify.warehouse.manifest import ManifestState, read_state


@pytest.fixture
def warehouse(redshift: RedshiftStandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of an empty warehouse, and an environment in which it can be loaded."""
    monkeypatch.setenv("PGPASSWORD", redshift.password)
    monkeypatch.setenv("SPARKIFY_COPY_ROLE", redshift.role)
    monkeypatch.setenv("SPARKIFY_COPY_SPOOL", f"s3://{redshift.bucket}/spool")
    yield redshift.url
    assert "Contents" not in redshift.s3().list_objects_v2(Bucket=redshift.bucket, Prefix="spool/")


def _write(folder: Path, name: str = "a", **fields: Any) -> None:
    write_lines(folder / f"logs/{name}.json", [event(**fields), event(**{**fields, "itemInSession": 9})])
    write_lines(folder / "songs/x.json", [song()])


def _etl(url: str, folder: Path) -> None:
    with sparkify.connect(url) as connection:
        connection.etl(logs=str(folder / "logs"), songs=str(folder / "songs"))


@needs_real_sample
def test_the_real_sample_is_the_same_as_on_duckdb(warehouse: str, tmp_path: Path, redshift: RedshiftStandIn) -> None:
    here = f"duckdb:///{tmp_path}/w.duckdb"
    for url in (warehouse, here):
        with sparkify.connect(url) as connection:
            connection.etl(logs=str(REAL / "log_data"), songs=str(REAL / "song_data"))
    tables = sparkify.compare(here, warehouse)
    assert [(table.table, table.differing, table.rows) for table in tables if not table.is_same] == []
    assert {table.table: table.counts for table in tables}["songplays"] == (6820, 6820)
    sent = "\n".join(redshift.statements)
    assert f"IAM_ROLE '{redshift.role}' FORMAT AS PARQUET MANIFEST" in sent
    assert "SORTKEY (start_time)" in sent
    for secret in (redshift.password, redshift.environment["AWS_SECRET_ACCESS_KEY"]):
        assert secret not in sent


def test_a_conflict_is_tried_again(warehouse: str, tmp_path: Path, redshift: RedshiftStandIn, run: Run) -> None:
    _write(tmp_path)
    redshift.faults.fail(r"^insert into \"?songplays", serializable_violation("songplays"), times=2)
    _etl(warehouse, tmp_path)
    assert run("SELECT COUNT(*) FROM songplays") == [(2,)]
    assert run("SELECT state FROM etl_runs") == [("done",)]


def test_a_writer_that_takes_no_lock_is_noticed(
    warehouse: str, tmp_path: Path, redshift: RedshiftStandIn, run: Run
) -> None:
    """Rows that somebody else put into the manifest after the plan are found, and the run stops."""
    from sparkify.etl import run as pipeline

    _write(tmp_path)
    _etl(warehouse, tmp_path)
    _write(tmp_path, "b", sessionId=2)
    _write(tmp_path, "c", sessionId=3)
    real = read_state
    asked = []

    def overtaken(engine: Engine) -> ManifestState:
        state = real(engine)
        asked.append(state)
        if len(asked) == 1:
            names = definitions.table("etl_files").column_names
            values = ", ".join({"file_id": "file_id + 10", "uri": "uri || '2'"}.get(name, name) for name in names)
            run(f"INSERT INTO etl_files ({', '.join(names)}) SELECT {values} FROM etl_files")
            run("UPDATE etl_commits SET commit_no = commit_no + 1")
        return state

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "read_state", overtaken)
        with pytest.raises(WarehouseError, match="another etl wrote"):
            _etl(warehouse, tmp_path)
    assert run("SELECT COUNT(*) FROM songplays") == [(2,)]


@pytest.mark.parametrize("fault", ["denied", "cut", "no role"])
def test_what_fails_leaves_the_last_chunk_and_is_completed_later(
    warehouse: str, tmp_path: Path, redshift: RedshiftStandIn, run: Run, fault: str
) -> None:
    _write(tmp_path)
    _etl(warehouse, tmp_path)
    _write(tmp_path, "b", sessionId=2)
    roles = set(redshift.roles)
    if fault == "denied":
        redshift.faults.deny(f"s3://{redshift.bucket}/spool/")
    elif fault == "cut":
        redshift.faults.cut("^copy")
    else:
        redshift.roles.clear()
    with pytest.raises(SparkifyError) as found:
        _etl(warehouse, tmp_path)
    assert redshift.password not in str(found.value)
    redshift.faults.clear()
    redshift.roles.update(roles)
    assert run("SELECT COUNT(*) FROM songplays") == [(2,)]
    _etl(warehouse, tmp_path)
    assert run("SELECT COUNT(*) FROM songplays") == [(4,)]


def test_the_classic_file_loads_it(warehouse: str, tmp_path: Path, redshift: RedshiftStandIn, run: Run) -> None:
    s3 = redshift.s3()
    _write(tmp_path)
    s3.upload_file(str(tmp_path / "logs/a.json"), redshift.bucket, "log_data/2018/11/a.json")
    s3.upload_file(str(tmp_path / "songs/x.json"), redshift.bucket, "song_data/A/x.json")
    paths = [f"$['{name}']" for name in event()]
    s3.put_object(Bucket=redshift.bucket, Key="log_json_path.json", Body=json.dumps({"jsonpaths": paths}).encode())
    (tmp_path / "dwh.cfg").write_text(
        f"[AWS]\nKEY=testing\nSECRET=testing\n\n[CLUSTER]\nHOST='{redshift.host}'\nDB_NAME='{redshift.database}'\n"
        f"DB_USER='{redshift.user}'\nDB_PASSWORD='{redshift.password}'\nDB_PORT={redshift.port}\n\n"
        f"[IAM_ROLE]\nARN='{redshift.role}'\n\n[S3]\nLOG_DATA='s3://{redshift.bucket}/log_data'\n"
        f"LOG_JSONPATH='s3://{redshift.bucket}/log_json_path.json'\nSONG_DATA='s3://{redshift.bucket}/song_data'\n"
    )
    done = forked.run(("etl", "--config", "dwh.cfg", "--verbose"), tmp_path, os.environ, 120)
    assert done.returncode == 0, done.stderr
    assert run("SELECT songplay_id, song_id FROM songplays ORDER BY 1") == [
        ("1541121934796-1-1-0", "SO1"),
        ("1541121934796-1-1-9", "SO1"),
    ]
    assert redshift.password not in done.stdout + done.stderr
    assert redshift.password not in str(run("SELECT settings FROM etl_runs"))


@pytest.mark.parametrize(
    ("role", "written"),
    [("default", "default"), ("{0},arn:aws:iam::123456789012:role/b", "'{0},arn:aws:iam::123456789012:role/b'")],
)
def test_the_default_role_and_a_chain_of_roles(
    warehouse: str, tmp_path: Path, redshift: RedshiftStandIn, monkeypatch: pytest.MonkeyPatch, role: str, written: str
) -> None:
    role, written = role.format(redshift.role), written.format(redshift.role)
    monkeypatch.setattr(redshift, "roles", {*redshift.roles, role})
    monkeypatch.setenv("SPARKIFY_COPY_ROLE", role)
    _write(tmp_path)
    _etl(warehouse, tmp_path)
    copies = [sql for sql in redshift.statements if sql.startswith("COPY ")]
    assert copies and all(f" IAM_ROLE {written} FORMAT" in sql for sql in copies)


def test_parts_are_compressed_as_unload_compresses_them(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    path.write_text('{"file_id": 1}\n')
    reader = open_reader("1GB")
    columns = [LoadColumn("file_id", "BIGINT")]
    with Spool(str(tmp_path / "spool"), 10**9) as spool:
        rows = Rows(columns, packed=[str(path)])
        with parquet_parts(spool, reader, "gone_files", rows) as (parts, number):
            names = reader.execute("SELECT DISTINCT compression FROM parquet_metadata(?)", [[str(p) for p in parts]])
            assert (number, names.fetchall()) == (1, [("SNAPPY",)])


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("SPARKIFY_COPY_ROLE", "", "copy_role is not set"),
        ("SPARKIFY_COPY_ROLE", "arn' DROP TABLE x; --", "copy_role is not the ARN"),
        ("SPARKIFY_COPY_SPOOL", "", "copy_spool is not set"),
        ("SPARKIFY_COPY_SPOOL", "s3://b/x' y", "copy_spool is not a place in S3"),
    ],
)
def test_a_setting_that_is_missing_or_hostile_is_refused(
    warehouse: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, what: str
) -> None:
    _write(tmp_path)
    monkeypatch.setenv(name, value)
    with pytest.raises(SparkifyError, match=what):
        _etl(warehouse, tmp_path)


def test_an_interrupt_does_not_wait_for_the_server(
    warehouse: str, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """COPY may take minutes; the run is over at once, nothing of it stays, and the next one loads it."""
    _write(tmp_path)
    copies, ended, waited = copying.Loader.rows, Event(), list[bool]()

    def slow(self: copying.Loader) -> Iterator[list[str | None]]:
        if self.copy.table == '"staging_events"':
            Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
            waited.append(ended.wait(60))
        yield from copies(self)

    with monkeypatch.context() as patch:
        patch.setattr(copying.Loader, "rows", slow)
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            with pytest.raises(KeyboardInterrupt):
                _etl(warehouse, tmp_path)
            assert waited == [], "the server was still at work"
        finally:
            ended.set()
            signal.signal(signal.SIGINT, before)
    _etl(warehouse, tmp_path)
    assert run("SELECT state FROM etl_runs ORDER BY run_id") == [("interrupted",), ("done",)]
    assert run("SELECT COUNT(*) FROM songplays") == [(2,)]


def test_what_a_killed_run_left_behind_goes_with_the_next(
    warehouse: str, tmp_path: Path, redshift: RedshiftStandIn
) -> None:
    _write(tmp_path)
    command = [sys.executable, "-c", _KILLED, warehouse, str(tmp_path / "logs"), str(tmp_path / "songs")]
    assert subprocess.run(command, check=False, capture_output=True).returncode == -signal.SIGKILL
    listing = redshift.s3().list_objects_v2(Bucket=redshift.bucket, Prefix="spool/")
    assert [Path(entry["Key"]).name for entry in listing["Contents"]] == ["0.parquet", "manifest"]
    elsewhere = f"spool/sparkify-spool/{'0' * 12}-1/x/manifest"
    redshift.s3().put_object(Bucket=redshift.bucket, Key=elsewhere, Body=b"{}")
    _etl(warehouse, tmp_path)
    listing = redshift.s3().list_objects_v2(Bucket=redshift.bucket, Prefix="spool/")
    assert [entry["Key"] for entry in listing["Contents"]] == [elsewhere], "another machine's, and young"
    redshift.s3().delete_object(Bucket=redshift.bucket, Key=elsewhere)


_KILLED = """
import os, signal, sys
import sparkify
from sparkify.engines.base import Engine, LoadColumn, Rows
from sparkify.engines.ndjson import open_reader
from sparkify.engines.redshift.parquet import parquet_parts
from sparkify.engines.redshift.engine import RedshiftEngine

real = RedshiftEngine.execute

def execute(self, sql, parameters=()):
    if sql.startswith("COPY"):
        os.kill(os.getpid(), signal.SIGKILL)
    return real(self, sql, parameters)

RedshiftEngine.execute = execute
url, logs, songs = sys.argv[1:]
with sparkify.connect(url) as connection:
    connection.etl(logs=logs, songs=songs)
"""


def test_texts_are_declared_as_long_as_the_contract_allows_and_the_longest_are_loaded(
    warehouse: str, tmp_path: Path, redshift: RedshiftStandIn, run: Run
) -> None:
    """64, 256 and 65,535 bytes; in UTF-8, of which a letter may take several."""
    word, name = "é" * 32, "ü" * 128
    longest = {"level": word, "gender": word, "auth": word, "method": word}
    write_lines(tmp_path / "logs/a.json", [event(**longest), event(page=name, ts=10**12), event(level=word + "x")])
    write_lines(tmp_path / "songs/x.json", [song(song_id=name, artist_id=name), song(song_id=name + "x")])
    _etl(warehouse, tmp_path)
    declared = {
        column: int(length)
        for sql in redshift.statements
        if sql.startswith(("CREATE TABLE staging_", "CREATE TABLE songplays"))
        for column, length in re.findall(r"^\s+\"?(\w+)\"? VARCHAR\((\d+)\)", sql, re.M)
    }
    short = {"level": 64, "gender": 64, "auth": 64, "method": 64, "page": 256, "song_id": 256, "artist_id": 256}
    assert {column: length for column, length in declared.items() if length < 65_535} == short
    assert run("SELECT level, gender FROM users") == [(word, word)]
    assert run("SELECT page FROM staging_events WHERE page <> 'NextSong'") == [(name,)]
    assert run("SELECT song_id FROM songs") == [(name,)]
    assert run("SELECT reason FROM etl_rejects ORDER BY reason") == [
        ("has 257 bytes; it may have 256",),
        ("has 65 bytes; it may have 64",),
    ]
