"""The whole way on AWS itself: create, load, compare with DuckDB, destroy. It costs money, and has never been run.

Off unless SPARKIFY_LIVE_AWS=1. It needs credentials, a region, a bucket of one's own in SPARKIFY_LIVE_BUCKET, and the
right to make roles, a security group, a schedule and a cluster.

What it may cost is bounded three times: two clusters of one `ra3.large` node and a workgroup that may use one RPU hour;
each stack deletes itself after an hour, even if this process dies; and it refuses to begin if all may cost more than
SPARKIFY_LIVE_CAP_USD (3), reckoned with SPARKIFY_LIVE_USD_PER_NODE_HOUR (1.0, well above AWS's list price for such
a node or an RPU as we know it: check yours). Whatever happens, the stack is destroyed at the end, and what it put into
the bucket is removed.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.needs import needs
from tests.support import REAL, event, needs_real_sample, song, write_lines
from tests.unit.command import Done, sparkify

from sparkify.engines.base import Access, Conflict
from sparkify.engines.registry import connect
from sparkify.errors import SparkifyError, WarehouseError

pytestmark = [
    needs("aws", os.environ.get("SPARKIFY_LIVE_AWS") == "1", "costs money: set SPARKIFY_LIVE_AWS=1"),
    pytest.mark.timeout(2 * 3600),
    needs_real_sample,
]

TTL_HOURS = 1
NODES = 1
CLUSTERS = 2
RPU_HOURS = 1
CREATE_SECONDS = 2400


def dearest_usd() -> float:
    """What the test may cost at the most, while the guard does its work."""
    return (CLUSTERS * TTL_HOURS * NODES + RPU_HOURS) * float(os.environ.get("SPARKIFY_LIVE_USD_PER_NODE_HOUR", "1.0"))


def _keep_within_the_cap() -> None:
    cap = float(os.environ.get("SPARKIFY_LIVE_CAP_USD", "3"))
    if dearest_usd() > cap:
        pytest.fail(f"this may cost {dearest_usd():.2f} USD, and the cap is {cap:.2f}: see SPARKIFY_LIVE_CAP_USD")


def command(*arguments: str, cwd: Path) -> Done:
    """Run a command, with all the time that AWS takes."""
    done = sparkify(*arguments, cwd=cwd, seconds=CREATE_SECONDS)
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture
def bucket_prefix() -> Iterator[str]:
    """A prefix of one's own in the bucket; what is below it goes at the end."""
    import boto3

    bucket = os.environ.get("SPARKIFY_LIVE_BUCKET")
    if not bucket:
        pytest.fail("name a bucket of your own in SPARKIFY_LIVE_BUCKET")
    prefix = f"sparkify-live-{uuid.uuid4().hex[:12]}"
    objects = boto3.Session().resource("s3").Bucket(bucket)
    try:
        for path in sorted(REAL.rglob("*.json")):
            objects.upload_file(str(path), f"{prefix}/{path.relative_to(REAL)}")
        yield f"s3://{bucket}/{prefix}"
    finally:
        objects.objects.filter(Prefix=f"{prefix}/").delete()


@pytest.fixture
def stack(tmp_path: Path, bucket_prefix: str) -> Iterator[str]:
    """A cluster that is destroyed whatever happens, its own creation included."""
    _keep_within_the_cap()
    name = f"sparkify-live-{uuid.uuid4().hex[:12]}"
    sources = ("--logs", f"{bucket_prefix}/log_data", "--songs", f"{bucket_prefix}/song_data")
    try:
        command(
            "cluster", "create", "--yes", "--name", name, "--ttl", f"{TTL_HOURS}h", "--nodes", str(NODES), "--public",
            "--copy-spool", f"{bucket_prefix}/spool", *sources, cwd=tmp_path,
        )  # fmt: skip
        yield name
    finally:
        command("cluster", "destroy", "--yes", "--name", name, cwd=tmp_path)


