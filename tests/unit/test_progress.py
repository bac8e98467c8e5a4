"""What a terminal shows while a run works: every step, a bar that goes on, a clock that runs; and nothing elsewhere."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from tests.support import event, song, write_lines
from tests.terminal import at_the_end, on_terminal
from tests.unit.command import sparkify

from sparkify.cli.progress import RunProgress
from sparkify.etl.summary import Progress

ETL = ("etl", "--logs", "logs", "--songs", "songs", "--warehouse", "duckdb:///w.duckdb")
STEPS = ("fetch", "read", "load", "transform", "check", "commit")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_lines(tmp_path / "logs" / "a.json", [event(sessionId=number) for number in range(2000)])
    write_lines(tmp_path / "songs" / "a.json", [song()])
    return tmp_path


def test_a_terminal_shows_the_steps_and_is_left_clean(folder: Path) -> None:
    shown = on_terminal(*ETL, cwd=folder)
    assert shown.code == 0
    lines = re.findall(r"\x1b\[2K([^\r\n\x1b]*)", shown.text)
    steps = {line.split()[0] for line in lines if line.strip()}
    assert steps & {"plan", "read", "load", "transform", "check", "commit"}, shown.text
    assert all(re.search(r"in all \d+:\d\d", line) for line in lines if re.match(r"\w+ +\d+:", line))
    end = at_the_end(shown.text).strip()
    assert re.fullmatch(r"loaded 2,000 events and 1 song from 2 files in [\d.]+ s\n?\(?.*rows/s\)", end, re.DOTALL)


def test_a_terminal_shows_that_checks_are_at_work(folder: Path) -> None:
    assert sparkify(*ETL, cwd=folder).returncode == 0
    shown = on_terminal("analyze", "--warehouse", "duckdb:///w.duckdb", cwd=folder)
    assert re.match(r"\r\x1b\[2Kchecks and questions   0:00", shown.text)
    assert "checks and questions" not in at_the_end(shown.text)


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal(folder: Path, columns: int) -> None:
    lines = re.findall(r"\x1b\[2K([^\r\n\x1b]*)", on_terminal(*ETL, cwd=folder, columns=columns).text)
    assert max(map(len, lines)) < columns


def test_elsewhere_there_is_no_progress(folder: Path) -> None:
    done = sparkify(*ETL, cwd=folder)
    assert "\r" not in done.stderr and "\x1b" not in done.stderr
    assert re.match(r"loaded 2,000 events and 1 song from 2 files in [\d.]+ s \([\d,]+ rows/s\)\n", done.stderr)


@pytest.mark.parametrize("option", ["-q", "--quiet"])
def test_quiet_says_only_what_went_wrong(folder: Path, option: str) -> None:
    assert on_terminal(*ETL, option, cwd=folder).text == ""
    done = sparkify(*ETL, option, cwd=folder)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    write_lines(folder / "logs" / "b.json", ["{"])
    done = sparkify(*ETL, option, cwd=folder)
    assert done.returncode == 1
    assert done.stderr.startswith("failed: ")


def test_the_bar_goes_on_while_a_chunk_is_worked_on_and_never_back() -> None:
    progress = RunProgress()
    shares = []
    for chunk in range(3):
        begins, ends = chunk * 100, (chunk + 1) * 100
        for step, done in [("fetch", begins), ("read", begins), ("read", begins + 50), ("read", ends),
                           *((step, begins) for step in STEPS[2:])]:  # fmt: skip
            progress.report(Progress(step, done, 300))
            found = re.search(r"(\d+)%", progress.line(100))
            assert found
            shares.append(int(found[1]))
    assert shares == sorted(shares)
    in_first_chunk = shares[: len(STEPS) + 2]
    assert len(set(in_first_chunk)) >= 5, "it moves with every step, not only while files are read"
    assert shares[-1] >= 95


def test_the_clocks_run_without_a_report() -> None:
    progress = RunProgress()
    progress.report(Progress("transform", 0, 100))
    before = progress.line(100)
    time.sleep(1.1)
    assert progress.line(100) != before
    assert "transform 0:01" in progress.line(100)


def test_completion_can_be_shown(tmp_path: Path) -> None:
    """Which shell it is depends on the process that called: what is shown is for that one, or a refusal by its name."""
    done = sparkify("--show-completion", cwd=tmp_path, env={"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": ""})
    shown = (done.stdout + done.stderr).lower()
    assert "complete" in shown or ("not supported" in shown and done.returncode == 1)
    words = {"_SPARKIFY_COMPLETE": "complete_bash", "COMP_WORDS": "sparkify an", "COMP_CWORD": "1"}
    assert sparkify(cwd=tmp_path, env=words).stdout.split() == ["analyze"]


def test_most_is_another_name_of_limit(folder: Path) -> None:
    for _ in range(3):
        sparkify(*ETL, cwd=folder)
    where = ("--warehouse", "duckdb:///w.duckdb", "--output", "json")
    counts = [
        sparkify("runs", option, "2", *where, cwd=folder).stdout.count('"run_id"') for option in ("--limit", "--most")
    ]
    assert counts == [2, 2]
