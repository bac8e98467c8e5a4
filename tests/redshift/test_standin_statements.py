"""Every statement that the models render for Redshift runs on the stand-in, and gives the right answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

import duckdb
import pytest
from tests.golden.rendered import only_in_differences
from tests.redshift.driver import Run
from tests.redshift.standin import RedshiftStandIn
from tests.redshift.standin.dialect import plan
from tests.support import REAL, ROOT, needs_real_sample

import sparkify
from sparkify.engines.redshift.dialect import REDSHIFT
from sparkify.sql import render
from sparkify.star import transform
from sparkify.star.checks import Check, Probe, written_checks
from sparkify.star.transform import Chunk, Statement

GOLDEN = ROOT / "tests" / "golden" / "redshift"
RIGHT = {
    "infer": {"songplays": 6820, "users": 97, "time": 6813, "songs": 5365, "artists": 3206},
    "null": {"songplays": 6820, "users": 97, "time": 6813, "songs": 71, "artists": 69},
    "drop": {"songplays": 1, "users": 97, "time": 1, "songs": 71, "artists": 69},
}


def statements(name: str) -> list[str]:
    """The statements of a golden file, as they are sent."""
    text = (GOLDEN / f"{name}.sql").read_text("utf-8")
    return [_bound(part) for part in re.split(r";\n(?=\n|$)", text) if part.strip()]


def bound(rendered: Iterable[Statement | Check | Probe]) -> list[str]:
    """Rendered statements, as they are sent."""
    return [_bound(each.sql) for each in rendered]


def _bound(sql: str) -> str:
    """With the days and numbers of a chunk; parameters and numbers that only named statements have are all 1."""
    sql = re.sub(r"\?|(?<!:):(most|shift|file_ids|ts|user_id|session_id|item)\b", "1", sql)
    return render.bind(sql, {"first_new": 1, "now": 1600000000000}, [1541030400000])


NAMES = sorted(str(path.relative_to(GOLDEN))[:-4] for path in GOLDEN.rglob("*.sql"))


@pytest.mark.parametrize("name", NAMES)
def test_every_rendered_statement_is_understood(name: str) -> None:
    assert statements(name)
    for sql in statements(name):
        assert plan(sql).kind == ("copy" if re.search("^COPY ", sql, re.MULTILINE) else "pass")


def test_so_is_every_statement_that_differs_in_a_kind_of_chunk() -> None:
    for _, sql in only_in_differences("redshift"):
        assert plan(_bound(sql)).kind == "pass"


def test_every_statement_runs_on_empty_tables(connect: Any) -> None:
    """In one transaction; other settings differ in a literal."""
    run = Run(connect())
    for sql in statements("tables"):
        run(sql)
    run("CREATE TEMPORARY TABLE gone_files AS SELECT CAST(0 AS BIGINT) AS file_id")
    for sql in statements("statements/incremental"):
        run(sql)
    for kind in ("incremental", "analyze"):
        for sql in statements(f"all_checks/{kind}"):
            assert not any(map(any, run(sql))), sql


@pytest.fixture(scope="module")
def staging(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The staging tables of the real sample as Parquet."""
    folder = tmp_path_factory.mktemp("sample")
    warehouse = f"duckdb:///{folder / 'w.duckdb'}"
    with sparkify.connect(warehouse) as connection:
        connection.etl(logs=str(REAL / "log_data"), songs=str(REAL / "song_data"))
    found = {}
    with duckdb.connect(str(folder / "w.duckdb"), read_only=True) as database:
        for table in ("staging_events", "staging_songs"):
            path = folder / f"{table}.parquet"
            database.execute(f"COPY {table} TO '{path}' (FORMAT parquet)")
            found[table] = path.read_bytes()
    return found


@needs_real_sample
@pytest.mark.parametrize(
    "setting", ["infer", *(pytest.param(name, marks=pytest.mark.long) for name in ("null", "drop"))]
)
def test_the_real_sample_has_the_right_answers(
    setting: str, staging: dict[str, bytes], run: Run, redshift: RedshiftStandIn
) -> None:
    for sql in statements("tables"):
        run(sql)
    for table, body in staging.items():
        copy_parquet(run, redshift, table, body)
    chunk = Chunk(setting, in_full=True)
    for sql in statements("clear") + bound(transform.statements(chunk, REDSHIFT)):
        run(sql)
    assert {table: run(f'SELECT COUNT(*) FROM "{table}"')[0][0] for table in RIGHT[setting]} == RIGHT[setting]
    checks = written_checks(chunk, REDSHIFT)
    for sql in bound((*checks.probes, *checks.every)):
        if "etl_files" not in sql and "AS catalogued" not in sql:
            assert not any(map(any, run(sql))), sql
    if setting == "infer":
        assert run("SELECT song_id FROM songs WHERE title = 'You Gotta Be'") == [("SOX2AF520C6F330EA3",)]


def copy_parquet(run: Run, server: RedshiftStandIn, table: str, body: bytes) -> None:
    uri = f"s3://{server.bucket}/{table}.parquet"
    server.s3().put_object(Bucket=server.bucket, Key=f"{table}.parquet", Body=body)
    entry = {"url": uri, "mandatory": True, "meta": {"content_length": len(body)}}
    server.s3().put_object(Bucket=server.bucket, Key="manifest", Body=json.dumps({"entries": [entry]}))
    run(f"COPY {table} FROM 's3://{server.bucket}/manifest' IAM_ROLE '{server.role}' FORMAT AS PARQUET MANIFEST")
