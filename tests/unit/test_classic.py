"""`dwh.cfg` as it is: quoted or not, with keys that are used and never shown."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from tests.support import event, rows, song, write_lines
from tests.unit.command import assert_error, sparkify

from sparkify.config.classic import read_classic
from sparkify.config.jsonpaths import check_jsonpaths
from sparkify.config.settings import load
from sparkify.errors import UsageError

SECRET = "PlantedSecretAccessKey012345678901234567"
PASSWORD = "PlantedPassw0rd"

TEXT = f"""
[AWS]
KEY=AKIAPLANTEDKEYID
SECRET={SECRET}

[DWH]
DWH_CLUSTER_TYPE=multi-node
DWH_NUM_NODES=4
DWH_NODE_TYPE=dc2.large

DWH_IAM_ROLE_NAME=dwhRole
DWH_CLUSTER_IDENTIFIER=dwhCluster
DWH_DB=dwh
DWH_DB_USER=dwhuser
DWH_DB_PASSWORD={PASSWORD}
DWH_PORT=5439

[CLUSTER]
HOST='dwhcluster.abc.us-west-2.redshift.amazonaws.com'
DB_NAME='dwh'
DB_USER='dwhuser'
DB_PASSWORD='{PASSWORD}%$'
DB_PORT=5439

[IAM_ROLE]
ARN='arn:aws:iam::123456789012:role/dwhRole'

