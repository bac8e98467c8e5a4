"""Profiles, variables and places in sparkify.toml; variables that are no settings; what init asks and writes."""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path

import pytest
from tests.support import event, rows, song, write_lines
from tests.terminal import on_terminal
from tests.unit.command import assert_error, sparkify

from sparkify.config.settings import FIELDS, load
from sparkify.errors import UsageError

TOML = """
logs = "data/logs"
warehouse = "duckdb:///base.duckdb"
[kafka]
"security.protocol" = "SSL"
[dev]
warehouse = "duckdb:///dev.duckdb"
[prod]
warehouse = "postgresql://loader@db/w"
chunk_files = 7
kafka = { "sasl.username" = "loader" }
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("SPARKIFY_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sparkify.toml").write_text(TOML)
    return tmp_path


def test_a_profile_beats_the_rest_of_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load({}).settings.warehouse == "duckdb:///base.duckdb"
    prod = load({}, profile="prod")
    assert (prod.settings.warehouse, prod.settings.chunk_files) == ("postgresql://loader@db/w", 7)
    assert prod.settings.logs == "data/logs"
    assert prod.origins["warehouse"] == "sparkify.toml [prod]"
    assert prod.origins["logs"] == "sparkify.toml"
    assert prod.settings.kafka_properties == {"security.protocol": "SSL", "sasl.username": "loader"}
    monkeypatch.setenv("SPARKIFY_WAREHOUSE", "duckdb:///env.duckdb")
    assert load({}, profile="prod").settings.warehouse == "duckdb:///env.duckdb"
    assert load({"warehouse": "duckdb:///flag.duckdb"}, profile="prod").settings.warehouse == "duckdb:///flag.duckdb"


def test_a_flag_beats_the_variable_beats_the_key(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "sparkify.toml").write_text(f'profile = "dev"\n{TOML}')
    assert load({}).settings.warehouse == "duckdb:///dev.duckdb"
    monkeypatch.setenv("SPARKIFY_PROFILE", "prod")
    assert load({}).settings.chunk_files == 7
    assert load({}, profile="dev").settings.warehouse == "duckdb:///dev.duckdb"


def test_a_profile_on_the_command_line(folder: Path) -> None:
    assert sparkify("create-tables", "--profile", "dev", cwd=folder).returncode == 0
    assert (folder / "dev.duckdb").is_file()
    done = sparkify("create-tables", "--profile", "pord", cwd=folder)
    assert_error(done, 2, "there is no profile pord in sparkify.toml", "Did you mean prod?", "dev")
    done = sparkify("status", cwd=folder, env={"SPARKIFY_PROFILE": "none"})
    assert_error(done, 2, "there is no profile none")


def test_a_profile_without_a_file(folder: Path) -> None:
    (folder / "sparkify.toml").unlink()
    with pytest.raises(UsageError, match=r"there is no profile prod: there is no sparkify\.toml"):
        load({}, profile="prod")


def test_an_unknown_key_of_a_profile_is_an_error_wherever_it_is(folder: Path) -> None:
    (folder / "sparkify.toml").write_text('[dev]\nwarehose = "x"\n')
    with pytest.raises(UsageError, match=r"unknown key warehose in \[dev\] of sparkify.toml") as found:
        load({})
    assert found.value.hint == "Did you mean warehouse?"


# --- variables and places ----------------------------------------------------------------------------------------


def test_variables_in_values(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "sparkify.toml").write_text(
        'logs = "${ROOT}/logs"\nsongs = "${NOT_SET:-songs}"\nexclude = ["${ROOT}-*", "$${literal}"]\n'
        'chunk_files = "${MANY}"\n[kafka]\n"sasl.password" = "${SECRET}"\n'
    )
    for name, value in {"ROOT": "data", "MANY": "3", "SECRET": "s3cret"}.items():
        monkeypatch.setenv(name, value)
    settings = load({}).settings
    assert (settings.logs, settings.songs, settings.chunk_files) == ("data/logs", "songs", 3)
    assert settings.exclude == ("data-*", "${literal}")
    assert settings.kafka_properties == {"sasl.password": "s3cret"}
    assert "s3cret" not in str(settings.public())


def test_a_variable_that_is_not_set(folder: Path) -> None:
    (folder / "sparkify.toml").write_text('warehouse = "postgresql://me:${PGPASS}@db/w"\n')
    done = sparkify("status", cwd=folder)
    assert_error(done, 2, "warehouse in sparkify.toml names the variable PGPASS, which is not set", "${PGPASS:-…}")
    (folder / "sparkify.toml").write_text('[prod]\nlogs = "${NOWHERE}"\n')
    assert load({}).settings.logs is None, "a profile that is not used needs no variables"


def test_paths_are_relative_to_the_file_that_names_them(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "conf").mkdir()
    (folder / "conf" / "my.toml").write_text(
        'warehouse = "duckdb:///w.duckdb"\nlogs = "logs"\nsongs = "s3://bucket/songs"\nspool = "/var/tmp"\n'
        '[kafka]\n"ssl.ca.location" = "ca.pem"\n'
    )
    settings = load({}, "conf/my.toml").settings
    assert (settings.warehouse, settings.logs) == ("duckdb:///conf/w.duckdb", "conf/logs")
    assert (settings.songs, settings.spool) == ("s3://bucket/songs", "/var/tmp")
    assert settings.kafka_properties == {"ssl.ca.location": "conf/ca.pem"}
    assert load({"logs": "logs"}, "conf/my.toml").settings.logs == "logs", "a flag is relative to the working directory"
    absolute = load({}, str(folder / "conf" / "my.toml")).settings
    assert absolute.warehouse == f"duckdb:///{folder}/conf/w.duckdb"


def test_the_home_of_the_user(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    (folder / "conf").mkdir()
    (folder / "conf" / "my.toml").write_text('warehouse = "duckdb:///~/w.duckdb"\nlogs = "~/logs"\n')
    settings = load({"songs": "~/songs"}, "conf/my.toml").settings
    assert settings.warehouse == "duckdb:////home/ada/w.duckdb"
    assert (settings.logs, settings.songs) == ("/home/ada/logs", "/home/ada/songs")


@pytest.mark.parametrize(
    ("variable", "said"),
    [
        ("SPARKIFY_WAREHOSE", "SPARKIFY_WAREHOSE is not known; did you mean SPARKIFY_WAREHOUSE?"),
        ("SPARKIFY_LOG", "SPARKIFY_LOG is not known; did you mean SPARKIFY_LOGS?"),
        ("SPARKIFY_QQQQQQQQQQQQQQQ", "is not known; sparkify has no such setting"),
    ],
)
def test_an_unknown_variable_is_named_with_the_nearest(folder: Path, variable: str, said: str) -> None:
    (folder / "sparkify.toml").unlink()
    done = sparkify("create-tables", cwd=folder, env={variable: "x"})
    assert (done.returncode, done.stderr.splitlines()[0].endswith(said)) == (0, True), done.stderr
    assert done.stderr.startswith("warning: ")
    doctor = sparkify("doctor", cwd=folder, env={variable: "x"})
    assert said in doctor.stdout


def test_known_variables_are_no_warning(folder: Path) -> None:
    env = {"SPARKIFY_KAFKA__SASL_PASSWORD": "x", "SPARKIFY_PROFILE": "dev", "SPARKIFY_LOGS": "logs"}
    assert "warning" not in sparkify("create-tables", cwd=folder, env=env).stderr


# --- init --------------------------------------------------------------------------------------------------------


def test_init_writes_what_it_is_given(tmp_path: Path) -> None:
    done = sparkify("init", "--logs", "log_data", "--warehouse", 'duckdb:///a "b".duckdb', cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "sparkify.toml").read_text("utf-8")
    assert tomllib.loads(text) == {"logs": "log_data", "warehouse": 'duckdb:///a "b".duckdb'}
    assert text.startswith("#:schema ./.sparkify.schema.json\n")
    assert set(FIELDS) <= set(json.loads((tmp_path / ".sparkify.schema.json").read_text())["properties"])
    assert "set songs in it" in done.stderr


def test_init_asks_on_a_terminal_and_the_file_works(tmp_path: Path) -> None:
    write_lines(tmp_path / "log_data" / "a.json", [event()])
    write_lines(tmp_path / "catalogue" / "a.json", [song()])
    shown = on_terminal("init", cwd=tmp_path, typed="\ncatalogue\nmysql://x\nw.duckdb\n")
    assert shown.code == 0, shown.text
    assert "[log_data]" in shown.text, "a folder that is likely is proposed"
    assert "unknown kind of warehouse" in shown.text, "and a wrong answer is asked for again"
    assert tomllib.loads((tmp_path / "sparkify.toml").read_text()) == {
        "logs": "log_data",
        "songs": "catalogue",
        "warehouse": "duckdb:///w.duckdb",
    }
    assert sparkify("etl", cwd=tmp_path).returncode == 0
    assert rows(tmp_path / "w.duckdb", "SELECT COUNT(*) FROM songplays") == [(1,)]


def test_init_asks_nothing_with_yes(tmp_path: Path) -> None:
    shown = on_terminal("init", "--yes", cwd=tmp_path)
    assert shown.code == 0, shown.text
    assert "Where" not in shown.text