class Live(NamedTuple):
    """A cluster with the real sample in it, and where it is worked with."""

    stack: str
    warehouse: str
    sources: tuple[str, ...]
    folder: Path

    def command(self, *arguments: str) -> Done:
        """Run a command on the warehouse."""
        return command(*arguments, "--warehouse", self.warehouse, cwd=self.folder)

    def ask(self, sql: str) -> list[list[object]]:
        """The rows of a query."""
        return list(json.loads(self.command("query", sql, "--output", "json").stdout)["rows"])


def _holds(sql: str, *expected: object) -> Callable[[Live], None]:
    def check(live: Live) -> None:
        assert live.ask(sql) == [list(expected)]

    return check


def _loads_long_texts(live: Live) -> None:
    """Two plays of one identity whose texts are as long as may be, in a schema of their own."""
    folder = live.folder / "long"
    plays = [event(userAgent=letter * 65_535, location="l" * 65_535) for letter in "ba"]
    write_lines(folder / "logs/a.json", [*plays, event(itemInSession=2, artist="a" * 40_000, song="s" * 40_000)])
    write_lines(folder / "songs/a.json", [song()])
    url = f"{live.warehouse}&schema=long"
    command("etl", "--warehouse", url, "--logs", "long/logs", "--songs", "long/songs", cwd=live.folder)
    answer = command(
        "query", "SELECT MIN(user_agent) FROM songplays", "--warehouse", url, "--output", "json", cwd=live.folder
    )
    assert json.loads(answer.stdout)["rows"] == [["a" * 65_535]]


def _takes_turns(live: Live) -> None:
    """Of two runs at once one loads, and the other is told of it."""
    url = f"{live.warehouse}&schema=turns"
    arguments = ("etl", "--warehouse", url, *live.sources)
    with ThreadPoolExecutor(2) as threads:
        runs = [threads.submit(sparkify, *arguments, cwd=live.folder, seconds=CREATE_SECONDS) for _ in range(2)]
    codes = sorted(run.result().returncode for run in runs)
    assert codes in ([0, 0], [0, 1])
    if codes == [0, 1]:
        assert any("another run is at work" in run.result().stderr for run in runs)


def _writes_meet(live: Live) -> None:
    """Two transactions that write to one row: what the second is told is known for a conflict."""
    first, second = (connect(live.warehouse, Access(schema="turns")) for _ in range(2))
    with closing(first), closing(second):
        for engine in (first, second):
            engine.execute("BEGIN")
            engine.execute("SELECT COUNT(*) FROM etl_commits")
        first.execute("UPDATE etl_commits SET commit_no = commit_no")
        first.execute("COMMIT")
        with pytest.raises(Conflict):
            second.execute("UPDATE etl_commits SET commit_no = commit_no")
            second.execute("COMMIT")


def _refuses_null(live: Live) -> None:
    engine = connect(live.warehouse, Access(schema="turns"))
    with closing(engine), pytest.raises(WarehouseError):
        engine.execute("INSERT INTO etl_commits (commit_no, last_file) VALUES (NULL, 0)")


def _refuses_to_write(live: Live) -> None:
    engine = connect(live.warehouse, Access(schema="turns", read_only=True))
    with closing(engine), engine.snapshot(), pytest.raises(WarehouseError):
        engine.execute("DELETE FROM etl_commits")


def _is_sound(*arguments: str) -> Callable[[Live], None]:
    def check(live: Live) -> None:
        live.command(*arguments)

    return check


ROWS: dict[str, Callable[[Live], object]] = {
    "bytes": _holds("SELECT CAST('a ' AS VARBYTE(9)) > CAST('a' AS VARBYTE(9)) AS found", True),
    "texts": _holds("SELECT OCTET_LENGTH(REPEAT('a', 65534) || 'b') AS found", 65_535),
    "widths": _loads_long_texts,
    "subqueries": _is_sound("analyze"),
    "times": _holds(
        "SELECT DATEDIFF(MILLISECOND, TIMESTAMP '1970-01-01 00:00:00', TIMESTAMP '2018-11-21 21:56:47.796') AS found",
        1_542_837_407_796,
    ),
    "lock": _takes_turns,
    "timeout": _takes_turns,
    "conflicts": _writes_meet,
    "not_null": _refuses_null,
    "read_only": _refuses_to_write,
    "cursor": lambda live: live.command("compare", live.warehouse, "duckdb:///w.duckdb"),
    "parquet": _holds("SELECT COUNT(*) AS found FROM staging_events", 8056),
    "role": _holds("SELECT COUNT(*) AS found FROM songplays", 6820),
    "region": lambda live: live.command("doctor", *live.sources),
    "probe": lambda live: live.command("doctor", "--probe", *live.sources),
}
"""The rows of "What rests on documentation alone" in docs/redshift.md that a loaded cluster shows, by name."""

