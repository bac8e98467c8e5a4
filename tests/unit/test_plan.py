"""`sparkify plan`: files by folder, statements that are alike once, and a pager for what does not fit."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.support import event, song, write_lines
from tests.terminal import on_terminal
from tests.unit.command import sparkify

from sparkify.cli.plan import MOST_FOLDERS, by_folder

PLAN = ("plan", "--logs", "logs", "--songs", "songs", "--warehouse", "duckdb:///w.duckdb")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plan")
    for number in range(30):
        write_lines(path / "logs" / "2018" / f"{number % 2 + 10}" / f"{number}.json", [event(sessionId=number)])
    for letter in "ABCDEFGHIJKLMNOPQRST":
        write_lines(path / "songs" / letter / letter / "a.json", [song(song_id=letter)])
        write_lines(path / "songs" / letter / letter / "b.json", [song(song_id=letter * 2)])
    return path


def test_files_are_told_by_folder(folder: Path) -> None:
    done = sparkify(*PLAN, cwd=folder)
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert f"new       {folder}/logs/2018/10/   15 files" in lines
    assert f"new       {folder}/songs/   40 files" in lines, "deep folders are taken together"
    assert len(lines) == 3
    assert "70 new, 0 changed, 0 unchanged" in done.stderr


def test_all_lists_every_file(folder: Path) -> None:
    done = sparkify(*PLAN, "--all", cwd=folder)
    assert len(done.stdout.splitlines()) == 70
    assert f"new       {folder}/songs/T/T/b.json" in done.stdout


@pytest.mark.parametrize(
    ("paths", "told"),
    [
        ([], []),
        (["a/b/c.json"], ["a/b/c.json"]),
        (["a/b/c.json", "a/d.json", "a/e.json"], ["a/   2 files", "a/b/c.json"]),
        ([f"s3://bucket/{n}/{m}.json" for n in range(3) for m in range(2)],
         [f"s3://bucket/{n}/   2 files" for n in range(3)]),
        ([f"r/{n}/{m}.json" for n in range(50) for m in range(2)], ["r/   100 files"]),
        (["c.json", "d.json"], ["./   2 files"]),
    ],
)  # fmt: skip
def test_how_paths_are_grouped(paths: list[str], told: list[str]) -> None:
    assert by_folder(paths) == told


def test_roots_that_are_many_are_counted() -> None:
    told = by_folder([f"s3://bucket-{n}/{m}.json" for n in range(50) for m in range(2)])
    assert len(told) == MOST_FOLDERS + 1
    assert told[-1] == f"… and {50 - MOST_FOLDERS} more folders: see them with --all"


def test_statements_that_are_alike_are_folded_on_a_terminal_alone(folder: Path) -> None:
    whole = sparkify(*PLAN, "--sql", cwd=folder).stdout
    env = {"PAGER": ""}
    folded = on_terminal(*PLAN, "--sql", cwd=folder, env=env, columns=500).text
    every = on_terminal(*PLAN, "--sql", "--all", cwd=folder, env=env, columns=500).text
    assert _without_now(every) == _without_now(whole)
    assert len(folded) < len(whole)
    assert "statements like it (all with --all):" in folded
    abouts = [line.lstrip("- ") for line in whole.splitlines() if line.startswith("-- ")]
    assert [about for about in abouts if about not in folded] == [], "each is named at least"


def _without_now(sql: str) -> list[str]:
    """Lines without the time at which they were written."""
    return re.sub(r"EPOCH_MS\(1\d{12}\)", "EPOCH_MS(0)", sql).splitlines()


def test_what_does_not_fit_goes_through_the_pager(folder: Path) -> None:
    env = {"PAGER": "sed s/^new/PAGED/"}
    assert "PAGED" in on_terminal(*PLAN, "--all", cwd=folder, env=env, lines=24).text
    assert "PAGED" not in on_terminal(*PLAN, "--all", cwd=folder, env=env, lines=200).text
    assert "PAGED" not in sparkify(*PLAN, "--all", cwd=folder, env=env).stdout
    assert "new  " in on_terminal(*PLAN, "--all", cwd=folder, env={"PAGER": "no-such-pager"}, lines=24).text
