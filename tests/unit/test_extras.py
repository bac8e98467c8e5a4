"""What is missing because an extra is not installed is named, with the extra, by one function everywhere."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sparkify.cluster import aws
from sparkify.engines import registry as engines
from sparkify.errors import UsageError, needing
from sparkify.generate.options import GenerateOptions
from sparkify.generate.topic import TopicOptions, produce
from sparkify.sources import registry as sources

SOURCE = Path(sources.__file__).parents[1]

NEEDS: dict[str, tuple[str, str, Callable[[], object]]] = {
    "postgresql://": ("psycopg", "postgres", lambda: engines.connect("postgresql://localhost/db")),
    "redshift://": ("redshift_connector", "redshift", lambda: engines.connect("redshift://localhost/db")),
    "s3://": ("obstore", "s3", lambda: sources.source_at("s3://bucket/logs")),
    "kafka://": ("confluent_kafka", "kafka", lambda: produce("kafka://h:1/t", GenerateOptions(), TopicOptions())),
    "AWS": ("boto3", "redshift", aws.connect),
}


@pytest.mark.parametrize("what", NEEDS)
def test_what_is_missing_is_named_with_its_extra(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, extra, call = NEEDS[what]
    kept = {"base", "registry", "settings", "diagnosis", "dialect"}
    found = [name for name in sys.modules if name.startswith(("sparkify.engines.", "sparkify.sources."))]
    names = [name for name in found if name.rsplit(".", 1)[-1] not in kept]
    for name in names:  # what packages know of their modules is given back with them
        parent, _, leaf = name.rpartition(".")
        monkeypatch.setattr(sys.modules[parent], leaf, sys.modules[name], raising=False)
    for name in names:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UsageError) as caught:
        call()
    assert str(caught.value).startswith(f"{what} needs the package {module.replace('_', '-')}, which is not installed")
    assert caught.value.hint == f"Install it with: pip install 'sparkify[{extra}]'"


def test_a_package_of_sparkify_itself_comes_with_no_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(UsageError) as caught, needing("duckdb://"):
        import duckdb  # noqa: F401
    assert caught.value.hint == "Install it with: pip install --force-reinstall sparkify"


def test_a_module_of_sparkify_that_is_missing_is_a_fault_of_its_own() -> None:
    with pytest.raises(ModuleNotFoundError), needing("s3://", "s3"):
        importlib.import_module("sparkify.nothing")


def test_one_function_says_which_extra_is_missing() -> None:
    said = {path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py") if "sparkify[" in path.read_text()}
    assert said == {"errors.py"}
