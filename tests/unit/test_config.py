"""Settings: which one wins, where it came from, and what is said when it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support import event, rows, song, write_lines
from tests.unit.command import assert_error, sparkify

from sparkify.config.example import example
from sparkify.config.settings import DEFAULT_MAX_REJECTS, FIELDS, MaxRejects, load, parse_max_rejects
from sparkify.errors import UsageError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in FIELDS:
        monkeypatch.delenv(f"SPARKIFY_{name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_flag_beats_the_environment_beats_the_file_beats_the_default(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found(flag: str | None = None) -> tuple[str, str]:
        loaded = load({"unknown_songs": flag})
        return loaded.settings.unknown_songs, loaded.origins["unknown_songs"]

    assert found() == ("infer", "default")
    (folder / "sparkify.toml").write_text('unknown_songs = "null"\n')
    assert found() == ("null", "sparkify.toml")
    monkeypatch.setenv("SPARKIFY_UNKNOWN_SONGS", "drop")
    assert found() == ("drop", "SPARKIFY_UNKNOWN_SONGS")
    assert found("infer") == ("infer", "--unknown-songs")


def test_precedence_on_the_command_line(folder: Path) -> None:
    """Each place names another warehouse; the one that wins is made."""
    (folder / "sparkify.toml").write_text('warehouse = "duckdb:///file.duckdb"\n')
    (folder / "other.toml").write_text('warehouse = "duckdb:///other.duckdb"\n')
    env = {"SPARKIFY_WAREHOUSE": "duckdb:///env.duckdb"}

    def made(*arguments: str, env: dict[str, str] | None = None) -> list[str]:
        before = set(folder.glob("*.duckdb"))
        done = sparkify("create-tables", *arguments, cwd=folder, env=env)
        assert done.returncode == 0, done.stderr
        return [path.name for path in set(folder.glob("*.duckdb")) - before]

    assert made("--warehouse", "duckdb:///flag.duckdb", env=env) == ["flag.duckdb"]
    assert made(env=env) == ["env.duckdb"]
    assert made() == ["file.duckdb"]
    assert made("--config", "other.toml") == ["other.duckdb"]
    (folder / "sparkify.toml").unlink()
    assert made() == ["sparkify.duckdb"]


def test_etl_takes_everything_from_the_file_that_init_wrote(folder: Path) -> None:
    write_lines(folder / "data" / "log_data" / "a.json", [event()])
    write_lines(folder / "data" / "song_data" / "a.json", [song()])
    assert sparkify("init", cwd=folder).returncode == 0
    file = folder / "sparkify.toml"
    text = file.read_text("utf-8")
    assert text == example()
    for name in FIELDS:
        assert f"# {name} = " in text
    taken = [name for name in FIELDS if name != "log_jsonpath"]  # its sample names a file that is not there
    given = tuple(f"# {name} = " for name in taken)
    lines = [line.removeprefix("# ") if line.startswith(given) else line for line in text.splitlines()]
    file.write_text("\n".join(lines), "utf-8")
    done = sparkify("etl", "--verbose", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "logs = data/log_data  (sparkify.toml)" in done.stderr
    assert rows(folder / "sparkify.duckdb", "SELECT COUNT(*) FROM songplays") == [(1,)]


def test_init_does_not_write_over_a_file(folder: Path) -> None:
    (folder / "sparkify.toml").write_text("# mine\n")
    assert_error(sparkify("init", cwd=folder), 2, "sparkify.toml is there already", "--force")
    assert (folder / "sparkify.toml").read_text() == "# mine\n"
    assert sparkify("init", "--force", cwd=folder).returncode == 0
    assert (folder / "sparkify.toml").read_text("utf-8") == example()


@pytest.mark.parametrize(
    ("key", "nearest"),
    [("warehose", "warehouse"), ("log", "logs"), ("unknown_song", "unknown_songs"), ("max-rejects", "max_rejects")],
)
def test_an_unknown_key_names_the_nearest_one(folder: Path, key: str, nearest: str) -> None:
    (folder / "sparkify.toml").write_text(f'{key} = "x"\n')
    done = sparkify("create-tables", cwd=folder)
    assert_error(done, 2, f"unknown key {key} in sparkify.toml", f"Did you mean {nearest}?")
    assert list(folder.iterdir()) == [folder / "sparkify.toml"]


def test_an_unknown_key_like_no_other_lists_the_known_ones(folder: Path) -> None:
    (folder / "sparkify.toml").write_text("zzzz = 1\n")
    assert_error(sparkify("status", cwd=folder), 2, "zzzz", *FIELDS)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("chunk_files", "many"),
        ("chunk_files", "0"),
        ("chunk_bytes", "1.5 parsecs"),
        ("chunk_bytes", "0"),
        ("unknown_songs", "guess"),
        ("max_rejects", "some"),
        ("max_rejects", "101%"),
        ("max_rejects", "-1"),
        ("memory_limit", "a lot"),
    ],
)
def test_a_wrong_value_says_where_it_came_from(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    (folder / "my.toml").write_text(f'{name} = "{value}"\n')
    with pytest.raises(UsageError) as in_file:
        load({}, "my.toml")
    with pytest.raises(UsageError) as in_flags:
        load({name: value})
    monkeypatch.setenv(f"SPARKIFY_{name.upper()}", value)
    with pytest.raises(UsageError) as in_environment:
        load({})
    for found, origin in (
        (in_file, "my.toml"),
        (in_flags, f"--{name.replace('_', '-')}"),
        (in_environment, f"SPARKIFY_{name.upper()}"),
    ):
        assert f"wrong value for {name} (from {origin}): {value!r}" in found.value.what
        assert name in found.value.hint
        assert found.value.exit_code == 2


@pytest.mark.parametrize(
    "line", ["chunk_files = 1.5", "chunk_files = true", "logs = 5", "logs = ['a']", "warehouse = false", "spool = 1",
             "max_rejects = true", "max_rejects = [1]", "unknown_songs = 1", "memory_limit = 5", "chunk_bytes = {}"]
)  # fmt: skip
def test_a_value_of_the_wrong_type_in_the_file(folder: Path, line: str) -> None:
    (folder / "sparkify.toml").write_text(line + "\n")
    done = sparkify("create-tables", cwd=folder)
    assert_error(done, 2, f"wrong value for {line.split()[0]} (from sparkify.toml)")
    assert list(folder.iterdir()) == [folder / "sparkify.toml"]


def test_wrong_values_on_the_command_line(folder: Path) -> None:
    write_lines(folder / "logs" / "a.json", [event()])
    write_lines(folder / "songs" / "a.json", [song()])
    sources = ("--logs", "logs", "--songs", "songs")
    done = sparkify("etl", *sources, "--unknown-songs", "guess", cwd=folder)
    assert_error(done, 2, "--unknown-songs", "'guess'", "infer", "null", "drop")
    done = sparkify("etl", *sources, cwd=folder, env={"SPARKIFY_MAX_REJECTS": "some"})
    assert_error(done, 2, "SPARKIFY_MAX_REJECTS", "'some'", "1%")
    assert not list(folder.glob("*.duckdb*"))


def test_a_file_that_is_not_toml(folder: Path) -> None:
    (folder / "sparkify.toml").write_text("logs: data\n")
    assert_error(sparkify("status", cwd=folder), 2, "cannot read sparkify.toml", "line 1", "TOML")


def test_a_config_that_is_not_there(folder: Path) -> None:
    assert_error(sparkify("status", "--config", "my.toml", cwd=folder), 2, "no such file: my.toml", "sparkify init")


def test_a_password_is_neither_printed_nor_stored(folder: Path) -> None:
    for url in ("nothing://ada:s3cret@host/db", "postgres:ada:s3cret@host"):
        done = sparkify("etl", "--warehouse", url, "--logs", ".", "--verbose", cwd=folder)
        assert done.returncode != 0
        assert "s3cret" not in done.stdout + done.stderr
    assert "s3cret" not in str(load({"warehouse": "x://ada:s3cret@host/db"}).settings.public())


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("10", MaxRejects(10, 0)),
        ("0", MaxRejects(0, 0)),
        ("1%", MaxRejects(0, 0.01)),
        ("0.01", MaxRejects(0, 0.01)),
        ("100%", MaxRejects(0, 1)),
    ],
)
def test_max_rejects_is_a_number_or_a_share(text: str, limit: MaxRejects) -> None:
    assert parse_max_rejects(text) == limit


@pytest.mark.parametrize(
    ("limit", "rejected", "read", "allowed"),
    [
        (DEFAULT_MAX_REJECTS, 10, 10, True),
        (DEFAULT_MAX_REJECTS, 11, 1100, True),
        (DEFAULT_MAX_REJECTS, 11, 1099, False),
        (MaxRejects(0, 0), 0, 0, True),
        (MaxRejects(0, 0), 1, 1000, False),
        (MaxRejects(0, 0.01), 1, 100, True),
        (MaxRejects(0, 0.01), 1, 99, False),
    ],
)
def test_what_max_rejects_allows(limit: MaxRejects, rejected: int, read: int, allowed: bool) -> None:
    assert limit.allows(rejected, read) is allowed


def test_direct_from_is_a_size_or_none(folder: Path) -> None:
    assert load({"direct_from": "none"}).settings.direct_from is None
    assert load({"direct_from": "1KiB"}).settings.direct_from == 1024
    assert load({"direct_from": "none"}).settings.public()["direct_from"] == "none"
    for wrong in ("often", True):
        with pytest.raises(UsageError, match="must be a"):
            load({"direct_from": wrong})
