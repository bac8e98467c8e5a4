"""What is open stays in sight, and a load that loads nothing is no success."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.support import event, song, write_lines
from tests.unit.command import Done, sparkify

SOURCES = ("--logs", "logs", "--songs", "songs")
SAID = "1 rejected record is open, in {folder}/logs/a.json: see sparkify rejects list"
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
    assert "1 rejected record is open" not in shown(folder, command)


@pytest.mark.parametrize("command", ["etl", "analyze"])
def test_documents_have_them_as_numbers(folder: Path, command: str) -> None:
    document = json.loads(sparkify(*COMMANDS[command], "--output", "json", cwd=folder).stdout)
    assert document["open"] == {
        "rejects": 1, "files": 1, "examples": [f"{folder}/logs/a.json"], "failed": 0, "failed_examples": []
    }  # fmt: skip


@pytest.fixture
def with_failed(folder: Path) -> Path:
    write_lines(folder / "logs" / "html.json", ["<html>", "</html>"])
    assert sparkify("etl", *SOURCES, cwd=folder).returncode == 1
    return folder


@pytest.mark.parametrize("command", COMMANDS)
def test_failed_files_are_named_until_they_load(with_failed: Path, command: str) -> None:
    path = with_failed / "logs" / "html.json"
    for _ in range(2):
        done = sparkify(*COMMANDS[command], cwd=with_failed)
        text = done.stdout + done.stderr
        assert f"{path} looks like an HTML page" in text
        assert text.count("html.json") == 1
        assert SAID.format(folder=with_failed) in text
    write_lines(path, [event(itemInSession=5)])
    assert sparkify("etl", *SOURCES, cwd=with_failed).returncode == 0
    assert "html.json" not in shown(with_failed, command)


def test_rejects_list_shows_failed_files_first(with_failed: Path) -> None:
    listed = json.loads(sparkify("rejects", "list", "--output", "json", cwd=with_failed).stdout)
    path = str(with_failed / "logs" / "html.json")
    assert [(row["reject"], row["file"], row["state"]) for row in listed[:1]] == [(None, path, "failed")]
    assert "HTML" in listed[0]["reason"]
    assert "looks like an HTML page" in sparkify("rejects", "list", cwd=with_failed).stdout


def test_the_report_names_failed_files_rejects_and_duplicates(with_failed: Path) -> None:
    write_lines(with_failed / "logs" / "copy.json", [event()])
    sparkify("etl", *SOURCES, cwd=with_failed)
    sparkify("analyze", "--report", "open.html", cwd=with_failed)
    page = (with_failed / "open.html").read_text("utf-8")
    assert "✕ 1 file failed" in page and "! 1 record rejected" in page
    assert "html.json" in page and "looks like an HTML page" in page
    assert "1 play is a duplicate of one in songplays, such as those of 1541121934796-1-1-0" in page
    for name in ("a.json", "html.json"):
        write_lines(with_failed / "logs" / name, [event()])
    assert sparkify("etl", *SOURCES, cwd=with_failed).returncode == 0
    sparkify("analyze", "--report", "done.html", cwd=with_failed)
    page = (with_failed / "done.html").read_text("utf-8")
    assert "html.json" not in page and "✓ 0 records rejected" in page


def test_a_plan_names_failed_files(with_failed: Path) -> None:
    path = str(with_failed / "logs" / "html.json")
    assert f"failed    {path} looks like an HTML page" in sparkify("plan", *SOURCES, cwd=with_failed).stdout
    document = json.loads(sparkify("plan", *SOURCES, "--output", "json", cwd=with_failed).stdout)
    assert list(document["failed"]) == [path]


def test_a_run_over_one_source_says_that_files_of_the_other_have_failed(with_failed: Path) -> None:
    done = sparkify("etl", "--songs", "songs", cwd=with_failed)
    assert done.returncode == 0
    assert f"1 file has failed: {with_failed}/logs/html.json looks like an HTML page" in done.stderr


def test_documents_have_failed_files_as_numbers(with_failed: Path) -> None:
    document = json.loads(sparkify(*COMMANDS["analyze"], "--output", "json", cwd=with_failed).stdout)
    (failed,) = document["open"]["failed_examples"]
    assert (document["open"]["failed"], document["open"]["rejects"]) == (1, 1)
    assert failed["file"] == str(with_failed / "logs" / "html.json") and "HTML" in failed["failure"]


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
