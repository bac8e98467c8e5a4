"""Passwords from everywhere that libpq takes them, SSL by its settings, and no password in what is shown or kept."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.postgres.command import run
from tests.servers.postgres import DebianServer
from tests.support import event, song, write_lines
from tests.unit.command import COMMAND, environment

import sparkify
from sparkify.errors import SparkifyError, UsageError, WarehouseError
from sparkify.text import without_password

PASSWORD = "s3cr3t p@ss/w:rd%'\"?#&="
PLANTED = "s3cr3t"


@pytest.fixture(scope="module")
def user(server: DebianServer) -> Iterator[str]:
    """A user who has the password, and a schema."""
    literal = PASSWORD.replace("'", "''")
    server.run(f"CREATE ROLE keeper LOGIN PASSWORD '{literal}'")
    server.run("CREATE SCHEMA kept AUTHORIZATION keeper")
    yield "keeper"
    server.run("DROP SCHEMA kept CASCADE; DROP ROLE keeper")


@pytest.fixture(autouse=True)
def no_password_of_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("PGPASSWORD", "PGSERVICE", "PGSSLMODE", "PGHOST", "PGPORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "none"))


def _who(url: str) -> str:
    with sparkify.connect(url, read_only=True) as warehouse:
        found: str = warehouse.query("SELECT session_user").rows[0][0]
        return found


def _private(path: Path, text: str) -> str:
    path.write_text(text)
    path.chmod(0o600)
    return str(path)


def test_in_the_url(server: DebianServer, user: str) -> None:
    assert _who(server.tcp_url(user, PASSWORD, schema="kept")) == user
    assert _who(server.tcp_url(user, password=PASSWORD, schema="kept")) == user
    bare = server.tcp_url("", password=PASSWORD, schema="kept").replace("//@", "//")
    assert _who(f"{bare}&user={user}") == user


def test_in_the_environment(server: DebianServer, user: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    assert _who(server.tcp_url(user, schema="kept")) == user


def test_in_a_password_file(server: DebianServer, user: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    escaped = PASSWORD.replace("\\", "\\\\").replace(":", "\\:")
    line = f"127.0.0.1:{server.port}:*:{user}:{escaped}\n"
    monkeypatch.setenv("PGPASSFILE", _private(tmp_path / "pgpass", line))
    assert _who(server.tcp_url(user, schema="kept")) == user
    monkeypatch.delenv("PGPASSFILE")
    home = tmp_path / "home"
    home.mkdir()
    _private(home / ".pgpass", line)
    done = subprocess.run(
        [*COMMAND, "query", "SELECT session_user", "--warehouse", server.tcp_url(user, schema="kept")],
        env=environment({"HOME": str(home)}), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert user in done.stdout


def test_in_a_service_file(server: DebianServer, user: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    service = f"[star]\nhost=127.0.0.1\nport={server.port}\nuser={user}\npassword={PASSWORD}\ndbname=postgres\n"
    monkeypatch.setenv("PGSERVICEFILE", _private(tmp_path / "services", service + "connect_timeout=7\n"))
    assert _who("postgresql://?service=star&schema=kept") == user
    monkeypatch.setenv("PGSERVICE", "star")
    assert _who("postgresql://?schema=kept") == user
    with pytest.raises(WarehouseError, match=r"service moon.*definition of service"):
        _who("postgresql://?service=moon")


def test_what_the_url_leaves_out(server: DebianServer, user: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "PGHOST": "127.0.0.1",
        "PGPORT": str(server.port),
        "PGUSER": user,
        "PGPASSWORD": PASSWORD,
        "PGDATABASE": "postgres",
    }.items():
        monkeypatch.setenv(name, value)
    assert _who("postgresql://?schema=kept") == user
    assert _who("postgres:///postgres?schema=kept") == user


def test_a_wrong_password_and_none(server: DebianServer, user: str) -> None:
    with pytest.raises(WarehouseError, match="password authentication failed") as caught:
        _who(server.tcp_url(user, PASSWORD + "x"))
    assert "PGPASSWORD" in caught.value.hint
    assert PLANTED not in str(caught.value)
    with pytest.raises(WarehouseError, match="no password supplied"):
        _who(server.tcp_url(user))


def test_no_such_database_host_or_port(server: DebianServer, user: str) -> None:
    with pytest.raises(WarehouseError, match='database "nowhere" does not exist') as caught:
        _who(server.tcp_url(user, PASSWORD, "nowhere"))
    assert "createdb" in caught.value.hint
    with pytest.raises(WarehouseError, match=r"cannot connect to PostgreSQL at 127\.0\.0\.1:1: .*refused"):
        _who(f"postgresql://{user}:{PLANTED}@127.0.0.1:1/postgres")


MALFORMED = (
    "postgresql://u:{0}%zz@h/db",
    "postgresql://u:{0}@ss@127.0.0.1/db",
    "postgresql://u:{0}/w@127.0.0.1/db",
    "postgresql://u:12/{0}@127.0.0.1/db",
    "postgresql://u:{0}?x/y@127.0.0.1/db",
    "postgresql://u:x@127.0.0.1/db?pass={0}",
    "postgresql://u:{0}@[::1/db",
    "postgresql://u@127.0.0.1/db?password={0}&password",
    "postgresql://u:{0}\udcff@127.0.0.1/db",
    "postgresql:u:{0}@127.0.0.1/db",
    "host=127.0.0.1 user=u password={0} dbname=db",
    "host=127.0.0.1 password = '{0} and more {0}'",
    "postgress://u:{0}@127.0.0.1/db",
    "u:{0}@127.0.0.1/db",
)


@pytest.mark.parametrize("url", ["postgresql://u@h:port/db", "postgresql://u@h/db?nothing", "postgresql://u@h/db?a=b"])
def test_other_malformed_urls(url: str) -> None:
    with pytest.raises(UsageError, match="malformed warehouse URL") as caught:
        sparkify.connect(url)
    assert "postgresql://user@host:5432/database" in caught.value.hint


@pytest.mark.parametrize("url", MALFORMED)
def test_a_malformed_url_shows_no_password(url: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        sparkify.connect(url.format(PLANTED))
    write_lines(tmp_path / "logs/a.json", [event()])
    for arguments in (("etl", "--logs", str(tmp_path / "logs")), ("status",), ("query", "SELECT 1")):
        done = run(*arguments, "--verbose", "--warehouse", url.format(PLANTED))
        assert done.code == 2
        assert PLANTED not in done.out + done.err


def test_a_password_is_nowhere(server: DebianServer, user: str, tmp_path: Path) -> None:
    write_lines(tmp_path / "logs/a.json", [event(), "bad"])
    write_lines(tmp_path / "songs/a.json", [song()])
    sources = ("--logs", str(tmp_path / "logs"), "--songs", str(tmp_path / "songs"))
    in_parameter = server.tcp_url(user, password=PASSWORD, schema="kept").replace("password", "%70assword")
    shown = ""
    for url in (server.tcp_url(user, PASSWORD, schema="kept"), in_parameter):
        for arguments, code in (
            (("etl", *sources, "--max-rejects", "100%"), 0),
            (("etl", *sources, "--max-rejects", "100%", "--output", "json"), 0),
            (("plan", *sources), 0),
            (("plan", *sources, "--sql"), 0),
            (("status",), 0),
            (("status", "--output", "json"), 0),
            (("runs", "--output", "json"), 0),
            (("rejects", "list"), 0),
            (("explain", "1541121934796-1-1-0"), 0),
            (("analyze",), 0),
            (("query", "SELECT * FROM etl_runs"), 0),
            (("query", "SELECT nothing"), 1),
        ):
            done = run(*arguments, "--verbose", "--warehouse", url)
            assert done.code == code, done.err
            shown += done.out + done.err
        wrong = run("status", "--verbose", "--warehouse", url.replace("kept", "lost"))
        assert wrong.code == 1
        shown += wrong.err
    assert "Traceback" in shown
    assert "***" in shown
    kept = str(server.run("SELECT * FROM kept.etl_runs, kept.etl_settings"))
    for text in (shown, kept, server.log.read_text()):
        assert PLANTED not in text


def test_what_of_a_url_is_shown() -> None:
    assert without_password("postgresql://u:a:b@c@h/db?sslmode=require") == "postgresql://u:***@h/db?sslmode=require"
    assert without_password("postgresql://u@h/db?sslpassword=a b&x=1") == "postgresql://u@h/db?sslpassword=***&x=1"
    assert without_password("postgresql://u@h/db?schema=password") == "postgresql://u@h/db?schema=password"
    assert without_password("postgresql://u@h/db?passfile=/p&sslkey=/k") == "postgresql://u@h/db?passfile=/p&sslkey=/k"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory, server: DebianServer) -> Iterator[Path]:
    """Two authorities, and a certificate of the first for 127.0.0.1, with which the server speaks SSL."""
    folder = tmp_path_factory.mktemp("certificates")
    for name in ("right", "wrong"):
        _openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                 "-subj", f"/CN={name} authority", "-keyout", f"{name}.key", "-out", f"{name}.crt")  # fmt: skip
    _openssl(folder, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=server",
             "-keyout", "server.key", "-out", "server.csr")  # fmt: skip
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    _openssl(folder, "x509", "-req", "-in", "server.csr", "-CA", "right.crt", "-CAkey", "right.key", "-CAcreateserial",
             "-days", "2", "-extfile", "names", "-out", "server.crt")  # fmt: skip
    for name in ("server.key", "server.crt"):
        path = Path(server.data / name)
        path.write_bytes((folder / name).read_bytes())
        path.chmod(0o600)
        server.own(path)
    _set_ssl(server, "on")
    yield folder
    _set_ssl(server, "off")


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def _set_ssl(server: DebianServer, state: str) -> None:
    server.run(f"ALTER SYSTEM SET ssl = {state}")
    server.run("SELECT pg_reload_conf()")
    for _ in range(100):
        if server.run("SHOW ssl") == [(state,)]:
            return
    raise AssertionError("the server did not take the setting")


def test_without_ssl_it_can_be_demanded(server: DebianServer, user: str) -> None:
    with pytest.raises(WarehouseError, match="server does not support SSL, but SSL was required") as caught:
        _who(server.tcp_url(user, PASSWORD, schema="kept", sslmode="require"))
    assert "sslmode" in caught.value.hint


def test_the_servers_certificate_is_verified(server: DebianServer, user: str, certificates: Path) -> None:
    def url(authority: str, mode: str = "verify-full") -> str:
        return server.tcp_url(
            user, PASSWORD, schema="kept", sslmode=mode, sslrootcert=str(certificates / f"{authority}.crt")
        )

    with sparkify.connect(url("right"), read_only=True) as warehouse:
        assert warehouse.query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").rows == [(True,)]
    with pytest.raises(WarehouseError, match="certificate verify failed") as caught:
        _who(url("wrong"))
    assert "sslrootcert" in caught.value.hint
    with pytest.raises(
        WarehouseError, match=r'server certificate for "127.0.0.1" .* does not match host name "localhost"'
    ):
        _who(url("right").replace("127.0.0.1", "localhost"))
    with pytest.raises(WarehouseError, match=r"root certificate file .* does not exist"):
        _who(url("none"))
    with pytest.raises(WarehouseError, match=r"server does not support SSL|password|no pg_hba"):
        _who(server.tcp_url(user, sslmode="disable"))


def test_ssl_from_the_environment(
    server: DebianServer, user: str, certificates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    monkeypatch.setenv("PGSSLROOTCERT", str(certificates / "right.crt"))
    assert _who(server.tcp_url(user, PASSWORD, schema="kept")) == user
    monkeypatch.setenv("PGSSLROOTCERT", str(certificates / "wrong.crt"))
    with pytest.raises(SparkifyError, match="certificate"):
        _who(server.tcp_url(user, PASSWORD, schema="kept"))
