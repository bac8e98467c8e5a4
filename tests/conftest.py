"""Fixtures that all tests may use: the servers that they start and stop. And what becomes of tests that need more."""

import gc

import pytest
from tests import rendered_once
from tests.needs import missing, required
from tests.servers.s3 import moto_url, proxy, rclone_s3, s3

__all__ = ["moto_url", "proxy", "rclone_s3", "s3"]


def pytest_configure(config: pytest.Config) -> None:
    """Refuse names that nothing is known of before any test runs; share what takes long with the other workers."""
    required()
    if rendered_once.begin():
        config.add_cleanup(rendered_once.end)
    rendered_once.share()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip or fail a test of which a mark says that something is missing."""
    for mark in item.iter_markers("needs"):
        if len(mark.args) > 1:
            missing(*mark.args)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out parameters of a test that prove nothing: those that its mark `only` does not take."""
    left_out = {
        id(item): item
        for item in items
        if not all(mark.args[0](_parameters(item)) for mark in item.iter_markers("only"))
    }
    config.hook.pytest_deselected(items=list(left_out.values()))
    items[:] = [item for item in items if id(item) not in left_out]


def pytest_collection_finish() -> None:
    """Modules and tests are there to stay: the garbage collector need not go through them again and again."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    """Extension modules complain of what is left at the end of a process."""
    gc.unfreeze()


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name bytes that are no text alike in every process: packed ones may hold the time at which they were packed."""
    return None if not isinstance(val, bytes) or (val.isascii() and val.decode().isprintable()) else "bytes"


def _parameters(item: pytest.Item) -> dict[str, object]:
    return dict(item.callspec.params) if isinstance(item, pytest.Function) else {}
