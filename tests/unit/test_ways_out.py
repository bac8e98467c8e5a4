"""What is wrong with the input is on the screen of the run itself, with the way out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support import event, write_lines
from tests.unit.command import sparkify

LINE = json.dumps(event())


def _renamed(**names: str) -> dict[str, Any]:
    return {names.get(name, name): value for name, value in event().items()}


REJECTS: dict[str, tuple[Any, str]] = {
    "another letter case": (_renamed(sessionId="sessionid"), "name it sessionId, not sessionid"),
    "an underscore": (_renamed(sessionId="session_id"), "name it sessionId, not session_id"),
    "a hyphen": (_renamed(itemInSession="item-in-session"), "name it itemInSession, not item-in-session"),
    "NaN": (LINE.replace("269.58322", "NaN"), "write null"),
    "Infinity": (LINE.replace("269.58322", "-Infinity"), "write null"),
    "Python's None": (LINE.replace("269.58322", "None"), "write null"),
    "a comma at the end": (LINE[:-1] + ",}", "remove the comma"),
    "text before the record": ("2018-11-01 INFO " + LINE, "remove the text"),
    "a comment": ("// exported", "remove it"),
    "NUL bytes": ("\0\0\0", "remove the NUL bytes"),
    "NUL bytes in an object": (LINE[:1] + "\0" + LINE[1:], "remove the NUL bytes"),
    "a mark in an object": (LINE[:1] + "\ufeff" + LINE[1:], "remove the byte-order mark"),
    "single quotes": (str(event()), "write \" for '"),
    "spaces around a number": (event(ts=" 39 "), "write 39"),
    "no comma": (LINE.replace(', "page"', ' "page"'), "write a comma between the fields"),
    "a name without quotes": (LINE.replace('"page"', "page"), "write names in double quotes"),
}


@pytest.mark.parametrize("name", REJECTS)
def test_the_way_out_is_on_the_screen(tmp_path: Path, name: str) -> None:
    line, says = REJECTS[name]
    write_lines(tmp_path / "logs/a.json", [event(), line])
    done = sparkify("etl", "--logs", "logs", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"  {tmp_path}/logs/a.json, line 2: " in done.stderr
    assert says in done.stderr
    listed = json.loads(sparkify("rejects", "list", "--output", "json", cwd=tmp_path).stdout)
    assert says in {row["suggestion"] for row in listed}
    assert not any("expecting value at character 0" in row["reason"] for row in listed)


def test_few_examples_are_shown_and_no_two_alike(tmp_path: Path) -> None:
    for number in range(6):
        write_lines(
            tmp_path / f"logs/{number}.json", [event(itemInSession=number), event(ts=5.5 if number < 5 else 6.5)]
        )
    done = sparkify("etl", "--logs", "logs", "--output", "json", cwd=tmp_path)
    examples = json.loads(done.stdout)["rejected_examples"]
    assert [example.rpartition("/")[2] for example in examples] == [
        "0.json, line 2: ts is 5.5, which has a fraction",
        "5.json, line 2: ts is 6.5, which has a fraction",
    ]


def test_one_file_gives_an_example_of_each_kind(tmp_path: Path) -> None:
    write_lines(
        tmp_path / "logs/a.json",
        [event(), event(ts=5.5), event(ts=6.5), "noise", event(level=""), event(song=[])],
    )
    done = sparkify("etl", "--logs", "logs", "--output", "json", cwd=tmp_path)
    examples = json.loads(done.stdout)["rejected_examples"]
    assert [example.rpartition("/")[2] for example in examples] == [
        "a.json, line 2: ts is 5.5, which has a fraction",
        "a.json, line 4: is not JSON: it is text between records (remove the text)",
        "a.json, line 5: level is required, and is absent or empty",
    ]


def test_names_that_differ_little_from_a_field_are_a_warning(tmp_path: Path) -> None:
    home = {**_renamed(userId="userid", firstName="first_name"), "page": "Home", "aaa": 1, "Duration": 2}
    many = {f"a{number:02}": number for number in range(30)}
    write_lines(tmp_path / "logs/a.json", [home, {**home, **many}])
    done = sparkify("etl", "--logs", "logs", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (warning,) = (line for line in done.stderr.splitlines() if line.startswith("warning: fields of events"))
    assert "Duration (name it duration), first_name (name it firstName), userid (name it userId)" in warning
    (others,) = (line for line in done.stderr.splitlines() if line.startswith("fields of events"))
    assert "userid" not in others and "a00" in others


def test_a_document_is_ascii_where_standard_output_is_not_utf_8(tmp_path: Path) -> None:
    write_lines(tmp_path / "logs/ö.json", [event(song="ü€😀")])
    assert sparkify("etl", "--logs", "logs", cwd=tmp_path).returncode == 0
    query = ("query", "SELECT song FROM staging_events", "--output", "json")
    plain = {"PYTHONUTF8": "0", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}
    for encoding in ("latin-1", "ascii", "cp1252"):
        done = sparkify(*query, cwd=tmp_path, env={**plain, "PYTHONIOENCODING": encoding})
        assert done.stdout.isascii(), done.stderr
        assert json.loads(done.stdout) == [{"song": "ü€😀"}]
        lines = sparkify(*query[:-1], "jsonl", cwd=tmp_path, env={**plain, "PYTHONIOENCODING": encoding}).stdout
        assert lines.isascii() and json.loads(lines) == {"song": "ü€😀"}
    assert "ü€😀" in sparkify(*query, cwd=tmp_path).stdout
