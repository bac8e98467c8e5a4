"""No secret in any text: a password, a secret key and a session token are planted, and looked for everywhere."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import pytest
from redshift_connector.iam_helper import IamHelper
from tests.redshift.driver import Run as RunSql
from tests.redshift.driver import connect_to
from tests.redshift.standin import RedshiftStandIn
from tests.redshift.standin.wire import ServerError
from tests.support import event, song, write_lines

from sparkify.cli import _run

PASSWORD = "Planted/Pass w0rd%"
SECRET_KEY = "PlantedSecretKey/0123456789+abcdefghijkl"
TOKEN = "PlantedSessionToken//////0123456789abcdefghijklmnopqrstuvwxyz=="
PLANTED = (PASSWORD, quote(PASSWORD, safe=""), SECRET_KEY, quote(SECRET_KEY, safe=""), TOKEN, quote(TOKEN, safe=""))


class Echo(ThreadingHTTPServer):
    """A server that refuses every signature, and quotes what it says was signed, as AWS does."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Refusing)
        self.quoted: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Refusing(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _refuse(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        signed = "\n".join(f"{name.lower()}:{value}" for name, value in self.headers.items())
        assert isinstance(self.server, Echo)
        self.server.quoted.append(signed)
        message = f"The Canonical String for this request should have been '{self.command}\n{self.path}\n{signed}'"
        error = f"<Error><Code>SignatureDoesNotMatch</Code><Message>{message}</Message></Error>"
        body = f"<ErrorResponse>{error}</ErrorResponse>".encode()
        self.send_response(403)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body)

    def log_message(self, *_said: object) -> None:
        """Say nothing of what is asked."""


for _method in ("GET", "HEAD", "PUT", "POST", "DELETE"):
    setattr(_Refusing, f"do_{_method}", _Refusing._refuse)


@pytest.fixture
def echo() -> Iterator[Echo]:
    """The server that refuses, running."""
    with Echo() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


class Planted(NamedTuple):
    """A stand-in whose password is planted, the folder that is worked in, and what is set in the environment."""

    server: RedshiftStandIn
    folder: Path
    echo: Echo
    environment: pytest.MonkeyPatch

    @property
    def url(self) -> str:
        """The warehouse, with the password in it."""
        return self.server.url.replace("@", f":{quote(PASSWORD, safe='')}@")


@pytest.fixture
def planted(redshift: RedshiftStandIn, echo: Echo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Planted:
    """Secrets everywhere, sources in S3, and all that is written to disk below one folder."""
    redshift.passwords = {redshift.user: PASSWORD}
    redshift.accept_iam_users = False
    monkeypatch.delenv("PGPASSWORD", raising=False)
    for name, value in {
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_SESSION_TOKEN": TOKEN,
        "SPARKIFY_COPY_ROLE": redshift.role,
        "SPARKIFY_COPY_SPOOL": f"s3://{redshift.bucket}/spool",
        "SPARKIFY_LOGS": f"s3://{redshift.bucket}/logs",
        "SPARKIFY_SONGS": f"s3://{redshift.bucket}/songs",
        "SPARKIFY_SPOOL": str(tmp_path),
        "TMPDIR": str(tmp_path),
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for kind, record in (("logs", event()), ("songs", song())):
        write_lines(tmp_path / kind / "a.json", [record])
        redshift.s3().upload_file(str(tmp_path / kind / "a.json"), redshift.bucket, f"{kind}/a.json")
    IamHelper.credentials_cache.clear()
    return Planted(redshift, tmp_path, echo, monkeypatch)


def said_by(*arguments: str) -> tuple[int, str]:
    """How a command ended, and all that it said."""
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        try:
            code = _run([*arguments, "--verbose"])
        except SystemExit as end:
            code = int(end.code or 0)
    return code, said.getvalue()


def kept(planted: Planted) -> str:
    """All that is left: statements, the history, objects in S3, files in the working folder."""
    server = planted.server
    connection = connect_to(server, autocommit=True, password=PASSWORD)
    try:
        run = RunSql(connection)
        names = {name for (name,) in run("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
        rows = [run(f"SELECT * FROM {name}") for name in sorted(names & {"etl_runs", "etl_files", "etl_settings"})]
    finally:
        connection.close()
    s3 = server.s3()
    entries = s3.list_objects_v2(Bucket=server.bucket).get("Contents", [])
    objects = [s3.get_object(Bucket=server.bucket, Key=entry["Key"])["Body"].read() for entry in entries]
    files = [path.read_bytes() for path in planted.folder.rglob("*") if path.is_file()]
    texts = [content.decode("utf-8", "replace") for content in (*objects, *files)]
    return "\n".join([*server.statements, str(rows), *texts])


def assert_none_in(text: str) -> None:
    """Nothing that was planted stands in a text."""
    assert [secret for secret in PLANTED if secret in text] == []


Sabotage = Callable[[Planted], str]
"""Lets something fail, and says which warehouse is to be loaded."""


def _nothing(planted: Planted) -> str:
    return planted.url


def _password_by_environment(planted: Planted) -> str:
    planted.environment.setenv("PGPASSWORD", PASSWORD)
    return planted.server.url


def _wrong_password(planted: Planted) -> str:
    planted.server.passwords = {planted.server.user: "another"}
    return planted.url


def _nobody_listens(planted: Planted) -> str:
    return planted.url.replace(f":{planted.server.port}/", ":1/")


def _iam_refuses(planted: Planted) -> str:
    planted.environment.setenv("AWS_ENDPOINT_URL_REDSHIFT", planted.echo.url)
    return f"{planted.server.url}?cluster=dwh&region=us-east-1"


def _s3_refuses_the_sources(planted: Planted) -> str:
    planted.environment.setenv("AWS_ENDPOINT_URL_S3", planted.echo.url)
    return planted.url


def _s3_refuses_the_spool(planted: Planted) -> str:
    planted.environment.setenv("SPARKIFY_LOGS", "logs")
    planted.environment.setenv("SPARKIFY_SONGS", "songs")
    return _s3_refuses_the_sources(planted)


def _copy_is_denied(planted: Planted) -> str:
    planted.server.faults.deny(f"s3://{planted.server.bucket}/spool/")
    return planted.url


def _copy_fails(planted: Planted) -> str:
    planted.server.faults.fail("^copy", ServerError("XX000", "Load into table 'x' failed."))
    return planted.url


def _directly(planted: Planted) -> str:
    planted.environment.setenv("SPARKIFY_DIRECT_FROM", "1")
    return planted.url


def _directly_but_denied(planted: Planted) -> str:
    planted.server.faults.deny(f"s3://{planted.server.bucket}/logs/")
    return _directly(planted)


def _cut_off(planted: Planted) -> str:
    planted.server.faults.cut("^copy")
    return planted.url


@pytest.mark.parametrize(
    ("sabotage", "code", "part"),
    [
        (_nothing, 0, "loaded 1 event and 1 song"),
        (_password_by_environment, 0, "loaded 1 event and 1 song"),
        (_directly, 0, "loaded 1 event and 1 song"),
        (_directly_but_denied, 0, "S3ServiceException:Access Denied"),
        (_wrong_password, 1, "password authentication failed"),
        (_nobody_listens, 1, "cannot connect to Redshift"),
        (_iam_refuses, 1, "the secret key is wrong"),
        (_s3_refuses_the_sources, 1, "the credentials are not accepted (SignatureDoesNotMatch)"),
        (_s3_refuses_the_spool, 1, "the credentials are not accepted (SignatureDoesNotMatch)"),
        (_copy_is_denied, 1, "S3ServiceException:Access Denied"),
        (_copy_fails, 1, "Load into table"),
        (_cut_off, 1, "What was committed is there"),
    ],
)
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_load_says_and_keeps_no_secret(planted: Planted, sabotage: Sabotage, code: int, part: str) -> None:
    ended, said = said_by("etl", "--warehouse", sabotage(planted))
    assert ended == code, said
    assert part in said
    assert ("Traceback" in said) is (code != 0), "what went wrong is shown in full"
    assert_none_in(said)
    if "SignatureDoesNotMatch" in part or sabotage is _iam_refuses:
        assert TOKEN in "\n".join(planted.echo.quoted), "AWS did quote it"
    planted.server.passwords = {planted.server.user: PASSWORD}
    assert_none_in(kept(planted))


@pytest.mark.parametrize("sabotage", [_nothing, _wrong_password, _iam_refuses, _s3_refuses_the_spool])
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_doctor_says_no_secret(planted: Planted, sabotage: Sabotage) -> None:
    _, said = said_by("doctor", "--warehouse", sabotage(planted))
    assert "copy_spool" in said
    assert_none_in(said)
