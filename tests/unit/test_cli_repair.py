"""The setting `repair_text` as its users meet it: flag, environment, file, summary, explain."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.support import event, write_lines
from tests.unit.command import assert_error, sparkify

MISENCODED = "Bj\u00c3\u0083\u00c2\u00b6rk"
ETL = ("etl", "--logs", "logs", "--warehouse", "duckdb:///w.duckdb")
REPAIRED = "repaired 1 name in 1 row: encoded to UTF-8 more than once (repair_text)"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a play whose artist is misencoded."""
    write_lines(tmp_path / "logs" / "a.json", [event(artist=MISENCODED), event(itemInSession=1, artist="Björk")])
    return tmp_path


def test_the_summary_counts_and_explain_tells(folder: Path) -> None:
    assert REPAIRED in sparkify(*ETL, cwd=folder).stderr
    explained = sparkify("explain", "1541121934796-1-1-0", "--warehouse", "duckdb:///w.duckdb", cwd=folder).stdout
    assert "; its artist was repaired to Björk" in explained
    assert "Bj\u00c3\\x83\u00c2\u00b6rk" in explained
    right = sparkify("explain", "1541121934796-1-1-1", "--warehouse", "duckdb:///w.duckdb", cwd=folder).stdout
    assert "repaired" not in right
    again = sparkify(*ETL, cwd=folder)
    assert "repaired" not in again.stderr


def test_flag_environment_and_file_turn_it_off(folder: Path) -> None:
    document = json.loads(sparkify(*ETL, "--output", "json", cwd=folder).stdout)
    assert (document["repaired_texts"], document["repaired_rows"]) == (1, 1)
    off = sparkify(*ETL, "--no-repair-text", cwd=folder)
    assert "the star was rebuilt: repair_text changed from true to false" in off.stderr
    assert "repaired" not in off.stderr
    explained = sparkify("explain", "1541121934796-1-1-0", "--warehouse", "duckdb:///w.duckdb", cwd=folder).stdout
    assert "repaired" not in explained
    assert "rebuilt" not in sparkify(*ETL, cwd=folder, env={"SPARKIFY_REPAIR_TEXT": "false"}).stderr
    (folder / "sparkify.toml").write_text("repair_text = false\n", "utf-8")
    assert "rebuilt" not in sparkify(*ETL, cwd=folder).stderr
    on = sparkify(*ETL, "--repair-text", cwd=folder)
    assert "repair_text changed from false to true" in on.stderr
    assert REPAIRED in on.stderr


def test_a_wrong_value_says_where_it_came_from(folder: Path) -> None:
    done = sparkify(*ETL, cwd=folder, env={"SPARKIFY_REPAIR_TEXT": "perhaps"})
    assert_error(done, 2, "repair_text", "SPARKIFY_REPAIR_TEXT", "perhaps")


def test_the_example_of_the_settings_can_be_read(folder: Path) -> None:
    assert sparkify("init", cwd=folder).returncode == 0
    path = folder / "sparkify.toml"
    assert "# repair_text = true\n" in path.read_text("utf-8")
    path.write_text(path.read_text("utf-8").replace("# repair_text", "repair_text"), "utf-8")
    assert sparkify(*ETL, cwd=folder).returncode == 0
