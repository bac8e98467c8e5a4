"""`sparkify doctor`: a tick for what is right, and for what is wrong how to fix it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.forked import LIKE_ANYONE
from tests.servers.postgres import default_server
from tests.support import event, meddle, song, write_lines
from tests.unit.command import Done, sparkify

SECRET = "PlantedPassw0rd"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_lines(tmp_path / "logs" / "a.json", [event()])
    write_lines(tmp_path / "songs" / "a.json", [song()])
    (tmp_path / "sparkify.toml").write_text('logs = "logs"\nsongs = "songs"\n')
    return tmp_path


def examined(folder: Path, *arguments: str, env: dict[str, str] | None = None) -> tuple[Done, dict[str, Any]]:
    done = sparkify("doctor", "--output", "json", *arguments, cwd=folder, env=env)
    document = json.loads(done.stdout)
    assert document["ok"] is (done.returncode == 0)
    assert done.returncode in (0, 1)
    return done, {finding["check"]: finding for finding in document["checks"]}


def test_a_sound_setup(folder: Path) -> None:
    _, before = examined(folder)
    assert before["warehouse"]["found"] == "duckdb:///sparkify.duckdb: none yet; sparkify etl makes it"
    assert not list(folder.glob("*.duckdb")), "doctor makes nothing"
    assert sparkify("etl", cwd=folder).returncode == 0
    kept = (folder / "sparkify.duckdb").stat().st_size
    done, found = examined(folder)
    assert done.returncode == 0
    assert {check: finding["state"] for check, finding in found.items()} == dict.fromkeys(
        ["configuration", "logs", "songs", "warehouse", "contract", "open", "writer", "writable"], "ok"
    )
    assert "1 files" in found["logs"]["found"]
    assert "logs from sparkify.toml" in found["configuration"]["found"]
    with duckdb.connect(str(folder / "sparkify.duckdb"), read_only=True) as connection:
        assert connection.execute("SELECT * FROM duckdb_tables() WHERE table_name LIKE '%doctor%'").fetchall() == []
    assert (folder / "sparkify.duckdb").stat().st_size == kept


def test_ticks_and_crosses_for_people(folder: Path) -> None:
    done = sparkify("doctor", "--songs", "nowhere", cwd=folder)
    assert done.returncode == 1
    assert "✓ logs" in done.stdout
    assert "✗ songs          no such folder: nowhere\n" in done.stdout
    assert "Check --logs and --songs." in done.stdout
    assert done.stderr == "to be fixed: songs\n"


def test_a_wrong_configuration(folder: Path) -> None:
    (folder / "sparkify.toml").write_text("warehose = 1\n")
    done, found = examined(folder)
    assert done.returncode == 1
    assert found["configuration"]["state"] == "failed"
    assert found["configuration"]["fix"] == "Did you mean warehouse?"
    assert found["warehouse"]["state"] == "skipped"


def test_no_sources(folder: Path) -> None:
    (folder / "sparkify.toml").unlink()
    _, found = examined(folder)
    assert found["logs"]["state"] == found["songs"]["state"] == "failed"
    _, found = examined(folder, "--logs", "logs")
    assert (found["logs"]["state"], found["songs"]["state"]) == ("ok", "skipped")


def test_a_folder_for_the_warehouse_that_is_not_there(folder: Path) -> None:
    _, found = examined(folder, "--warehouse", "duckdb:///nowhere/w.duckdb")
    assert found["warehouse"]["state"] == "failed"
    assert found["warehouse"]["found"] == "no such folder: nowhere"


def test_one_folder_as_both(folder: Path) -> None:
    _, found = examined(folder, "--songs", "logs")
    assert found["sources"]["state"] == "failed"
    assert "as both logs and songs" in found["sources"]["found"]


def test_a_file_that_cannot_be_read(folder: Path) -> None:
    (folder / "logs" / "a.json").unlink()
    (folder / "logs" / "a.json.gz").write_bytes(b"\x1f\x8bno gzip")
    _, found = examined(folder)
    assert found["logs"]["state"] == "failed"
    assert "is corrupt: it begins as gzip" in found["logs"]["found"]


def test_a_warehouse_that_is_none(folder: Path) -> None:
    (folder / "w.duckdb").write_text("not a database")
    done, found = examined(folder, "--warehouse", "duckdb:///w.duckdb")
    assert done.returncode == 1
    assert "not a DuckDB file" in found["warehouse"]["found"]
    assert found["warehouse"]["fix"]


def test_a_warehouse_that_is_in_use(folder: Path) -> None:
    sparkify("etl", cwd=folder)
    with duckdb.connect(str(folder / "sparkify.duckdb")):
        done, found = examined(folder)
    assert done.returncode == 1
    assert "is in use by process" in found["warehouse"]["found"]


def test_a_warehouse_that_may_not_be_written_to(folder: Path) -> None:
    sparkify("etl", cwd=folder)
    (folder / "sparkify.duckdb").chmod(0o444)
    _, found = examined(folder, env={LIKE_ANYONE: "1"})
    assert found["warehouse"]["state"] == "ok"
    assert found["writable"]["state"] == "failed"


def test_settings_that_differ_from_those_it_was_built_with(folder: Path) -> None:
    sparkify("etl", cwd=folder)
    meddle(folder / "sparkify.duckdb", "UPDATE etl_settings SET setting_value = '0' WHERE setting = 'contract_version'")
    _, found = examined(folder)
    assert "contract_version changed from 0 to" in found["contract"]["found"]
    assert "rebuilds the star" in found["contract"]["found"]


def test_a_warehouse_of_a_newer_version(folder: Path) -> None:
    assert sparkify("etl", cwd=folder).returncode == 0
    meddle(
        folder / "sparkify.duckdb", "UPDATE etl_settings SET setting_value = '99' WHERE setting = 'contract_version'"
    )
    _, found = examined(folder)
    assert found["contract"]["state"] == "failed"
    assert "a newer version of Sparkify wrote this warehouse: its contract_version is 99" in found["contract"]["found"]
    assert "pip install --upgrade" in found["contract"]["fix"]


def test_postgresql(folder: Path) -> None:
    server = default_server()
    url = f"{server}{'&' if '?' in server else '?'}schema=doctor_{os.getpid()}"
    _, before = examined(folder, "--warehouse", url)
    assert before["warehouse"]["state"] == "ok"
    assert "none yet" in before["warehouse"]["found"]
    assert sparkify("etl", "--warehouse", url, cwd=folder).returncode == 0
    done, found = examined(folder, "--warehouse", url)
    assert done.returncode == 0, found
    assert found["writable"]["state"] == found["contract"]["state"] == "ok"


def test_a_password_is_not_shown(folder: Path) -> None:
    url = f"postgresql://ada:{SECRET}@127.0.0.1:1/db"
    done, found = examined(folder, "--warehouse", url)
    assert found["warehouse"]["state"] == "failed"
    text = sparkify("doctor", "--warehouse", url, "--verbose", cwd=folder)
    assert SECRET not in done.stdout + done.stderr + text.stdout + text.stderr


def test_sources_in_s3_take_credentials(folder: Path) -> None:
    env = {
        "AWS_ACCESS_KEY_ID": "", "AWS_PROFILE": "none-such", "AWS_CONFIG_FILE": "none", "AWS_REGION": "us-west-2",
        "AWS_SHARED_CREDENTIALS_FILE": "none", "AWS_EC2_METADATA_DISABLED": "true",
    }  # fmt: skip
    _, found = examined(folder, "--logs", "s3://bucket/logs", env=env)
    assert found["credentials"]["state"] == "failed"
    assert "none-such" in found["credentials"]["found"]
    assert "AWS_PROFILE" in found["credentials"]["fix"]


def test_a_warehouse_without_open_questions_needs_no_probe(folder: Path) -> None:
    assert sparkify("etl", cwd=folder).returncode == 0
    done, found = examined(folder, "--probe")
    assert done.returncode == 0
    assert found["probe"]["state"] == "skipped"
    _, found = examined(folder, "--probe", "--warehouse", "duckdb:///none.duckdb")
    assert found["probe"]["found"].startswith("the warehouse must open first")
