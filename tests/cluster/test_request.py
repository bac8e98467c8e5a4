"""What is refused before any call, and by which rule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.cluster.conftest import Run

from sparkify.cluster import aws
from sparkify.cluster.request import (
    ClusterRequest,
    Prefix,
    as_text,
    expiry_after,
    from_text,
    parse_cidr,
    parse_prefix,
    parse_ttl,
)
from sparkify.errors import UsageError


@pytest.fixture
def no_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_given: object) -> None:
        raise AssertionError("AWS was asked")

    monkeypatch.setattr(aws, "connect", refuse)
    monkeypatch.setattr(aws, "own_address", refuse)


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["--node-type", "dc2.large"], ["dc2.large", "no new clusters of DC1, DC2 and DS2", "ra3.large"]),
        (["--node-type", "dc2.8xlarge"], ["dc2.8xlarge", "no new clusters"]),
        (["--node-type", "ra4.large"], ["unknown type of node", "ra3.large"]),
        (["--node-type", "ra3.4xlarge"], ["cannot have 1 nodes", "2 to 32"]),
        (["--nodes", "17"], ["cannot have 17 nodes", "1 to 16"]),
        (["--nodes", "0"], ["cannot have 0 nodes"]),
        (["--port", "5430"], ["5430", "5431 to 5455 and 8191 to 8215"]),
        (["--port", "5456"], ["5456"]),
        (["--port", "8190"], ["8190"]),
        (["--port", "8216"], ["8216"]),
        (["--name", "Upper"], ["bad name for a cluster", "lower-case"]),
        (["--name", "a--b"], ["bad name for a cluster"]),
        (["--name", "a-"], ["bad name for a cluster"]),
        (["--name", "1a"], ["bad name for a cluster"]),
        (["--name", "a" * 64], ["bad name for a cluster", "1 to 63"]),
        (["--database", "my-db"], ["bad name for a database"]),
        (["--database", "select"], ["bad name for a database", "reserved"]),
        (["--user", "user"], ["bad name for a user", "reserved"]),
        (["--user", "Ada"], ["bad name for a user"]),
        (["--ttl", "8"], ["--ttl", "8h"]),
        (["--ttl", "1m"], ["--ttl", "30m to 365d"]),
        (["--ttl", "400d"], ["--ttl", "30m to 365d"]),
        (["--allow-from", "203.0.113.7"], ["--public"]),
        (["--public", "--allow-from", "0.0.0.0/0"], ["lets in too many"]),
        (["--public", "--allow-from", "203.0.113.7/24"], ["--allow-from"]),
        (["--public", "--allow-from", "::1"], ["--allow-from"]),
        (["--logs", "s3://UPPER/x"], ["malformed logs"]),
        (["--logs", "s3://bucket/a*"], ["logs holds *", "wildcard"]),
        (["--copy-spool", "/tmp/x"], ["copy_spool is not in S3"]),
    ],
)
def test_what_cannot_be_is_refused_before_any_call(
    run: Run, no_calls: None, arguments: list[str], parts: list[str]
) -> None:
    done = run("cluster", "create", "--yes", *arguments)
    assert done.code == 2, done.err
    for part in parts:
        assert part in done.err


@pytest.mark.parametrize("port", [5431, 5439, 5455, 8191, 8215])
def test_ports_at_the_edges_are_taken(port: int) -> None:
    assert ClusterRequest(port=port).port == port


@pytest.mark.parametrize("name", ["a", "a1", "my-cluster-2", "a" * 63])
def test_names_that_redshift_takes(name: str) -> None:
    assert ClusterRequest(name=name).name == name


@pytest.mark.parametrize(
    ("text", "ttl"),
    [
        ("8h", timedelta(hours=8)),
        ("12h", timedelta(hours=12)),
        ("90m", timedelta(minutes=90)),
        ("2d", timedelta(days=2)),
        ("none", None),
    ],
)
def test_ttl(text: str, ttl: timedelta | None) -> None:
    assert parse_ttl(text) == ttl


def test_the_guard_begins_within_the_minute_of_the_expiry() -> None:
    expiry = expiry_after(timedelta(hours=8), datetime(2026, 11, 24, 11, 5, 59, tzinfo=UTC))
    assert expiry is not None
    assert as_text(expiry) == "2026-11-24T19:05:00Z"
    assert from_text(as_text(expiry)) == expiry
    given = ClusterRequest().parameters(expiry)
    assert (given["Expiry"], given["GuardStart"], given["GuardMinute"]) == (
        "2026-11-24T19:05:00Z",
        "2026-11-24T19:04:00Z",
        "5",
    )
    assert ClusterRequest().parameters(None)["Expiry"] == ""


@pytest.mark.parametrize(("text", "cidr"), [("203.0.113.7", "203.0.113.7/32"), ("203.0.113.0/24", "203.0.113.0/24")])
def test_an_address_alone_is_its_32(text: str, cidr: str) -> None:
    assert parse_cidr(text) == cidr


@pytest.mark.parametrize(
    ("location", "prefix"),
    [
        (None, None),
        ("data/logs", None),
        ("s3://bucket", Prefix("bucket", "*")),
        ("s3://bucket/", Prefix("bucket", "*")),
        ("s3://bucket/a/b/", Prefix("bucket", "a/b/*")),
    ],
)
def test_what_of_a_bucket_is_meant(location: str | None, prefix: Any) -> None:
    assert parse_prefix("logs", location) == prefix


def test_a_prefix_does_not_let_in_its_neighbours() -> None:
    assert parse_prefix("logs", "s3://bucket/log_data") == Prefix("bucket", "log_data/*")


def test_a_bad_name_is_refused_by_every_command(run: Run, no_calls: None) -> None:
    for command in ("status", "destroy"):
        done = run("cluster", command, "--name", "Bad_")
        assert done.code == 2
        assert "bad name for a cluster" in done.err


def test_errors_name_the_rule_in_a_sentence() -> None:
    with pytest.raises(UsageError, match="RA3 and RG nodes take"):
        ClusterRequest(port=1)
