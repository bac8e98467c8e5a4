"""The stand-in for Redshift, one for each worker: every test finds it empty."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.redshift.standin import RedshiftStandIn


@pytest.fixture(scope="session")
def running_redshift() -> Iterator[RedshiftStandIn]:
    with RedshiftStandIn() as server:
        yield server


@pytest.fixture
def redshift(running_redshift: RedshiftStandIn, monkeypatch: pytest.MonkeyPatch) -> RedshiftStandIn:
    """The stand-in; this process trusts its certificate, and finds its S3."""
    running_redshift.reset()
    for name, value in running_redshift.environment.items():
        monkeypatch.setenv(name, value)
    return running_redshift
