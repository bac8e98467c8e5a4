"""JSON as a contract: documents keep to their schemas, errors are documents too, and the schemas say something."""

from __future__ import annotations

import copy
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from tests.schemas import FOLDER, OF_COMMAND, faults, schema, schema_of
from tests.support import event, load, song, write_lines
from tests.unit.command import sparkify

from sparkify.config.example import example
from sparkify.config.example import schema as settings_schema

WAREHOUSE = ("--warehouse", "duckdb:///w.duckdb")
NAMES = sorted(path.name.removesuffix(".v1.json") for path in FOLDER.glob("*.json"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("documents")
    write_lines(path / "logs" / "a.json", [event(), "{"])
    write_lines(path / "songs" / "a.json", [song()])
    load(path)
    (path / "w.duckdb").rename(path / "first.duckdb")
    write_lines(path / "logs" / "a.json", [event(level="paid", ts=1541121934797)])
    load(path)
    return path


MORE: dict[str, tuple[str, ...]] = {
    "compare": ("compare", "duckdb:///w.duckdb", "duckdb:///first.duckdb"),
    "analyze --only": ("analyze", "--only", "overview", "--only", "retention", *WAREHOUSE),
    "analyze --list": ("analyze", "--list"),
    "generate": ("generate", "out", "--users", "5", "--songs", "5", "--to", "2018-11-02", "--workers", "1"),
}
"""Beside those that tests/unit/test_cli.py asks for."""


@pytest.mark.parametrize("name", MORE)
def test_a_document_keeps_to_its_schema(folder: Path, name: str) -> None:
    done = sparkify(*MORE[name], "--output", "json", cwd=folder)
    document = json.loads(done.stdout)
    assert faults(document, schema_of(name)) == [], done.stderr
    if name == "compare":
        assert done.returncode == 1
        assert {row["only_in"] for table in document["tables"] for row in table["rows"]} == {"A", "B"}


FAILING: dict[str, tuple[int, str, tuple[str, ...]]] = {
    "wrong SQL": (1, "WarehouseError", ("query", "SELECT nothing", *WAREHOUSE)),
    "two statements": (2, "UsageError", ("query", "SELECT 1; SELECT 2", *WAREHOUSE)),
    "an unknown option": (2, "UsageError", ("status", "--nothing")),
    "no such folder": (1, "SourceError", ("etl", "--logs", "nowhere", *WAREHOUSE)),
    "no warehouse": (1, "NoWarehouse", ("analyze", "--warehouse", "duckdb:///none.duckdb")),
    "too many rejects": (3, "TooManyRejects", ("etl", "--logs", "bad", "--warehouse", "duckdb:///bad.duckdb")),
}


@pytest.mark.parametrize("name", FAILING)
def test_an_error_is_a_document_too(folder: Path, name: str) -> None:
    write_lines(folder / "bad" / "a.json", [event(), *(event(ts="x", sessionId=n) for n in range(50))])
    code, kind, arguments = FAILING[name]
    done = sparkify(*arguments, "--output", "json", cwd=folder)
    document = json.loads(done.stdout)
    assert faults(document, "error") == []
    assert (done.returncode, document["error"]["exit_code"], document["error"]["kind"]) == (code, code, kind)
    assert done.stderr.startswith(f"error: {document['error']['what'].splitlines()[0]}"), "and it is said as text"
    assert sparkify(*arguments, cwd=folder).stdout == "", "without --output json nothing is on stdout"


def test_only_a_command_that_was_to_print_a_document_prints_one(folder: Path) -> None:
    for form in ("csv", "jsonl", "text"):
        done = sparkify("query", "SELECT nothing", "--output", form, *WAREHOUSE, cwd=folder)
        assert (done.returncode, done.stdout) == (1, "")


def test_no_second_document_follows_one_that_was_begun(folder: Path) -> None:
    number = "CASE WHEN range = 399999 THEN error('no more') ELSE range END"
    sql = f"SELECT {number} AS n, repeat('x', 200) AS t FROM range(400000)"
    done = sparkify("query", sql, "--output", "json", *WAREHOUSE, cwd=folder)
    assert done.returncode == 1
    assert "no more" in done.stderr
    assert '"error"' not in done.stdout


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_refuses_something(name: str) -> None:
    assert schema(name)["title"]
    wrong: list[object] = [7, "text", None, [{"a": [1]}] if name == "query" else [7]]
    assert all(faults(document, name) for document in wrong[:3])


def test_every_schema_is_listed_and_every_command_has_one() -> None:
    readme = (FOLDER / "README.md").read_text("utf-8")
    assert [name for name in NAMES if f"]({name}.v1.json)" not in readme] == []
    assert set(OF_COMMAND.values()) <= set(NAMES)


# The settings


def test_the_schema_of_the_settings_is_that_of_the_code() -> None:
    assert schema("sparkify.toml") == json.loads(json.dumps(settings_schema())), (
        "write docs/schemas/sparkify.toml.v1.json"
    )


def _uncommented() -> dict[str, Any]:
    lines = example().splitlines()
    given = tuple(f"# {name} = " for name in settings_schema()["properties"])
    text = "\n".join(line.removeprefix("# ") if line.startswith(given) else line for line in lines)
    return tomllib.loads(text)


def test_the_file_that_init_writes_keeps_to_its_schema() -> None:
    settings = _uncommented()
    assert len(settings) > 15
    assert faults(settings, "sparkify.toml") == []
    assert faults({**settings, "prod": {"warehouse": "duckdb:///p.duckdb"}, "profile": "prod"}, "sparkify.toml") == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("unknown_songs", "guess"), ("chunk_files", "many"), ("repair_text", 1), ("logs", 5), ("warehose", "x"),
     ("prod", {"warehose": "x"})],
)  # fmt: skip
def test_editors_see_what_is_wrong(name: str, value: object) -> None:
    settings = copy.deepcopy(_uncommented())
    settings[name] = value
    assert faults(settings, "sparkify.toml")
