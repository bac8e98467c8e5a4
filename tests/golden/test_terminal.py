"""What commands show on a terminal of 60, 80, 120 and 200 columns, as files: read them as pictures of the screen.

`make golden` writes the files again.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support import event, load, song, write_lines
from tests.terminal import at_the_end, on_terminal

from sparkify.cli.terminal import width

HERE = Path(__file__).parent / "terminal"
WRITE = os.environ.get("SPARKIFY_WRITE_GOLDEN") == "1"
WIDTHS = (60, 80, 120, 200)
HOUR = 3_600_000
NAME = "12345678"
"""What stands in the files for the first letters of the folder's name, which are as many, and never cut."""

AGENT = (
    '"Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/36.0.1985.143 Safari/537.36"'
)
TITLES = (
    "Setanta matins",
    "夜に駆ける (Racing into the Night)",
    "Ne Me Quitte Pas, Live at the Olympia, Paris, 1964 [Remastered]",
)
WAREHOUSE = ("--warehouse", "duckdb:///w.duckdb")
SOURCES = ("--logs", "logs", "--songs", "songs")
COMMANDS: dict[str, tuple[str, ...]] = {
    "query of all columns": ("query", "SELECT * FROM songplays ORDER BY start_time LIMIT 2", *WAREHOUSE),
    "query of some": (
        "query",
        "SELECT start_time, title, location, user_agent FROM songplays JOIN songs USING (song_id) ORDER BY 1 LIMIT 4",
        *WAREHOUSE,
    ),
    "query of many rows": ("query", "SELECT range AS number, range * 1.5 AS half_more FROM range(1000)", *WAREHOUSE),
    "status": ("status", *WAREHOUSE),
    "rejects list": ("rejects", "list", *WAREHOUSE),
    "rejects show": ("rejects", "show", "2-1", *WAREHOUSE),
    "explain": ("explain", "1541121934796-1-1-0", *WAREHOUSE),
    "top songs": ("analyze", "--only", "top_songs", *WAREHOUSE),
    "plays by hour": ("analyze", "--only", "plays_by_hour", *WAREHOUSE),
    "retention": ("analyze", "--only", "retention", *WAREHOUSE),
    "overview": ("analyze", "--only", "overview", *WAREHOUSE),
    "plan": ("plan", *SOURCES, *WAREHOUSE),
    "compare": ("compare", "duckdb:///w.duckdb", "duckdb:///w.duckdb"),
    "doctor": ("doctor", "--logs", "logs", "--songs", "nowhere", *WAREHOUSE),
    "an error": ("query", "SELECT 1; SELECT 2", *WAREHOUSE),
}


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A warehouse of plays with long values, a reject, and files that are new."""
    path = Path(tempfile.mkdtemp(prefix="", suffix="-sparkify-terminal", dir="/tmp"))
    plays = [
        event(
            ts=1541121934796 + number * 7 * HOUR,
            sessionId=number // 3,
            itemInSession=number,
            userId=str(number % 5),
            song=TITLES[number % 3],
            artist="Elena" if number % 3 == 0 else "An Artist with a Rather Long Name & Friends",
            location="San Francisco-Oakland-Hayward, CA",
            userAgent=AGENT,
        )
        for number in range(60)
    ]
    first = event(userAgent=AGENT)
    write_lines(path / "logs" / "2018" / "11" / "a.json", [first, *plays, '{"ts": 1, "page": "Home"}'])
    write_lines(path / "songs" / "a.json", [song()])
    load(path)
    for day in range(40):
        write_lines(path / "logs" / "2018" / f"{day // 10 + 1:02}" / f"new-{day}.json", [event(sessionId=1000 + day)])
    yield path
    shutil.rmtree(path)


def _settled(text: str, folder: Path) -> str:
    """The text without what differs from run to run; nothing becomes longer or shorter."""
    name = folder.name.removesuffix("-sparkify-terminal")
    assert len(name) == len(NAME)
    text = at_the_end(text).replace(name, NAME)
    text = re.sub(r"   [0-9a-f]{12}\b", "   0123456789ab", text)  # hashes, in which staging has the URIs of its files
    return re.sub(r"20[23]\d-\d\d-\d\d \d\d:\d\d:\d\d", "2026-01-02 03:04:05", text)


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("name", COMMANDS)
def test_what_a_terminal_shows(folder: Path, name: str, columns: int) -> None:
    shown = on_terminal(*COMMANDS[name], cwd=folder, columns=columns)
    text = f"{_settled(shown.text, folder)}exit code {shown.code}\n"
    path = HERE / str(columns) / f"{name.replace(' ', '_')}.txt"
    if WRITE:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")
    assert [line for line in text.splitlines() if _is_too_wide(line, columns)] == []


def _is_too_wide(line: str, columns: int) -> bool:
    """Whether a line is wider than the terminal, unless that is for a single word such as a path."""
    return width(line) > columns and max(map(width, line.split())) < columns - 20


def test_every_file_is_of_a_command() -> None:
    names = {f"{name.replace(' ', '_')}.txt" for name in COMMANDS}
    assert {path.name for path in HERE.rglob("*.txt")} == names


def test_columns_of_the_environment_beat_the_terminal(folder: Path) -> None:
    narrow = on_terminal(*COMMANDS["query of some"], cwd=folder, columns=200, env={"COLUMNS": "60"})
    assert max(map(width, narrow.text.splitlines())) <= 60


def test_colours_are_for_a_terminal_whose_user_wants_them(folder: Path) -> None:
    doctor = COMMANDS["doctor"]
    coloured = on_terminal(*doctor, cwd=folder, env={"NO_COLOR": ""}).text
    assert "\x1b[32m✓\x1b[0m" in coloured
    assert "\x1b[31m✗\x1b[0m" in coloured
    assert "\x1b[31mto be fixed:\x1b[0m" in coloured
    assert "\x1b[31merror:\x1b[0m" in on_terminal(*COMMANDS["an error"], cwd=folder, env={"NO_COLOR": ""}).text
    for env in ({"NO_COLOR": "1"}, {"NO_COLOR": "", "TERM": "dumb"}):
        assert "\x1b[3" not in on_terminal(*doctor, cwd=folder, env=env).text
