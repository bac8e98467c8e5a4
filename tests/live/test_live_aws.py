"""The whole way on AWS itself: create, load, compare with DuckDB, destroy. It costs money, and has never been run.

Off unless SPARKIFY_LIVE_AWS=1. It needs credentials, a region, a bucket of one's own in SPARKIFY_LIVE_BUCKET, and the
right to make roles, a security group, a schedule and a cluster.

What it may cost is bounded three times: one `ra3.large` node; the stack deletes itself after an hour, even if this
process dies; and it refuses to begin if that hour may cost more than SPARKIFY_LIVE_CAP_USD (2), reckoned with
SPARKIFY_LIVE_USD_PER_NODE_HOUR (1.0, well above AWS's list price for such a node as we know it: check yours). Whatever
happens, the stack is destroyed at the end, and what it put into the bucket is removed.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.needs import needs
from tests.support import REAL, needs_real_sample
from tests.unit.command import Done, sparkify

pytestmark = [
    needs("aws", os.environ.get("SPARKIFY_LIVE_AWS") == "1", "costs money: set SPARKIFY_LIVE_AWS=1"),
    pytest.mark.timeout(2 * 3600),
    needs_real_sample,
]

TTL_HOURS = 1
NODES = 1
CREATE_SECONDS = 2400


def dearest_usd() -> float:
    """What the test may cost at the most, while the guard does its work."""
    return TTL_HOURS * NODES * float(os.environ.get("SPARKIFY_LIVE_USD_PER_NODE_HOUR", "1.0"))


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
    cap = float(os.environ.get("SPARKIFY_LIVE_CAP_USD", "2"))
    if dearest_usd() > cap:
        pytest.fail(f"this may cost {dearest_usd():.2f} USD, and the cap is {cap:.2f}: see SPARKIFY_LIVE_CAP_USD")
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


def test_redshift_holds_what_duckdb_holds(stack: str, bucket_prefix: str, tmp_path: Path) -> None:
    """Both ways in: logs of 150 KB and more are taken in as they lie, in a second schema all is packed."""
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
