"""What a cluster costs: before it is made, and while it runs."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from tests.cluster.conftest import Run

from sparkify.cluster.aws import Cloud
from sparkify.cluster.prices import Price, price_of, source
from sparkify.cluster.request import ClusterRequest


def test_the_table_is_dated_and_knows_the_default_node() -> None:
    price = price_of("us-east-1", ClusterRequest(nodes=3).parameters(None))
    assert price is not None
    assert price.usd == pytest.approx(3 * 0.543)
    assert date(2024, 1, 1) < price.as_of <= datetime.now(UTC).date()
    assert source().startswith("https://aws.amazon.com/redshift/pricing")


@pytest.mark.parametrize(("region", "node_type"), [("mars-north-1", "ra3.large"), ("us-east-1", "rg.large")])
def test_what_the_table_does_not_know_has_no_price(region: str, node_type: str) -> None:
    assert price_of(region, ClusterRequest(node_type=node_type).parameters(None)) is None


@pytest.mark.parametrize(("hours", "usd"), [(1, 3.0), (2, 6.0), (23, 8.0), (24, 16.0), (30, 16.0)])
def test_a_usage_limit_bounds_each_day_that_has_begun(hours: int, usd: float) -> None:
    assert Price(3.0, date(2025, 1, 1), 8.0).of(timedelta(hours=hours)) == usd


def test_create_shows_the_price_of_an_hour_and_until_the_guard_deletes_it(account: Cloud, run: Run) -> None:
    done = run("cluster", "create", "--yes", "--ttl", "10h", "--node-type", "ra3.xlplus", "--nodes", "2")
    assert done.code == 0, done.err
    shown = dict(line.split(None, 1) for line in done.err.splitlines() if line.startswith("  "))
    assert shown["price"].startswith("2.17 USD an hour (list price of 20")
    assert 21.5 < float(shown["until_then"].split()[0]) <= 21.72


def test_without_a_guard_there_is_no_until_then(account: Cloud, run: Run) -> None:
    done = run("cluster", "create", "--yes", "--ttl", "none")
    assert "0.54 USD an hour" in done.err and "until_then" not in done.err


def test_an_unknown_price_is_said(account: Cloud, run: Run) -> None:
    done = run("cluster", "create", "--yes", "--node-type", "rg.large")
    assert "not in Sparkify's table: see https://aws.amazon.com/redshift/pricing" in done.err


def test_status_shows_what_it_has_cost_so_far(account: Cloud, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("cluster", "create", "--yes", "--nodes", "2").code == 0
    real = datetime

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return real.now(tz) + timedelta(hours=3)

    monkeypatch.setattr("sparkify.cli.cluster.datetime", Later)
    said = json.loads(run("cluster", "status", "--output", "json").out)
    assert said["usd_an_hour"] == 1.086
    assert said["usd_so_far"] == pytest.approx(3.26, abs=0.02)
    assert "without storage and S3" in said["price_is"]
