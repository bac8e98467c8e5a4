"""What is open stays in sight, and a load that loads nothing is no success."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.support import event, song, write_lines
from tests.unit.command import Done, sparkify

SOURCES = ("--logs", "logs", "--songs", "songs")
SAID = "1 reject is open, in {folder}/logs/a.json: see sparkify rejects list"
COMMANDS = {
    "etl": ("etl", *SOURCES),
    "status": ("status",),
    "analyze": ("analyze",),
    "doctor": ("doctor", *SOURCES),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_lines(tmp_path / "logs" / "a.json", [event(), "bad"])
    write_lines(tmp_path / "songs" / "a.json", [song()])
    done = sparkify("etl", *SOURCES, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert SAID.format(folder=tmp_path) in done.stderr
    return tmp_path


def shown(folder: Path, command: str) -> str:
    done = sparkify(*COMMANDS[command], cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_open_rejects_are_named_until_they_are_resolved(folder: Path, command: str) -> None:
    for _ in range(2):
        assert SAID.format(folder=folder) in shown(folder, command)
    write_lines(folder / "logs" / "a.json", [event(), event(itemInSession=1, page="Home", artist=None, song=None)])
    assert sparkify("etl", *SOURCES, cwd=folder).returncode == 0
    assert "is open" not in shown(folder, command).replace("no reject is open", "")


@pytest.mark.parametrize("command", ["etl", "analyze"])
def test_documents_have_them_as_numbers(folder: Path, command: str) -> None:
    document = json.loads(sparkify(*COMMANDS[command], "--output", "json", cwd=folder).stdout)
    assert document["open"] == {"rejects": 1, "files": 1, "examples": [f"{folder}/logs/a.json"]}


def load_of(folder: Path, *lines: object) -> Done:
    write_lines(folder / "logs" / "a.json", lines)  # type: ignore[arg-type]
    write_lines(folder / "songs" / "a.json", [song(year="bad")])
    return sparkify("etl", *SOURCES, cwd=folder)


def test_a_load_of_which_every_record_was_rejected_ends_with_1(tmp_path: Path) -> None:
    assert load_of(tmp_path, event(level=5.5, ts="x"), "bad").returncode == 1


def test_one_record_that_was_loaded_is_enough(tmp_path: Path) -> None:
    assert load_of(tmp_path, event(), "bad").returncode == 0


def test_a_run_that_reads_nothing_is_done(tmp_path: Path) -> None:
    load_of(tmp_path, event())
    assert sparkify("etl", *SOURCES, cwd=tmp_path).returncode == 0