[S3]
LOG_DATA='s3://udacity-dend/log_data'
LOG_JSONPATH='s3://udacity-dend/log_json_path.json'
SONG_DATA='s3://udacity-dend/song_data'
"""

FIELDS = [
    "artist", "auth", "firstName", "gender", "itemInSession", "lastName", "length", "level", "location", "method",
    "page", "registration", "sessionId", "song", "status", "ts", "userAgent", "userId",
]  # fmt: skip


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in list(os.environ):
        if name.startswith(("SPARKIFY_", "AWS_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "dwh.cfg"
    path.write_text(TEXT)
    return path


def test_the_file_is_read_as_it_is(file: Path) -> None:
    loaded = load({}, str(file))
    settings = loaded.settings
    assert settings.warehouse == "redshift://dwhuser@dwhcluster.abc.us-west-2.redshift.amazonaws.com:5439/dwh"
    assert settings.logs == "s3://udacity-dend/log_data"
    assert settings.songs == "s3://udacity-dend/song_data"
    assert settings.log_jsonpath == "s3://udacity-dend/log_json_path.json"
    assert settings.copy_role == "arn:aws:iam::123456789012:role/dwhRole"
    assert loaded.origins["logs"] == str(file)
    assert settings.access(read_only=True).password == f"{PASSWORD}%$"


def test_quotes_make_no_difference(file: Path) -> None:
    bare = load({}, str(file)).settings.public()
    file.write_text(TEXT.replace("'", '"'))
    assert load({}, str(file)).settings.public() == bare
    file.write_text(TEXT.replace("'", ""))
    assert load({}, str(file)).settings.public() == bare


def test_a_flag_and_the_environment_beat_it(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARKIFY_SONGS", "data/songs")
    settings = load({"logs": "data/logs"}, str(file)).settings
    assert (settings.logs, settings.songs) == ("data/logs", "data/songs")


def test_the_files_password_is_for_the_files_warehouse_alone(file: Path) -> None:
    settings = load({"warehouse": "postgresql://ada@elsewhere/db"}, str(file)).settings
    assert settings.access(read_only=True).password == ""


def test_without_a_host_the_warehouse_is_the_stack(file: Path) -> None:
    file.write_text(TEXT.replace("'dwhcluster.abc.us-west-2.redshift.amazonaws.com'", "''"))
    assert load({}, str(file)).settings.warehouse == "redshift://?stack=dwhcluster"


def test_its_secrets_are_in_no_text(file: Path) -> None:
    loaded = load({}, str(file))
    said = repr(loaded) + str(loaded) + str(loaded.settings.public()) + repr(loaded.settings.access(read_only=True))
    assert SECRET not in said
    assert PASSWORD not in said


def test_its_keys_are_used_with_a_warning_that_names_the_credential_chain(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", dict(os.environ))
    classic = load({}, str(file)).classic
    assert classic
    warning = classic.sign_in()
    assert os.environ["AWS_ACCESS_KEY_ID"] == "AKIAPLANTEDKEYID"
    assert os.environ["AWS_SECRET_ACCESS_KEY"] == SECRET
    assert "the AWS keys in" in warning
    assert "AWS's credential chain: AWS_PROFILE, the environment, `aws configure` or `aws sso login`" in warning
    assert SECRET not in warning


@pytest.mark.parametrize("name", ["AWS_PROFILE", "AWS_ACCESS_KEY_ID"])
def test_the_environment_beats_its_keys(file: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(os, "environ", {**os.environ, name: "mine"})
    classic = load({}, str(file)).classic
    assert classic
    assert f"are not used, for {name} is set" in classic.sign_in()
    assert "AWS_SECRET_ACCESS_KEY" not in os.environ


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("[S3]", "[S33]", ["unknown section [S33]", "Did you mean S3?"]),
        ("LOG_DATA=", "LOG_DATUM=", ["unknown key LOG_DATUM of [S3]", "Did you mean LOG_DATA?"]),
        (f"SECRET={SECRET}\n", "", ["one of KEY and SECRET"]),
        ("LOG_DATA=", "LOG_DAT=", ["unknown key LOG_DAT of [S3]", "Did you mean LOG_DATA?"]),
        ("[CLUSTER]", "[CLUSTERS]", ["unknown section [CLUSTERS]", "Did you mean CLUSTER?"]),
        ("[IAM_ROLE]", "[Cluster]\nDB_PORT=1\n[IAM_ROLE]", ["says DB_PORT of [CLUSTER] twice"]),
        ("[IAM_ROLE]", f"{SECRET}\n[IAM_ROLE]", ["it is no INI file"]),
        ("KEY=", f"SECRET={SECRET}\nKEY=", ["says something twice"]),
        ("[AWS]", f"{SECRET}", ["it is no INI file"]),
        ("HOST='", "HOST='user:pw@", ["HOST in", "no name of a host"]),
    ],
)
def test_what_is_wrong_in_it_is_said_without_its_values(file: Path, old: str, new: str, parts: list[str]) -> None:
    file.write_text(TEXT.replace(old, new, 1))
    with pytest.raises(UsageError) as found:
        read_classic(file)
    for part in parts:
        assert part in str(found.value)
    assert SECRET not in str(found.value)
    done = sparkify("status", "--config", "dwh.cfg", "--verbose", cwd=file.parent)
    assert done.returncode == 2
    assert SECRET not in done.stdout + done.stderr


OTHER_HANDS = f"""
[DEFAULT]
OWNER=me

[aws]
key=AKIAPLANTEDKEYID
secret={SECRET}
region=us-west-2

[cluster]
host=other.abc.us-west-2.redshift.amazonaws.com
db_name=dwh
db_user=dwhuser
db_password={PASSWORD}
db_port=5439

[DWH]
DWH_IAM_ROLE_NAME=dwhRole
DWH_ENDPOINT=other.abc.us-west-2.redshift.amazonaws.com
{SECRET}=1

[IAM]
ROLE_PASSWORD={PASSWORD}

[IAM_ROLE]
ARN=arn:aws:iam::123456789012:role/dwhRole

