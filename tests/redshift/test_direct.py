"""Large objects go into Redshift as they are, if the warehouse can tell that all of their records are plain."""

from __future__ import annotations

import gzip
import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.redshift.driver import Run
from tests.redshift.standin import RedshiftStandIn, copying
from tests.redshift.standin.faults import serializable_violation
from tests.redshift.standin.stores import CarriageReturn
from tests.redshift.standin.wire import ServerError
from tests.reliability.test_dirty import BAD, GOOD, ODD_BUT_GOOD, _mutated
from tests.support import LONG, REAL, event, needs_real_sample, song

import sparkify
from sparkify.contract import EVENTS, SONGS, RecordType
from sparkify.engines.redshift.direct_load import LINES, DirectLoad, lines_sql
from sparkify.engines.registry import connect
from sparkify.errors import WarehouseError
from sparkify.etl.summary import Summary
from sparkify.reader.canonical import canonical_lines
from sparkify.reports.lineage import explain_play
from sparkify.sources.base import Content, SourceFile
from sparkify.sources.object_store import ObjectStore

Put = Callable[[str, bytes], None]


@pytest.fixture
def warehouse(redshift: RedshiftStandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of an empty warehouse whose large objects are those of a byte and more."""
    monkeypatch.setenv("PGPASSWORD", redshift.password)
    monkeypatch.setenv("SPARKIFY_COPY_ROLE", redshift.role)
    monkeypatch.setenv("SPARKIFY_COPY_SPOOL", f"s3://{redshift.bucket}/spool")
    monkeypatch.setenv("SPARKIFY_DIRECT_FROM", "1")
    yield redshift.url
    assert "Contents" not in redshift.s3().list_objects_v2(Bucket=redshift.bucket, Prefix="spool/")


@pytest.fixture
def put(redshift: RedshiftStandIn) -> Put:
    """Puts an object below `in/`."""
    s3 = redshift.s3()
    return lambda key, body: s3.put_object(Bucket=redshift.bucket, Key=f"in/{key}", Body=body)


def _lines(*records: dict[str, Any] | bytes) -> bytes:
    lines = (line if isinstance(line, bytes) else json.dumps(line, ensure_ascii=False).encode() for line in records)
    return b"".join(line + b"\n" for line in lines)


def _etl(url: str, server: RedshiftStandIn, **settings: Any) -> Summary:
    places = {kind: f"s3://{server.bucket}/in/{kind}" for kind in ("logs", "songs")}
    with sparkify.connect(url) as connection:
        return connection.etl(**{**places, **settings})


def test_nothing_travels_through_the_client(warehouse: str, redshift: RedshiftStandIn, put: Put, run: Run) -> None:
    put("logs/a.json", _lines(event(), event(itemInSession=1, artist="Zoë ~ \\", song='"Heroes": live')))
    put("songs/x.json", _lines(song()))
    summary = _etl(warehouse, redshift)
    assert (summary.files_direct, summary.not_direct, summary.records) == (2, {}, 3)
    assert run("SELECT songplay_id, song_id FROM songplays ORDER BY 1") == [
        ("1541121934796-1-1-0", "SO1"),
        ("1541121934796-1-1-1", run("SELECT song_id FROM songs WHERE inferred")[0][0]),
    ]
    assert run("SELECT uri, content_hash, records, loaded, rejected FROM etl_files ORDER BY uri") == [
        (f"s3://{redshift.bucket}/in/logs/a.json", "", 2, 2, 0),
        (f"s3://{redshift.bucket}/in/songs/x.json", "", 1, 1, 0),
    ]
    copies = [sql for sql in redshift.statements if sql.startswith("COPY staging")]
    assert copies == []
    assert run("SELECT tablename FROM pg_tables WHERE tablename LIKE 'direct_load%'") == []
    again = _etl(warehouse, redshift)
    assert (again.files_loaded, again.files_unchanged) == (0, 2)


def _differences(folder: Path, url: str, server: RedshiftStandIn) -> list[str]:
    """The tables in which the warehouse differs from one in DuckDB, of the same objects."""
    here = f"duckdb:///{folder}/w.duckdb"
    _etl(here, server, max_rejects="100%")
    return [table.table for table in sparkify.compare(here, url) if not table.is_same]


@needs_real_sample
def test_the_real_sample_is_the_same_as_on_duckdb(
    warehouse: str, tmp_path: Path, redshift: RedshiftStandIn, put: Put
) -> None:
    for path in sorted(REAL.glob("*_data/**/*.json")):
        put(f"{'logs' if 'log_data' in str(path) else 'songs'}/{path.name}", path.read_bytes())
    large = sum(path.stat().st_size >= 180_000 for path in REAL.glob("log_data/**/*.json"))
    summary = _etl(warehouse, redshift, direct_from="180000")
    assert 0 < large < 30
    assert (summary.files_loaded, summary.files_direct, summary.not_direct) == (101, large, {})
    assert _differences(tmp_path, warehouse, redshift) == []


def test_what_is_not_plain_is_read_here_and_ends_as_elsewhere(
    warehouse: str, tmp_path: Path, redshift: RedshiftStandIn, put: Put
) -> None:
    """Each kind of bad or odd line in an object of its own; only what is plain may land."""
    put("songs/x.json", _lines(song()))
    lines = {kind: line for kind, (line, *_) in [*BAD.items(), *ODD_BUT_GOOD.items()]}
    for kind, line in lines.items():
        put(f"logs/{kind}.json", _lines(GOOD, line, GOOD))
    summary = _etl(warehouse, redshift, max_rejects="100%")
    direct = set(lines) - {Path(uri).stem for uri in summary.not_direct}
    assert direct == {"point zero", "array as text", "escapes", "carriage return"}
    assert (summary.files_direct, summary.rejected) == (5, len(BAD))
    assert _differences(tmp_path, warehouse, redshift) == []


@pytest.mark.parametrize("reading", ["a letter", "a line end", "refused"])
def test_a_carriage_return_may_be_anything_to_copy(
    warehouse: str, tmp_path: Path, redshift: RedshiftStandIn, put: Put, reading: CarriageReturn
) -> None:
    """Direct loading is not off because of it, and the rows are those of DuckDB."""
    redshift.stores.carriage_return = reading
    put("songs/x.json", _lines(song()))
    put("logs/plain.json", _lines(event()))
    put("logs/between.json", _lines(event(sessionId=2)).replace(b"\n", b"\r") + _lines(event(sessionId=3)))
    put("logs/rubbish.json", b"x\r" + _lines(event(sessionId=4)))
    put("logs/crlf.json", _lines(event(sessionId=5), event(sessionId=6)).replace(b"\n", b"\r\n"))
    summary = _etl(warehouse, redshift, max_rejects="100%")
    assert {"songs/x", "logs/plain"}.isdisjoint(uri.split("/in/")[1][:-5] for uri in summary.not_direct)
    assert summary.rejected == 1
    assert _differences(tmp_path, warehouse, redshift) == []


@pytest.mark.parametrize("sign", ["\f", "\v", "\u0085", "\u2028"])
def test_another_sign_may_end_a_line_for_copy(
    warehouse: str, tmp_path: Path, redshift: RedshiftStandIn, put: Put, sign: str
) -> None:
    """It stands in files of its own in the probe: an object that holds it is judged by itself, all others go direct."""
    redshift.stores.other_line_ends = sign
    put("songs/x.json", _lines(song()))
    put("logs/plain.json", _lines(event()))
    put("logs/between.json", _lines(event(sessionId=2)).replace(b"\n", sign.encode()) + _lines(event(sessionId=3)))
    summary = _etl(warehouse, redshift, max_rejects="100%")
    told = {uri.split("/in/")[1][:-5]: why for uri, why in summary.not_direct.items()}
    if sign in "\f\v":
        assert set(told) == {"songs/x", "logs/plain", "logs/between"}, "COPY loses a reject there: nothing goes direct"
        assert "for something unknown" in told["songs/x"]
    else:
        assert set(told) == {"logs/between"}
    assert _differences(tmp_path, warehouse, redshift) == []


def _proven(server: RedshiftStandIn, run: Run, put: Put, lines: Iterable[bytes], kind: RecordType) -> tuple[int, int]:
    """How many lines there are, and how many of them are not plain."""
    lines = list(lines)
    body = b"".join(line + b"\n" for line in lines)
    put("lines", body)
    run(f"CREATE TEMPORARY TABLE {LINES} (line VARCHAR(65535))")
    source = f"s3://{server.bucket}/in/lines"
    run(f"COPY {LINES} FROM '{source}' IAM_ROLE '{server.role}' DELIMITER '\\001' IGNOREBLANKLINES")
    octets, count, faults = run(lines_sql(kind))[0]
    run(f"DROP TABLE {LINES}")
    assert octets == len(body) - 2 * lines.count(rb"\N"), "a NULL has no bytes"
    return count, faults


def _is_plain(line: bytes, kind: RecordType) -> bool:
    """What the client's own proof says; the careful reader says whether a name is there twice."""
    if not canonical_lines(kind).fullmatch(line.rstrip(b"\r") + b"\n"):
        return False
    names = [name for name, _ in json.loads(line, object_pairs_hook=list)]
    return len(set(names)) == len(names)


@needs_real_sample
@pytest.mark.parametrize("seed", range(20 if LONG else 2))
@pytest.mark.parametrize("kind", [EVENTS, SONGS], ids=lambda kind: kind.kind)
def test_the_warehouse_proves_what_the_client_would(
    redshift: RedshiftStandIn, run: Run, put: Put, kind: RecordType, seed: int
) -> None:
    folder = "log_data" if kind is EVENTS else "song_data"
    real = [line for file in sorted(REAL.glob(f"{folder}/**/*.json"))[-40:] for line in file.read_bytes().splitlines()]
    assert _proven(redshift, run, put, real, kind) == (len(real), sum(not _is_plain(line, kind) for line in real))
    chance = random.Random(seed)
    lines = [_mutated(chance.choice(real), chance.choice(real), chance) for _ in range(600)]
    lines = [line for line in lines if line.strip(b" \t\r") and _is_utf8(line) and b"\t" not in line]
    plain = [line for line in lines if _is_plain(line, kind)]
    others = [line for line in lines if not _is_plain(line, kind)]
    assert min(len(plain), len(others)) > 20
    assert _proven(redshift, run, put, plain, kind) == (len(plain), 0)
    assert _proven(redshift, run, put, others, kind) == (len(others), len(others))


def test_a_tilde_is_not_taken_for_another_letter_nor_a_null_for_a_blank_line(
    redshift: RedshiftStandIn, run: Run, put: Put
) -> None:
    plain = _lines(song(title="~_?")).strip()
    lines = [plain, plain.replace(b"num_songs", b"num~songs"), plain.replace(b"num_songs", b"num?songs"), b"\\N", b" "]
    assert b"num_songs" in plain
    assert _proven(redshift, run, put, lines, SONGS) == (4, 3)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


@pytest.mark.parametrize(
    ("body", "direct"),
    [
        (_lines(event())[:-1], True),
        (_lines(event()).replace(b"\n", b"\r\n"), True),
        (b"  \n" + _lines(event()), True),
        (_lines(event()) + b"\n", False),
        (b"\xef\xbb\xbf" + _lines(event()), False),
        (b"\n", False),
    ],
    ids=["no last end", "carriage return", "only spaces", "blank line", "byte-order mark", "nothing"],
)
def test_every_byte_is_accounted_for(
    warehouse: str, tmp_path: Path, redshift: RedshiftStandIn, put: Put, body: bytes, direct: bool
) -> None:
    put("logs/a.json", body)
    put("songs/x.json", _lines(song()))
    assert _etl(warehouse, redshift).files_direct == 1 + direct
    assert _differences(tmp_path, warehouse, redshift) == []


def test_an_object_that_changes_meanwhile_is_taken_as_it_is_then(
    warehouse: str, redshift: RedshiftStandIn, put: Put, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("logs/a.json", _lines(event(userId="1")))
    put("songs/x.json", _lines(song()))
    take, changes = DirectLoad._take, [_lines(event(userId="2"))]

    def overtaken(self: DirectLoad, uri: str, size: int, record_type: RecordType, file_id: int) -> int:
        records = take(self, uri, size, record_type, file_id)
        if record_type is EVENTS and changes:
            put("logs/a.json", changes.pop())
        return records

    monkeypatch.setattr(DirectLoad, "_take", overtaken)
    assert _etl(warehouse, redshift).files_direct == 2
    assert run("SELECT songplay_id FROM songplays") == [("1541121934796-2-1-0",)]
    put("logs/a.json", _lines(event(userId="3")))  # of the same size, and without a hash to hold it against
    summary = _etl(warehouse, redshift)
    assert (summary.files_changed, summary.files_direct) == (1, 1)
    assert run("SELECT songplay_id FROM songplays") == [("1541121934796-3-1-0",)]


def test_an_object_that_keeps_changing_is_read_here_and_ends_no_run(
    warehouse: str, redshift: RedshiftStandIn, put: Put, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("logs/a.json", _lines(event(userId="1")))
    put("logs/b.json", _lines(event(itemInSession=5)))
    put("songs/x.json", _lines(song()))
    take, users = DirectLoad._take, iter("2345")

    def overtaken(self: DirectLoad, uri: str, size: int, record_type: RecordType, file_id: int) -> int:
        records = take(self, uri, size, record_type, file_id)
        if uri.endswith("a.json"):
            put("logs/a.json", _lines(event(userId=next(users))))
        return records

    monkeypatch.setattr(DirectLoad, "_take", overtaken)
    summary = _etl(warehouse, redshift)
    assert (summary.files_loaded, summary.files_direct, summary.failed_files) == (3, 2, {})
    assert list(summary.not_direct.values()) == ["it keeps changing while COPY takes it in"]
    assert run("SELECT songplay_id FROM songplays ORDER BY 1") == [("1541121934796-1-1-5",), ("1541121934796-3-1-0",)]


def test_an_object_that_is_gone_after_copy_fails_alone(
    warehouse: str, redshift: RedshiftStandIn, put: Put, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("logs/a.json", _lines(event(userId="1")))
    put("logs/b.json", _lines(event(itemInSession=5)))
    put("songs/x.json", _lines(song()))
    take = DirectLoad._take

    def removed(self: DirectLoad, uri: str, size: int, record_type: RecordType, file_id: int) -> int:
        records = take(self, uri, size, record_type, file_id)
        if uri.endswith("a.json"):
            redshift.s3().delete_object(Bucket=redshift.bucket, Key="in/logs/a.json")
        return records

    monkeypatch.setattr(DirectLoad, "_take", removed)
    summary = _etl(warehouse, redshift)
    ((uri, failure),) = summary.failed_files.items()
    assert uri.endswith("in/logs/a.json") and failure
    assert (summary.files_loaded, summary.files_direct) == (2, 2)
    assert run("SELECT songplay_id FROM songplays") == [("1541121934796-1-1-5",)]
    assert run("SELECT state FROM etl_files WHERE uri LIKE '%a.json'") == [("failed",)]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("role", "not authorized to assume IAM Role"),
        ("object", "Access Denied"),
        ("probe", "this warehouse did not take a probe"),
        ("bytes", "takes NUL, or bytes that are not UTF-8"),
        ("proof", "does not tell plain lines from others"),
        ("numbers", "reads JSON otherwise than expected: registration as 1540920000000.0"),
    ],
)
def test_a_warehouse_that_does_not_take_objects_in_is_told_of_and_gets_them_packed(
    warehouse: str,
    redshift: RedshiftStandIn,
    put: Put,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
    reason: str,
) -> None:
    put("logs/a.json", _lines(event(), event(itemInSession=1)))
    put("songs/x.json", _lines(song()))
    if fault == "role":
        redshift.faults.fail(
            "^copy direct_load", ServerError("XX000", "the cluster is not authorized to assume IAM Role"), times=9
        )
    elif fault == "object":
        redshift.faults.deny(f"s3://{redshift.bucket}/in/")
    elif fault == "probe":
        redshift.faults.fail("body ~", ServerError("XX000", "Invalid regular expression"), times=9)
    elif fault == "bytes":
        monkeypatch.setattr("sparkify.engines.redshift.direct_load.NOT_TEXT", (_lines(GOOD),))
    elif fault == "proof":
        monkeypatch.setattr("sparkify.engines.redshift.direct_load.NOT_PLAIN", (GOOD.decode(),))
    else:
        as_text = copying.as_text
        rounded = lambda value: f"{float(value):.6g}" if isinstance(value, copying.Number) else as_text(value)  # noqa: E731
        monkeypatch.setattr(copying, "as_text", rounded)
    summary = _etl(warehouse, redshift)
    assert (summary.files_loaded, summary.files_direct, len(summary.not_direct)) == (2, 0, 2)
    assert all(reason in said for said in summary.not_direct.values()), summary.not_direct
    assert run("SELECT COUNT(*), MIN(song_id) FROM songplays") == [(2, "SO1")]


def test_nothing_is_read_here_once_the_connection_is_lost(
    warehouse: str, redshift: RedshiftStandIn, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("logs/a.json", _lines(event()))
    put("songs/x.json", _lines(song()))
    read: list[str] = []
    real = ObjectStore.open

    def noted(self: ObjectStore, file: SourceFile) -> Content:
        read.append(file.uri)
        return real(self, file)

    monkeypatch.setattr(ObjectStore, "open", noted)
    redshift.faults.cut("^copy direct_load_1")
    with pytest.raises(WarehouseError, match="Redshift"):
        _etl(warehouse, redshift)
    assert read == []


def test_a_conflict_and_a_lost_connection(warehouse: str, redshift: RedshiftStandIn, put: Put, run: Run) -> None:
    put("logs/a.json", _lines(event()))
    put("songs/x.json", _lines(song()))
    redshift.faults.cut("^insert into staging_events")
    with pytest.raises(WarehouseError):
        _etl(warehouse, redshift)
    assert run("SELECT COUNT(*) FROM etl_files") == [(0,)]
    redshift.faults.fail(r"^insert into \"?songplays", serializable_violation("songplays"))
    assert _etl(warehouse, redshift).files_direct == 2
    assert run("SELECT COUNT(*) FROM staging_events") == [(1,)]


@pytest.mark.parametrize("setting", ["none", "1GB"])
def test_the_setting_says_from_where_on(warehouse: str, redshift: RedshiftStandIn, put: Put, setting: str) -> None:
    put("logs/a.json", _lines(event()))
    put("songs/x.json", _lines(song()))
    summary = _etl(warehouse, redshift, direct_from=setting)
    assert (summary.files_loaded, summary.files_direct, summary.not_direct) == (2, 0, {})
    assert not [sql for sql in redshift.statements if "direct_load" in sql]


def test_what_is_compressed_is_read_here(warehouse: str, redshift: RedshiftStandIn, put: Put) -> None:
    put("logs/a.json.gz", gzip.compress(_lines(event())))
    put("songs/x.json", _lines(song()))
    summary = _etl(warehouse, redshift)
    assert (summary.files_loaded, summary.files_direct, summary.not_direct) == (2, 1, {})


def test_what_a_user_sees(warehouse: str, tmp_path: Path, redshift: RedshiftStandIn, put: Put) -> None:
    for number in range(5):
        put(f"logs/{number}.json", _lines(event(sessionId=number), b"[red]bad", event(sessionId=number, ts=5)))
    put("songs/x.json", _lines(song()))
    command = [sys.executable, "-c", "from sparkify.cli import main; main()", "etl", "--warehouse", warehouse]
    places = [f"--{kind}=s3://{redshift.bucket}/in/{kind}" for kind in ("logs", "songs")]
    done = subprocess.run([*command, *places], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stderr.splitlines()
    assert "1 large file went straight from S3 into the warehouse" in lines
    assert f"read here: s3://{redshift.bucket}/in/logs/0.json: 1 of 3 lines are not plain" in lines
    assert "and 2 more large files were read here (direct_from)" in lines
    with closing(connect(warehouse)) as engine:
        assert explain_play(engine, "5-1-0-0")["line"] == 3
