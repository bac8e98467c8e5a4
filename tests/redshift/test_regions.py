"""A spool in another Region than the cluster: COPY from Parquet does not take it, so nothing is written at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.redshift.driver import Run
from tests.redshift.history import command
from tests.redshift.standin import RedshiftStandIn
from tests.support import event, song, write_lines

from sparkify.cluster.buckets import region_of
from sparkify.engines.redshift.address import region_of_host, workgroup_of_host

SERVERLESS = "lake.123456789012.eu-central-1.redshift-serverless.amazonaws.com"
CLUSTER = "dwh.abc123xyz789.us-west-2.redshift.amazonaws.com"


@pytest.fixture
def here(redshift: RedshiftStandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> tuple[str, ...]:
    """A warehouse in us-west-2, whose spool is to be in us-east-1, where moto's buckets are."""
    monkeypatch.setenv("PGPASSWORD", redshift.password)
    monkeypatch.setenv("SPARKIFY_COPY_ROLE", redshift.role)
    monkeypatch.setenv("SPARKIFY_COPY_SPOOL", f"s3://{redshift.bucket}/spool")
    monkeypatch.chdir(tmp_path)
    write_lines(tmp_path / "logs/a.json", [event()])
    write_lines(tmp_path / "songs/a.json", [song()])
    return "--warehouse", f"{redshift.url}?region=us-west-2", "--logs", "logs", "--songs", "songs"


def test_a_bucket_tells_its_region(redshift: RedshiftStandIn) -> None:
    redshift.s3().create_bucket(Bucket="far", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    try:
        assert region_of("far") == "eu-west-1"
    finally:
        redshift.s3().delete_bucket(Bucket="far")
    assert region_of(redshift.bucket) == "us-east-1"
    assert region_of("there-is-none") == ""


def test_etl_writes_nothing(redshift: RedshiftStandIn, here: tuple[str, ...], run: Run, capfd: object) -> None:
    command("etl", *here, code=2)
    assert run("SELECT table_name FROM svv_tables WHERE table_schema = 'public'") == []
    assert "Contents" not in redshift.s3().list_objects_v2(Bucket=redshift.bucket)


def test_doctor_says_where_both_are(redshift: RedshiftStandIn, here: tuple[str, ...]) -> None:
    found = {item["check"]: item for item in json.loads(command("doctor", *here, "--output", "json", code=1))["checks"]}
    assert found["copy_spool"]["state"] == "failed"
    assert "sparkify-test, is in us-east-1, and the cluster in us-west-2" in found["copy_spool"]["found"]
    assert "Name a bucket in us-west-2" in found["copy_spool"]["fix"]


@pytest.mark.parametrize(
    ("host", "region", "workgroup"),
    [
        (SERVERLESS, "eu-central-1", "lake"),
        (CLUSTER, "us-west-2", ""),
        ("dwh.abc123xyz789.cn-north-1.redshift.amazonaws.com.cn", "cn-north-1", ""),
        ("redshift.example.com", "", ""),
        ("localhost", "", ""),
    ],
)
def test_what_a_hosts_name_tells(host: str, region: str, workgroup: str) -> None:
    assert (region_of_host(host), workgroup_of_host(host)) == (region, workgroup)
