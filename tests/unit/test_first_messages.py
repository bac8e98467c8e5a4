"""What a newcomer reads first: swapped sources, missing credentials, and nothing asked for that is not needed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support import event, song, write_lines
from tests.unit.command import assert_error, sparkify

WAREHOUSE = ("--warehouse", "duckdb:///w.duckdb")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(3):
        write_lines(tmp_path / "data" / "log_data" / "2018" / f"{number}.json", [event(sessionId=number)])
        write_lines(tmp_path / "data" / "song_data" / "A" / f"{number}.json", [song(song_id=f"SO{number}")])
    return tmp_path


@pytest.mark.parametrize("command", ["etl", "plan"])
def test_swapped_sources_are_recognised(folder: Path, command: str) -> None:
    done = sparkify(command, "--logs", "data/song_data", "--songs", "data/log_data", *WAREHOUSE, cwd=folder)
    assert_error(done, 2, "did you swap --logs and --songs?", "--logs data/log_data --songs data/song_data")
    assert not (folder / "w.duckdb").exists()


@pytest.mark.parametrize(
    "sources",
    [("--logs", "data"), ("--songs", "data"), ("--logs", "data", "--songs", "data"),
     ("--logs", "data", "--songs", "data/song_data")],
)  # fmt: skip
def test_the_parent_folder_of_both_is_recognised(folder: Path, sources: tuple[str, ...]) -> None:
    done = sparkify("etl", *sources, *WAREHOUSE, cwd=folder)
    assert_error(done, 2, "both logs and songs" if "data/song_data" not in sources else "in both logs and songs",
        f"--logs {folder}/data/log_data --songs {folder}/data/song_data")  # fmt: skip
    assert not (folder / "w.duckdb").exists()


def test_doctor_recognises_both(folder: Path) -> None:
    for sources in (("--logs", "data/song_data", "--songs", "data/log_data"), ("--logs", "data")):
        done = sparkify("doctor", *sources, *WAREHOUSE, "--output", "json", cwd=folder)
        failed = [check for check in json.loads(done.stdout)["checks"] if check["state"] == "failed"]
        assert [check["check"] for check in failed] == ["sources"]
        assert "data/log_data" in failed[0]["fix"]


def test_what_is_right_or_unclear_is_left_to_the_run(folder: Path) -> None:
    write_lines(folder / "data" / "log_data" / "2017" / "odd.json", ['{"a": "song_id"}', event(song='"song_id": "x"')])
    write_lines(folder / "data" / "log_data" / "0.json", [""])
    done = sparkify("etl", "--logs", "data/log_data", "--songs", "data/song_data", *WAREHOUSE, cwd=folder)
    assert done.returncode in (0, 1)
    assert "loaded 4 events and 3 songs" in done.stderr


def checks(folder: Path, *arguments: str, env: dict[str, str]) -> dict[str, Any]:
    names = ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION")
    alone = dict.fromkeys(names, "")
    files = {"AWS_CONFIG_FILE": str(folder / "config"), "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials")}
    where = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_EC2_METADATA_DISABLED": "true"}
    done = sparkify("doctor", "--logs", "s3://bucket/logs", "--output", "json", *WAREHOUSE, *arguments, cwd=folder,
                    env={**alone, **files, **where, **env})  # fmt: skip
    return {check["check"]: check for check in json.loads(done.stdout)["checks"]}


def test_no_credentials_says_where_it_looked_and_asks_nobody(folder: Path) -> None:
    """The endpoint answers nothing: a request would have failed with another message."""
    found = checks(folder, env={})
    for check in ("credentials", "logs"):
        assert found[check]["state"] == "failed"
        assert found[check]["found"] == "no AWS credentials found"
        for place in ("AWS_ACCESS_KEY_ID", "profile default", str(folder / "config"), str(folder / "credentials"),
                      "anonymous = true"):  # fmt: skip
            assert place in found[check]["fix"]


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "s3cret"}, "from the environment: AWS_ACCESS_KEY_ID"),
        ({"SPARKIFY_ANONYMOUS": "true"}, "none are needed: anonymous = true"),
        ({"AWS_PROFILE": "mine"}, "the keys of profile mine"),
    ],
)
def test_doctor_asks_for_no_more_than_the_source_needs(folder: Path, env: dict[str, str], said: str) -> None:
    """No region, and no right to ask who is signed in: nobody is asked."""
    (folder / "credentials").write_text("[mine]\naws_access_key_id = AKIA\naws_secret_access_key = s3cret\n")
    found = checks(folder, env=env)
    assert (found["credentials"]["state"], found["credentials"]["found"]) == ("ok", said)
    assert "s3cret" not in str(found)


def test_a_load_of_which_every_record_was_rejected_is_a_failure(tmp_path: Path) -> None:
    write_lines(tmp_path / "logs" / "a.json", [event(sessionId=5.7)])
    done = sparkify("etl", "--logs", "logs", *WAREHOUSE, cwd=tmp_path)
    assert done.returncode == 1
    assert "rejected 1 of 1 record" in done.stderr