[S3]
LOG_DATA='s3://udacity-dend/log_data'
LOG_JSONPATH='s3://udacity-dend/log_json_path.json'
SONG_JSONPATH='s3://udacity-dend/song_json_path.json'
SONG_DATA='s3://udacity-dend/song_data'
"""
PASSED_OVER = [
    "unknown section [DEFAULT] in dwh.cfg is passed over; known: AWS, DWH, CLUSTER, IAM_ROLE, S3",
    "unknown section [IAM] in dwh.cfg is passed over; the nearest known is IAM_ROLE",
    "unknown key DWH_ENDPOINT of [DWH] in dwh.cfg is passed over; the nearest known is DWH_PORT",
    "unknown key … of [DWH] in dwh.cfg is passed over; known: DWH_CLUSTER_TYPE, DWH_NUM_NODES, DWH_NODE_TYPE, "
    "DWH_IAM_ROLE_NAME, DWH_CLUSTER_IDENTIFIER, DWH_DB, DWH_DB_USER, DWH_DB_PASSWORD, DWH_PORT",
    "unknown key SONG_JSONPATH of [S3] in dwh.cfg is passed over; the nearest known is LOG_JSONPATH",
]
"""What is said of it, in order; the name that is a secret is not shown."""


def test_a_file_by_other_hands_is_read_with_warnings(file: Path) -> None:
    file.write_text(OTHER_HANDS)
    loaded = load({}, "dwh.cfg")
    assert loaded.settings.warehouse == "redshift://dwhuser@other.abc.us-west-2.redshift.amazonaws.com:5439/dwh"
    assert loaded.settings.logs == "s3://udacity-dend/log_data"
    assert loaded.settings.copy_role == "arn:aws:iam::123456789012:role/dwhRole"
    assert loaded.classic is not None
    assert list(loaded.classic.unknown) == PASSED_OVER


def test_what_is_passed_over_is_said_by_every_command(file: Path) -> None:
    file.write_text(OTHER_HANDS)
    write_lines(file.parent / "logs" / "a.json", [event()])
    write_lines(file.parent / "songs" / "a.json", [song()])
    places = ("--config", "dwh.cfg", "--warehouse", "duckdb:///w.duckdb", "--logs", "logs", "--songs", "songs")
    (file.parent / "paths.json").write_text(json.dumps({"jsonpaths": [f"$['{name}']" for name in FIELDS]}))
    env = {"SPARKIFY_LOG_JSONPATH": "paths.json"}
    done = sparkify("etl", *places, cwd=file.parent, env=env)
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stderr.splitlines() if "passed over" in line] == [
        f"warning: {text}" for text in PASSED_OVER
    ]
    checked = sparkify("doctor", *places, cwd=file.parent, env=env)
    assert checked.returncode == 0, checked.stdout
    for text in PASSED_OVER:
        assert text in checked.stdout
    for secret in (SECRET, SECRET.upper(), PASSWORD):
        assert secret not in done.stdout + done.stderr + checked.stdout + checked.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[S3]\nLOG_JSON_PATH=x\n", "Did you mean LOG_JSONPATH?"),
        ("[S3]\nSONGS_DATA=x\n", "Did you mean SONG_DATA?"),
        ("[DWH]\nDWH_IAM_ROLE=x\n", "Did you mean DWH_IAM_ROLE_NAME?"),
    ],
)
def test_what_may_be_a_slip_of_the_pen_is_an_error_where_the_right_name_is_missing(
    file: Path, text: str, said: str
) -> None:
    file.write_text(text)
    with pytest.raises(UsageError, match=re.escape(said)):
        read_classic(file)


@pytest.mark.parametrize("name", ["SONG_JSONPATH", "SONG_JSON_PATH"])
def test_a_jsonpath_of_songs_alone_warns_and_loads(file: Path, name: str) -> None:
    write_lines(file.parent / "logs" / "a.json", [event()])
    write_lines(file.parent / "songs" / "a.json", [song()])
    file.write_text(f"[S3]\nLOG_DATA='logs'\n{name}='s3://x/songs_json_path.json'\nSONG_DATA='songs'\n")
    done = sparkify("etl", "--config", "dwh.cfg", "--warehouse", "duckdb:///w.duckdb", cwd=file.parent)
    assert done.returncode == 0, done.stderr
    assert f"warning: unknown key {name} of [S3] in dwh.cfg is passed over" in done.stderr
    assert "loaded 1 event and 1 song" in done.stderr


def test_a_byte_order_mark_before_jsonpaths_is_skipped(file: Path) -> None:
    write_lines(file.parent / "logs" / "a.json", [event()])
    paths = file.parent / "paths.json"
    paths.write_bytes(b"\xef\xbb\xbf" + json.dumps({"jsonpaths": [f"$['{name}']" for name in FIELDS]}).encode())
    env = {"SPARKIFY_LOG_JSONPATH": "paths.json"}
    done = sparkify("etl", "--logs", "logs", "--warehouse", "duckdb:///w.duckdb", cwd=file.parent, env=env)
    assert done.returncode == 0, done.stderr


def test_an_etl_on_duckdb_with_a_classic_file_shows_and_stores_no_secret(file: Path) -> None:
    folder = file.parent
    write_lines(folder / "logs" / "a.json", [event()])
    write_lines(folder / "songs" / "a.json", [song()])
    (folder / "paths.json").write_text(json.dumps({"jsonpaths": [f"$['{name}']" for name in FIELDS]}))
    text = TEXT.replace("s3://udacity-dend/log_data", "logs").replace("s3://udacity-dend/song_data", "songs")
    file.write_text(text.replace("s3://udacity-dend/log_json_path.json", "paths.json"))
    arguments = ("--config", "dwh.cfg", "--warehouse", "duckdb:///w.duckdb", "--verbose")
    done = sparkify("etl", *arguments, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "credential chain" in done.stderr
    assert rows(folder / "w.duckdb", "SELECT COUNT(*) FROM songplays") == [(1,)]
    checked = sparkify("doctor", *arguments, cwd=folder)
    assert checked.returncode == 0, checked.stdout
    stored = (folder / "w.duckdb").read_bytes()
    for secret in (SECRET, PASSWORD):
        assert secret not in done.stdout + done.stderr + checked.stdout + checked.stderr
        assert secret.encode() not in stored


def test_the_jsonpaths_of_the_classic_warehouse_are_those_of_the_contract(tmp_path: Path) -> None:
    path = tmp_path / "log_json_path.json"
    path.write_text(json.dumps({"jsonpaths": [f"$['{name}']" for name in FIELDS]}))
    assert check_jsonpaths(str(path)) == FIELDS
    path.write_text(json.dumps({"jsonpaths": [f"$.{name}" for name in FIELDS]}))
    assert check_jsonpaths(str(path)) == FIELDS


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (json.dumps({"jsonpaths": [f"$['{name}']" for name in FIELDS[1:]]}), "leaves out artist"),
        (json.dumps({"jsonpaths": ["$['user_id']"]}), "names a field that events do not have: user_id"),
        (json.dumps({"jsonpaths": ["$['firstname']"]}), "Name it firstName"),
        (json.dumps({"jsonpaths": ["$['user_id']"]}), "Name it userId"),
        (json.dumps({"jsonpaths": [["$['artist']"]]}), "malformed"),
        (json.dumps({"jsonpaths": ["$['artist']", "$['artist']"]}), "malformed"),
        (json.dumps({"jsonpaths": ["artist"]}), "malformed"),
        (json.dumps({"jsonpaths": "abc"}), "malformed"),
        (json.dumps({"paths": []}), "malformed"),
        (json.dumps([1]), "malformed"),
        ("{", "malformed"),
        ("\xff", "malformed"),
    ],
)
def test_other_jsonpaths_are_refused(tmp_path: Path, content: str, part: str) -> None:
    path = tmp_path / "log_json_path.json"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(UsageError, match=part):
        check_jsonpaths(str(path))


def test_etl_refuses_wrong_jsonpaths_before_it_makes_a_warehouse(file: Path) -> None:
    folder = file.parent
    write_lines(folder / "logs" / "a.json", [event()])
    (folder / "paths.json").write_text('{"jsonpaths": ["$.nothing"]}')
    (folder / "sparkify.toml").write_text('logs = "logs"\nlog_jsonpath = "paths.json"\n')
    assert_error(sparkify("etl", cwd=folder), 2, "log_jsonpath names a field", "nothing")
    (folder / "sparkify.toml").write_text('logs = "logs"\nlog_jsonpath = "none.json"\n')
    assert_error(sparkify("etl", cwd=folder), 1, "cannot read log_jsonpath none.json")
    assert not list(folder.glob("*.duckdb"))