BY_THEMSELVES = {
    "guard": "the guard does its work an hour after the test; look for the stack then",
    "prices": "AWS's bill says so, a day later",
    "serverless": "test_serverless_loads",
    "usage_limit": "test_serverless_loads sets it; to reach it takes hours of work",
}
"""The other rows, and what shows them."""


def test_redshift_holds_what_duckdb_holds(stack: str, bucket_prefix: str, tmp_path: Path) -> None:
    """Both ways in: logs of 150 KB and more are loaded as they are, in a second schema all is packed."""
    status = json.loads(command("cluster", "status", "--name", stack, "--output", "json", cwd=tmp_path).stdout)
    assert status["state"] == "CREATE_COMPLETE"
    sources = ("--logs", f"{bucket_prefix}/log_data", "--songs", f"{bucket_prefix}/song_data")
    settings = tmp_path / "sparkify.toml"
    settings.write_text(f'copy_spool = "{bucket_prefix}/spool"\n')
    direct, packed, duckdb = (
        f"redshift://?stack={stack}",
        f"redshift://?stack={stack}&schema=packed",
        "duckdb:///w.duckdb",
    )
    for warehouse in (packed, duckdb):
        command("etl", "--warehouse", warehouse, *sources, cwd=tmp_path)
    with settings.open("a") as file:
        file.write('direct_from = "150KB"\n')
    done = command("etl", "--warehouse", direct, *sources, "--output", "json", cwd=tmp_path)
    command("doctor", "--warehouse", direct, *sources, cwd=tmp_path)
    for warehouse in (packed, direct):
        assert command("compare", warehouse, duckdb, cwd=tmp_path).returncode == 0
    summary = json.loads(done.stdout)
    assert (summary["files_direct"] > 0, summary["not_direct"]) == (True, {})


@pytest.fixture
def live(stack: str, bucket_prefix: str, tmp_path: Path) -> Live:
    sources = ("--logs", f"{bucket_prefix}/log_data", "--songs", f"{bucket_prefix}/song_data")
    (tmp_path / "sparkify.toml").write_text(f'copy_spool = "{bucket_prefix}/spool"\n')
    found = Live(stack, f"redshift://?stack={stack}", sources, tmp_path)
    found.command("etl", *sources)
    command("etl", "--warehouse", "duckdb:///w.duckdb", *sources, cwd=tmp_path)
    return found


def test_what_rests_on_documentation_holds(live: Live) -> None:
    """All rows on one cluster, for each costs; those that do not hold are named together."""
    found: dict[str, str] = {}
    for name, check in ROWS.items():
        try:
            check(live)
        except (AssertionError, SparkifyError) as error:
            found[name] = str(error)
    assert found == {}


def test_serverless_loads(bucket_prefix: str, tmp_path: Path) -> None:
    """A workgroup of 8 units for half an hour, which AWS stops after one RPU hour."""
    _keep_within_the_cap()
    name = f"sparkify-live-{uuid.uuid4().hex[:12]}"
    sources = ("--logs", f"{bucket_prefix}/log_data", "--songs", f"{bucket_prefix}/song_data")
    try:
        command(
            "cluster", "create", "--yes", "--serverless", "--usage-limit", str(RPU_HOURS), "--name", name,
            "--ttl", "30m", "--public", "--copy-spool", f"{bucket_prefix}/spool", *sources, cwd=tmp_path,
        )  # fmt: skip
        (tmp_path / "sparkify.toml").write_text(f'copy_spool = "{bucket_prefix}/spool"\n')
        command("etl", "--warehouse", f"redshift://?stack={name}", *sources, cwd=tmp_path)
    finally:
        command("cluster", "destroy", "--yes", "--name", name, cwd=tmp_path)
