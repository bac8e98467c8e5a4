"""The command line in this process, with moto in place of AWS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
from tests.cluster.cloud import cloud, imitated

from sparkify.cluster import address, aws, objects, roles, stack
from sparkify.cluster.aws import Cloud

ASKING = (aws, address, objects, roles)
"""The modules that connect to AWS by themselves; imported here, so that none takes the account of a test for good."""


class Done(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """An account with nothing in it; commands reach it."""
    with imitated(monkeypatch):
        for module in ASKING:
            monkeypatch.setattr(module, "connect", lambda _region=None: cloud())
        monkeypatch.setattr(stack, "_POLL_SECONDS", 0.0)
        yield cloud()


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command."""
    from sparkify.cli import _run

    def run(*arguments: str) -> Done:
        capsys.readouterr()
        try:
            code = _run(list(arguments))
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capsys.readouterr()
        return Done(code, out, err)

    return run
