"""Questions: their headers, their charts, how values are shown; and what analyze prints of them."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path

import pytest
from tests.support import event, load, rows, song, write_lines
from tests.unit.command import assert_error, sparkify

from sparkify.errors import UsageError
from sparkify.reports.questions import Chart, chart_of, find_question, questions, shown
from sparkify.sql import definitions

WHERE = ("--warehouse", "duckdb:///w.duckdb")
HOSTILE = "<script>alert(1)</script> \x1b[31m[bold]"


@pytest.fixture
def loaded(tmp_path: Path) -> Path:
    plays = [event(itemInSession=n, song=HOSTILE if n % 3 else "Setanta matins") for n in range(9)]
    write_lines(tmp_path / "logs" / "a.json", plays)
    write_lines(tmp_path / "songs" / "a.json", [song()])
    load(tmp_path)
    return tmp_path


def test_every_question_says_what_is_asked_and_why() -> None:
    assert len(questions()) >= 11
    for question in questions():
        assert question.title
        assert len(question.why) > 30
        assert set(definitions.header(f"questions/{question.name}")) == {"title", "why", "chart", "order"}


def test_questions_come_in_their_order() -> None:
    orders = [question.order for question in questions()]
    assert orders == sorted(orders)
    assert questions()[0].name == "overview"


@pytest.mark.parametrize(
    ("text", "chart"),
    [
        ("figures", Chart("figures")),
        ("line, x day, y plays, y users, color level", Chart("line", "day", ("plays", "users"), "level")),
        ("bar, x plays, y song, y artist", Chart("bar", "plays", ("song", "artist"))),
    ],
)
def test_a_chart_is_read(text: str, chart: Chart) -> None:
    assert chart_of(text) == chart


@pytest.mark.parametrize("text", ["pie, x a, y b", "line, z a", "line, x"])
def test_a_wrong_chart_is_told(text: str) -> None:
    with pytest.raises(ValueError, match=r"unknown kind|has a place"):
        chart_of(text)


def test_an_unknown_question_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="Did you mean top_songs"):
        find_question("top_song")


@pytest.mark.parametrize(
    ("column", "value", "text"),
    [
        ("plays", 1234567, "1,234,567"),
        ("plays_per_session", 1234.5, "1,234.50"),
        ("share", 0.5, "50.0%"),
        ("paid_share", 1 / 6820, "<0.1%"),
        ("paid_share", 0.0, "0.0%"),
        ("share", None, "–"),
        ("current", True, "yes"),
        ("day", date(2018, 11, 2), "2018-11-02"),
        ("at", datetime(2018, 11, 2, 1, 25, 34, 796000), "2018-11-02 01:25:34.796"),
        ("song", "\x1b[31m", "\\x1b[31m"),
    ],
)
def test_values_are_shown_as_people_read_them(column: str, value: object, text: str) -> None:
    assert shown(column, value) == text


def test_analyze_prints_counts_checks_and_answers(loaded: Path) -> None:
    done = sparkify("analyze", *WHERE, cwd=loaded)
    assert done.returncode == 0, done.stderr
    for question in questions():
        assert f"\n{question.title}\n{question.why}\n" in done.stdout
    assert "songplays_key_unique" in done.stdout
    assert "█" in done.stdout
    assert "\x1b" not in done.stdout
    assert "<script>alert(1)</script> \\x1b[31m[bold]" in done.stdout


def test_only_answers_what_is_asked(loaded: Path) -> None:
    done = sparkify("analyze", "--only", "top_songs", "--only", "top_artists", *WHERE, cwd=loaded)
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stdout.splitlines() if line.startswith("Top")] == ["Top songs", "Top artists"]
    assert "songplays_key_unique" not in done.stdout
    bars = {line.split()[0]: line.count("█") for line in done.stdout.splitlines() if "█" in line}
    assert bars["<script>alert(1)</script>"] == 2 * bars["Setanta"] == 24


def test_only_as_json(loaded: Path) -> None:
    done = sparkify("analyze", "--only", "top_songs", "--output", "json", *WHERE, cwd=loaded)
    (answer,) = json.loads(done.stdout)["answers"]
    assert answer["rows"] == [
        {"song": HOSTILE, "artist": "Elena", "plays": 6, "listeners": 1},
        {"song": "Setanta matins", "artist": "Elena", "plays": 3, "listeners": 1},
    ]
    found = rows(loaded / "w.duckdb", answer["sql"])
    assert [list(row) for row in found] == [list(row.values()) for row in answer["rows"]]


def test_list_needs_no_warehouse(tmp_path: Path) -> None:
    done = sparkify("analyze", "--list", "--output", "json", cwd=tmp_path)
    assert [entry["name"] for entry in json.loads(done.stdout)] == [question.name for question in questions()]
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_name_is_a_wrong_usage(loaded: Path) -> None:
    assert_error(sparkify("analyze", "--only", "top_song", *WHERE, cwd=loaded), 2, "Did you mean top_songs", "--list")


def test_bars_are_plain_where_the_terminal_is(loaded: Path) -> None:
    plain = {"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    done = sparkify("analyze", "--only", "top_songs", *WHERE, cwd=loaded, env=plain)
    assert done.returncode == 0, done.stderr
    assert "#" * 24 in done.stdout
    assert "\\u2588" not in done.stdout
