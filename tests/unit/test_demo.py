"""The demo, as a newcomer meets it: it works, says what it found, and every command that it suggests works too."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support import rows
from tests.unit.command import Done, environment, sparkify


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder whose name, and the demo's, need quotes in a shell."""
    return tmp_path_factory.mktemp("a newcomer's")


@pytest.fixture(scope="module")
def done(folder: Path) -> Done:
    return sparkify("demo", "my demo", "--users", "60", cwd=folder)


def test_it_ends_with_what_was_found(done: Done, folder: Path) -> None:
    assert done.returncode == 0, done.stderr
    plays, listeners, songs = (
        rows(folder / "my demo" / "warehouse.duckdb", f"SELECT {counted}")[0][0]
        for counted in ("count(*) FROM songplays", "count(DISTINCT user_id) FROM songplays", "count(*) FROM songs")
    )
    assert f"Found: {plays:,} plays by {listeners} listeners, of {songs:,} songs by " in done.stderr
    assert plays > 1_000


def test_every_command_that_it_suggests_works(done: Done, folder: Path) -> None:
    text = done.stderr.split("Try next:\n")[1].replace("\\\n", "")
    commands = [part.strip() for part in text.split("  sparkify ")[1:]]
    assert len(commands) >= 3
    script = "from sparkify.cli import main; main()"
    for command in commands:
        ran = subprocess.run(
            f'"$PYTHON" -c "$SCRIPT" {command}',
            shell=True,
            cwd=folder,
            env=environment({"PYTHON": sys.executable, "SCRIPT": script}),
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, (command, ran.stderr)
    assert "nothing new to load" in ran.stderr


def test_once_more_in_the_same_folder(done: Done, folder: Path) -> None:
    again = sparkify("demo", "my demo", "--users", "60", cwd=folder)
    assert again.returncode == 0, again.stderr
    assert "nothing new to load" in again.stderr


def test_it_leaves_alone_what_is_not_its_own(tmp_path: Path) -> None:
    mine = tmp_path / "demo/data/log_data/2018/11/2018-11-02-events.json"
    mine.parent.mkdir(parents=True)
    mine.write_text(json.dumps({"mine": True}))
    refused = sparkify("demo", "--users", "60", cwd=tmp_path)
    assert refused.returncode == 1
    assert "was not written by an earlier run" in refused.stderr
    assert mine.read_text() == json.dumps({"mine": True})
